//! The figures, and the requests among them.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use postroom_domain::access::Scope;
use postroom_ports::clock::Clock as _;

use super::Desk;
use super::access::{Access, Caller, admit, require};
use super::problem::Problem;
use crate::metrics::CONTENT_TYPE;
use crate::system::SystemClock;

/// The route, behind a token where figures need one.
pub(super) fn routes(desk: &Arc<Desk>) -> Router {
    let route = Router::new().route("/metrics", get(scrape));
    let route = match desk.watched {
        Access::Open => route,
        Access::Tokens => route
            .route_layer(from_fn_with_state(Scope::Read, require))
            .route_layer(from_fn_with_state(desk.clone(), admit)),
    };
    route.with_state(desk.clone())
}

/// The same routes, each request counted, those that are refused at the door among them.
pub(super) fn counting(router: Router, desk: &Arc<Desk>) -> Router {
    router.layer(from_fn_with_state(desk.clone(), count))
}

async fn scrape(State(desk): State<Arc<Desk>>, caller: Option<Extension<Caller>>) -> Result<Response, Problem> {
    // The figures are those of all tenants.
    if caller.is_some_and(|Extension(caller)| caller.tenant().is_some()) {
        let detail = "this token is bound to a tenant, and the figures are about all; ask for one that is not";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    let text = desk.metrics.scrape(&desk.store, desk.pulse.as_ref()).await.map_err(|_| {
        tracing::error!("the figures cannot be written; this is a bug");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "something is wrong here; the server's log says what")
    })?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE))], text).into_response())
}

/// By the route's template: a path has ids in it.
async fn count(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let route =
        request.extensions().get::<MatchedPath>().map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let method = request.method().clone();
    let clock = SystemClock::start();
    let response = next.run(request).await;
    desk.metrics.request(&route, method.as_str(), response.status().as_u16(), clock.elapsed());
    response
}
