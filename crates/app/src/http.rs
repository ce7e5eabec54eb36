//! The way in over HTTP: the API, the dashboard, and what watches over the process.
//!
//! ```text
//!  connection ─▶ listen ─▶ guard ─▶ admit ─▶ scope ─▶ handler ─▶ use cases ─▶ ports
//!               time-outs  origin   who?     may it?     └─▶ a document, or a Problem (RFC 9457)
//!               and size            how often?
//! ```
//!
//! | module | what it does |
//! |---|---|
//! | [`listen`] | accepts connections, each with its time-outs, and lets them finish at the end |
//! | [`guard`] | what no request may be: from another site, too large, too slow, a panic |
//! | [`access`] | who calls and what they may do; how often |
//! | [`problem`], [`read`] | one form for everything that is refused; how requests are read |
//! | [`dashboard`], [`session`] | pages for people, and who looks at them |
//! | [`api`] | the endpoints, and their description as OpenAPI 3.1 |
//! | [`health`], [`metrics`] | whether the process lives, and whether it can work; its figures |
//!
//! # How to add an endpoint
//! Write it in the file of its theme below [`api`], with a `#[utoipa::path]` that says what it
//! takes and answers, and add it to the group of the scope that it needs. Then run
//! `UPDATE_GOLDEN=1 cargo test -p postroom --lib http::api` and read the difference in
//! `docs/openapi.json`.
//!
//! # What is deliberately absent
//! No endpoint decides anything about a letter: that is the domain's. No answer carries an
//! error's inside. No cross-origin access: browsers of other sites get nothing.

pub mod access;
pub mod api;
mod dashboard;
pub mod desk;
pub mod guard;
pub mod health;
pub mod listen;
pub mod metrics;
pub mod problem;
pub mod read;
mod session;

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, Uri};

pub use self::desk::Desk;
use self::problem::Problem;

/// Everything that is served.
pub fn router(desk: &Arc<Desk>) -> Router {
    let pages = api::routes(desk).merge(dashboard::routes(desk)).merge(watched(desk));
    dashboard::in_pages(whole(pages, desk))
}

/// What watches over a process that serves nothing else.
pub fn watching(desk: &Arc<Desk>) -> Router {
    whole(watched(desk), desk)
}

fn watched(desk: &Arc<Desk>) -> Router {
    health::routes(desk).merge(metrics::routes(desk))
}

fn whole(router: Router, desk: &Arc<Desk>) -> Router {
    let router = router.fallback(unknown).method_not_allowed_fallback(not_allowed);
    metrics::counting(guard::around(router, desk), desk)
}

async fn unknown(uri: Uri) -> Problem {
    let detail = if uri.path().starts_with("/api") {
        "there is nothing at this address; GET /api/openapi.json describes all there is"
    } else {
        "there is nothing at this address; check how it is spelt"
    };
    Problem::new(StatusCode::NOT_FOUND, detail)
}

async fn not_allowed() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "this address does not know that method; its `Allow` header lists those that it does",
    )
}
