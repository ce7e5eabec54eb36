//! What no request may be: from another site, too slow, a reason to fall.

use std::any::Any;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use super::Desk;
use super::access::Access;
use super::problem::Problem;

/// Nothing is loaded but from here, and nothing frames us. Pages set a narrower policy where they need one.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The guards around everything.
pub(super) fn around(router: Router, desk: &Arc<Desk>) -> Router {
    let always = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    router
        .layer(from_fn_with_state(desk.clone(), in_time))
        .layer(from_fn_with_state(desk.clone(), from_here))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(always(header::CONTENT_SECURITY_POLICY, POLICY))
        .layer(always(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(always(header::X_FRAME_OPTIONS, "DENY"))
        .layer(always(header::REFERRER_POLICY, "no-referrer"))
        .layer(always(header::CACHE_CONTROL, "no-store"))
}

/// A request that takes too long is given up: what it changed by then is on record all the same.
async fn in_time(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(desk.settings.timeout, next.run(request)).await;
    answer.unwrap_or_else(|_| {
        let detail = "this took too long; ask for less, or again later. What was already done is on record";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).after(5).into_response()
    })
}

/// Browsers say where a request comes from: another site's are refused. Where access is open, the name that was asked
/// for must be loopback's, too, so that no foreign name that points here passes for it (DNS rebinding).
async fn from_here(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let host = host(&request);
    if desk.access == Access::Open && !host.as_ref().is_some_and(is_loopback) {
        let detail = "access is open to this machine alone: ask for localhost or 127.0.0.1";
        return Problem::new(StatusCode::FORBIDDEN, detail).at("Host").into_response();
    }
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if changes && is_foreign(request.headers(), host.as_ref()) {
        let detail = "this request comes from another site; that is not allowed";
        return Problem::new(StatusCode::FORBIDDEN, detail).at("Origin").into_response();
    }
    next.run(request).await
}

fn host(request: &Request) -> Option<Authority> {
    named_host(request.headers()).or_else(|| request.uri().authority().cloned())
}

/// The name that was asked for.
pub(super) fn named_host(headers: &HeaderMap) -> Option<Authority> {
    headers.get(header::HOST).and_then(|value| value.to_str().ok()?.parse().ok())
}

/// Whether it is one of this machine for itself.
pub(super) fn is_loopback(host: &Authority) -> bool {
    let name = host.host().trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn is_foreign(headers: &HeaderMap, host: Option<&Authority>) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => !matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let origin = origin.split_once("://").and_then(|(_, rest)| rest.parse::<Authority>().ok());
            origin.as_ref() != host
        }
        (None, None) => false,
    }
}

fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a handler panicked; this is a bug");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "something is wrong here; the server's log says what")
        .into_response()
}
