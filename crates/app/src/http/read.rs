//! How requests are read: what cannot be read is a [`Problem`] that names the field.

use std::error::Error as _;
use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use postroom_domain::id::DeliveryId;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Desk;
use super::problem::Problem;

/// A JSON body.
#[derive(Debug)]
pub struct Body(pub Value);

/// The same, read into a form whose fields are all known.
#[derive(Debug)]
pub struct Form<T>(pub T);

/// What stands behind the question mark, read into a form whose fields are all known.
#[derive(Debug)]
pub struct Params<T>(pub T);

/// The id of a delivery in the address.
#[derive(Debug)]
pub struct Id(pub DeliveryId);

impl FromRequest<Arc<Desk>> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, desk: &Arc<Desk>) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let detail = "send JSON, and say so: Content-Type: application/json";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail).at("Content-Type"));
        }
        let most = usize::try_from(desk.settings.max_body).unwrap_or(usize::MAX);
        let too_large = || {
            Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("the body is larger than {most} bytes; send fewer letters at once"),
            )
        };
        let body = Limited::new(request.into_body(), most);
        let bytes = body.collect().await.map_err(|error| {
            if error.downcast_ref::<LengthLimitError>().is_some() {
                too_large()
            } else {
                Problem::new(StatusCode::BAD_REQUEST, "the body came to an end before its time")
            }
        })?;
        let value = serde_json::from_slice(&bytes.to_bytes()).map_err(|error| {
            let place = format!("the body is not JSON at line {}, column {}", error.line(), error.column());
            Problem::new(StatusCode::BAD_REQUEST, place)
        })?;
        Ok(Self(value))
    }
}

impl<T: DeserializeOwned> FromRequest<Arc<Desk>> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, desk: &Arc<Desk>) -> Result<Self, Problem> {
        let Body(value) = Body::from_request(request, desk).await?;
        read(value).map(Self)
    }
}

/// Reads a form from a JSON value.
///
/// # Errors
/// What does not fit.
pub fn read<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| unfit(&error.to_string()))
}

/// Reads a form from what stands behind the question mark.
///
/// # Errors
/// What does not fit.
pub fn read_query<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let uri: Uri =
        format!("/?{query}").parse().map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "this is no address"))?;
    let form = Query::try_from_uri(&uri);
    // The rejection says of what kind it is, and its source what is wrong and where.
    form.map(|Query(form)| form)
        .map_err(|rejection| unfit(&rejection.source().map_or_else(|| rejection.body_text(), ToString::to_string)))
}

/// What a reader complains of, at the field that it names: `a.b: invalid type…`, or ``missing field `a` `` at the top.
fn unfit(complaint: &str) -> Problem {
    let complaint = plain(complaint);
    let (path, wrong) = complaint.split_once(": ").unwrap_or(("", &complaint));
    let (path, wrong) = if path.contains([' ', '`']) { ("", complaint.as_str()) } else { (path, wrong) };
    let named = |before: &str| wrong.strip_prefix(before)?.split('`').next();
    let inner = named("missing field `").or_else(|| named("duplicate field `"));
    let field = [Some(path).filter(|path| !path.is_empty()), inner].into_iter().flatten().collect::<Vec<_>>().join(".");
    if field.is_empty() {
        return Problem::new(StatusCode::UNPROCESSABLE_ENTITY, complaint);
    }
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, format!("{field}: {wrong}")).at(field)
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        read_query(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "the id is not UTF-8").at("delivery_id"))?;
        Ok(Self(DeliveryId::parse(text)?))
    }
}

/// A reader's complaint, without what it quotes: that is the caller's text, and may be an address.
fn plain(complaint: &str) -> String {
    let mut quoted = false;
    let kept: String = complaint
        .chars()
        .filter(|c| {
            let edge = *c == '"';
            quoted ^= edge;
            !edge && !quoted
        })
        .collect();
    kept.chars().filter(|c| !c.is_control()).take(200).collect()
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_names_its_field_and_repeats_no_text() {
        for (complaint, field) in [
            ("limit: invalid digit found in string", Some("limit")),
            ("missing field `kind`", Some("kind")),
            ("filter: missing field `kind`", Some("filter.kind")),
            ("duplicate field `limit`", Some("limit")),
            ("filter.nope: unknown field `nope`, expected one of `recipient`, `workflow`", Some("filter.nope")),
            ("delivery_ids[1]: invalid type: string \"a: victim\", expected a sequence", Some("delivery_ids[1]")),
            ("invalid type: string \"victim\", expected a map", None),
        ] {
            let problem = unfit(complaint);
            assert_eq!((problem.status, problem.field.as_deref()), (422, field), "{complaint}");
            assert!(!problem.detail.contains("victim"), "{}", problem.detail);
        }
    }
}
