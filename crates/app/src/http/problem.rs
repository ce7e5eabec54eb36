//! What went wrong, as RFC 9457 has it: a status, a sentence, and the field at fault.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use postroom_domain::invalid::Invalid;
use postroom_ports::error::{PortError, PortErrorKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The media type of a [`Problem`].
pub const MEDIA_TYPE: &str = "application/problem+json";

/// How many seconds a caller should wait when the store is away.
const COME_BACK: u64 = 5;

/// A refusal or a failure (RFC 9457). `type` is always `about:blank`: the status says what kind it is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What the status means.
    pub title: String,
    /// What is wrong here, and what to do about it.
    pub detail: String,
    /// The field at fault, where one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The delivery's status, where that is what stands in the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_status: Option<String>,
    /// After how many seconds it is worth asking again, where waiting helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl Problem {
    /// A problem of this kind.
    #[must_use]
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status: status.as_u16(),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            detail: detail.into(),
            field: None,
            delivery_status: None,
            retry_after: None,
        }
    }

    /// There is no such thing here, or none that the caller may know of.
    #[must_use]
    pub fn unknown(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no such {what} here"))
    }

    /// The same, at this field.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// The same, and when to come back.
    #[must_use]
    pub const fn after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The status as a code.
    #[must_use]
    pub fn code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl From<Invalid> for Problem {
    /// What was sent is understood and refused; a name that is taken is a conflict.
    fn from(invalid: Invalid) -> Self {
        let sentence = invalid.to_string();
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, sentence).at(invalid.field)
    }
}

impl From<PortError> for Problem {
    /// The store's trouble is not the caller's: it is logged here, and told without its inside.
    fn from(error: PortError) -> Self {
        match error.kind() {
            PortErrorKind::Unavailable => {
                tracing::warn!(%error, "the store cannot be asked");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "the database cannot be asked right now").after(COME_BACK)
            }
            PortErrorKind::NotMigrated => {
                tracing::error!(%error, "the store is not migrated");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "the database is not migrated; run `postroom migrate`")
                    .after(COME_BACK)
            }
            PortErrorKind::Corrupt | PortErrorKind::Unsupported | PortErrorKind::Other => {
                tracing::error!(%error, "a request failed");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "something is wrong here; the server's log says what")
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let code = self.code();
        let retry = self.retry_after.map(HeaderValue::from);
        let mut response = (code, Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(seconds) = retry {
            headers.insert(header::RETRY_AFTER, seconds);
        }
        if code == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}
