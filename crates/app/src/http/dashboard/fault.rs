//! What went wrong, as a page. The API answers problems as JSON; here people read.

use askama::Template;
use axum::Router;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};

use super::page::{Page, show};
use crate::http::problem::Problem;

/// What no person looks at.
const FOR_PROGRAMS: [&str; 3] = ["/api", "/healthz", "/readyz"];

/// Where people come back to.
const LISTS: [&str; 6] = ["/deliveries", "/in-doubt", "/dead-letters", "/pauses", "/templates", "/inbox"];

#[derive(Template)]
#[template(path = "fault.html")]
struct Fault {
    page: Page,
    status: StatusCode,
    detail: String,
    /// The list that it happened at or below.
    back: Option<&'static str>,
    retry_after: Option<u64>,
}

impl Fault {
    /// Whether another token may help.
    fn is_about_who_asks(&self) -> bool {
        matches!(self.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
    }
}

/// The same, but that problems are pages where people look.
pub(in crate::http) fn in_pages(router: Router) -> Router {
    router.layer(from_fn(for_people))
}

async fn for_people(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let below = |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let for_programs = FOR_PROGRAMS.into_iter().any(below);
    let back = LISTS.into_iter().find(|list| below(list));
    let response = next.run(request).await;
    match response.extensions().get::<Problem>() {
        Some(problem) if !for_programs => {
            let problem = problem.clone();
            paged(response, problem, back)
        }
        // What the framework refuses by itself, such as a number that is none.
        None if !for_programs && is_bare(&response) => {
            let problem = Problem::new(response.status(), "there is nothing at this address, or not in this way");
            paged(response, problem, back)
        }
        _ => response,
    }
}

/// Whether it is a refusal in a few plain words.
fn is_bare(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("text/plain");
    response.status().is_client_error() && kind.starts_with("text/plain")
}

/// The same answer, its status and its headers, with a page instead of JSON.
fn paged(response: Response, problem: Problem, back: Option<&'static str>) -> Response {
    let status = problem.code();
    let fault = Fault {
        page: Page::outside(title(status)),
        status,
        detail: problem.detail,
        back,
        retry_after: problem.retry_after,
    };
    let Ok(written) = show(&fault) else { return response };
    let (mut head, _) = response.into_parts();
    for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH] {
        head.headers.remove(&name);
    }
    head.headers.remove(header::WWW_AUTHENTICATE);
    head.headers.extend(written.headers().clone());
    Response::from_parts(head, written.into_body()).into_response()
}

fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "Nothing here",
        StatusCode::FORBIDDEN => "Not allowed",
        StatusCode::SERVICE_UNAVAILABLE => "Away for a moment",
        StatusCode::TOO_MANY_REQUESTS => "Too many requests",
        StatusCode::UNPROCESSABLE_ENTITY | StatusCode::BAD_REQUEST => "That cannot be read",
        StatusCode::METHOD_NOT_ALLOWED => "That is no page",
        status if status.is_client_error() => "That did not work",
        _ => "Something went wrong",
    }
}
