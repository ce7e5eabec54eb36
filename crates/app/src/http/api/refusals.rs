//! The refusals that endpoints have in common, as the description shows them.

use utoipa::IntoResponses;

use crate::http::problem::Problem;

/// What any endpoint may answer.
#[derive(Debug, IntoResponses)]
#[expect(dead_code, reason = "it describes")]
pub(super) enum Refusals {
    /// The request cannot be read
    #[response(status = 400, content_type = "application/problem+json")]
    Unreadable(Problem),
    /// No token, or none that is valid
    #[response(status = 401, content_type = "application/problem+json")]
    NoToken(Problem),
    /// The token does not allow it
    #[response(status = 403, content_type = "application/problem+json")]
    NotAllowed(Problem),
    /// Too much at once
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem),
    /// The body is not JSON
    #[response(status = 415, content_type = "application/problem+json")]
    NotJson(Problem),
    /// It is read and refused; `field` says where
    #[response(status = 422, content_type = "application/problem+json")]
    Refused(Problem),
    /// Too many requests; `Retry-After` says when to come back
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(Problem),
    /// The database cannot be asked right now
    #[response(status = 503, content_type = "application/problem+json")]
    Away(Problem),
}

/// What an endpoint about one thing may answer, too.
#[derive(Debug, IntoResponses)]
#[expect(dead_code, reason = "it describes")]
pub(super) enum NoSuch {
    /// There is none, or none that the caller may know of
    #[response(status = 404, content_type = "application/problem+json")]
    Unknown(Problem),
}

/// What a decision may be answered, too.
#[derive(Debug, IntoResponses)]
#[expect(dead_code, reason = "it describes")]
pub(super) enum Late {
    /// Too late or too early: nothing changed; `delivery_status` says what it is
    #[response(status = 409, content_type = "application/problem+json")]
    NotPossible(Problem),
}
