//! What links and forms say.

use axum::Form;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::notice;
use crate::http::problem::Problem;
use crate::http::read;

/// What stands behind the question mark, without what a form left empty and without what is about the page alone.
#[derive(Clone, Debug)]
pub(super) struct Asked<T> {
    /// It, read.
    pub form: T,
    /// The same as it stood there, for links to the next page.
    pub query: String,
}

/// What a form sent, without what it left empty.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent(Vec<(String, String)>);

/// What is about the page and no part of a question.
pub(super) const CHOSEN: &str = "chosen";

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = filled(parts.uri.query().unwrap_or_default());
        let form = read::read_query(&query)?;
        Ok(Self { form, query })
    }
}

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let form = Form::<Vec<(String, String)>>::from_request(request, state).await;
        let Form(mut pairs) = form.map_err(|rejection| {
            let detail = if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                "this is more than a form may have"
            } else {
                "this is not what the form of a page sends"
            };
            Problem::new(rejection.status(), detail)
        })?;
        pairs.retain(|(_, value)| !value.is_empty());
        Ok(Self(pairs))
    }
}

impl Sent {
    /// All values of this name, in order.
    pub(super) fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
    }

    /// The first value of this name.
    pub(super) fn one(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }

    /// All of it, as a form whose fields are all known.
    ///
    /// # Errors
    /// What does not fit.
    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, Problem> {
        read::read(Value::Object(self.0.into_iter().map(|(name, value)| (name, Value::String(value))).collect()))
    }
}

/// The filled parts of a question.
fn filled(query: &str) -> String {
    let kept = query.split('&').filter(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        !value.is_empty() && ![notice::NAME, CHOSEN].contains(&name)
    });
    kept.collect::<Vec<_>>().join("&")
}

/// Whether a page comes with its boxes ticked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chosen {
    /// None of them.
    Nothing,
    /// All of them.
    ThisPage,
}

impl<S: Send + Sync> FromRequestParts<S> for Chosen {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let wanted = format!("{CHOSEN}=page");
        let chosen = parts.uri.query().unwrap_or_default().split('&').any(|part| part == wanted);
        Ok(if chosen { Self::ThisPage } else { Self::Nothing })
    }
}

impl Chosen {
    /// Whether the boxes are ticked.
    pub(super) fn is_all(self) -> bool {
        self == Self::ThisPage
    }
}
