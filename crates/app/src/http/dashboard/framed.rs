//! Letters as the frames of pages show them: they may look as they like, and do nothing and load nothing.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderName, header};
use axum::response::{Html, IntoResponse as _, Response};
use serde::Deserialize;

use super::Dashboard;
use super::asked::Asked;
use super::inbox::captured_letter;
use super::page::Visit;
use crate::http::api::View;
use crate::http::problem::Problem;

/// No scripts, no forms, nothing from elsewhere, images from within alone; and no frame but ours around it.
const POLICY: &str = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'";

/// In which language.
#[derive(Debug, Default, Deserialize)]
pub(super) struct InLanguage {
    locale: Option<String>,
}

/// A letter for a frame.
fn frame(html: String) -> Response {
    let headers: [(HeaderName, &str); 2] =
        [(header::CONTENT_SECURITY_POLICY, POLICY), (header::X_FRAME_OPTIONS, "SAMEORIGIN")];
    (headers, Html(html)).into_response()
}

/// A template with its sample.
pub(super) async fn sample(
    State(dashboard): State<Arc<Dashboard>>,
    Path(template): Path<String>,
    Asked { form, .. }: Asked<InLanguage>,
) -> Result<Response, Problem> {
    let view = View { template, data: None, locale: form.locale, workflow: None };
    Ok(frame(dashboard.desk.preview(view)?.html))
}

/// A template with somebody's own data, which they sent a moment ago.
pub(super) async fn filled(
    State(dashboard): State<Arc<Dashboard>>,
    Path(number): Path<String>,
) -> Result<Response, Problem> {
    dashboard.shelf.get(&number).map(frame).ok_or_else(|| Problem::unknown("preview any more; show it once more"))
}

/// A letter that was caught.
pub(super) async fn captured(visit: Visit, Path(number): Path<u64>) -> Result<Response, Problem> {
    Ok(frame(captured_letter(&visit, number)?.html_alone()))
}
