//! What an answer of the API means, in one pure function; and what its silence means, in
//! another.
//!
//! | status | what follows |
//! |---|---|
//! | 2xx with an id | accepted |
//! | 2xx without one, 5xx, nothing that HTTP knows | in doubt: it may have been accepted |
//! | 3xx | a person must act: the key is never carried to another address |
//! | 400, 413, 422 | this letter, never |
//! | 401, 402, 403, 404, 407 | a person must act: key, plan, permission, domain, proxy |
//! | 408, 425, 429 | provider, later |
//! | 503 with the API's own reason | provider, later |
//! | any other 4xx | this letter, later: not taken, and nobody knows why |

use std::time::{Duration, SystemTime};

use mailgun_rs::SendResponse;
use postroom_domain::failure::{Code, FailureClass, Scope, Verdict};
use postroom_domain::id::ProviderMessageId;
use serde_json::Value;

/// The longest wait that is believed; 24 hours. A slip in a header must not put every letter
/// off for years.
pub const RETRY_AFTER_LIMIT: Duration = Duration::from_hours(24);

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// DNS, TCP and TLS: nothing of the letter has left.
    Connect,
    /// Some of the letter has left, not its last byte: nobody can have taken it.
    Request,
    /// All of it has left: from here on, the API may have taken the letter.
    Answer,
}

/// Why no answer came that could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Silence {
    /// Nobody listens at that address.
    Refused,
    /// The other side's certificate is not to be trusted.
    Certificate,
    /// The connection was closed or reset, or could not be made.
    Lost,
    /// The time ran out.
    TimedOut,
    /// What came is too long, or not what the API says.
    Unreadable,
}

/// What an answer to a letter means. `retry_after` is the header's, as [`retry_after`] read it.
///
/// # Errors
/// A verdict on everything that is no acceptance.
pub fn classify(status: u16, body: &[u8], retry_after: Option<Duration>) -> Result<SendResponse, Verdict> {
    let later = FailureClass::Deferred { scope: Scope::Provider, retry_after };
    let class = match status {
        200..=299 => return accepted(body).ok_or_else(|| classify_silence(Stage::Answer, Silence::Unreadable)),
        300..=399 | 401..=404 | 407 => FailureClass::Misconfigured,
        400 | 413 | 422 => FailureClass::Rejected,
        408 | 425 | 429 => later,
        // Without the API's own words it is a proxy that speaks, and cannot know what happened
        // behind it.
        503 if reason(body).is_some() => later,
        // Not taken for certain. To give it up would lose a letter, to stop all would lose many.
        400..=499 => FailureClass::DEFERRED,
        _ => FailureClass::InDoubt,
    };
    Err(Verdict::new(class, format!("HTTP_{status}")))
}

/// What it means that no readable answer came.
#[must_use]
pub fn classify_silence(stage: Stage, silence: Silence) -> Verdict {
    let class = match (stage, silence) {
        (Stage::Answer, _) => FailureClass::InDoubt,
        (_, Silence::Certificate) => FailureClass::Misconfigured,
        (Stage::Connect, _) => FailureClass::PROVIDER_DEFERRED,
        (Stage::Request, _) => FailureClass::DEFERRED,
    };
    let code = match (stage, silence) {
        (_, Silence::Certificate) => "TLS",
        (_, Silence::Unreadable) => "HTTP_UNREADABLE",
        (Stage::Answer, Silence::TimedOut) => "TIMEOUT_AFTER_BODY",
        (Stage::Answer, _) => Code::ANSWER_LOST,
        (_, Silence::Refused) => "CONNECT_REFUSED",
        (_, Silence::TimedOut) => "TIMEOUT",
        (_, Silence::Lost) => "CONNECTION_LOST",
    };
    Verdict::new(class, code)
}

/// The API's own words in an answer that is no acceptance; `None` where it is not the API that
/// speaks.
#[must_use]
pub fn reason(body: &[u8]) -> Option<String> {
    text(&serde_json::from_slice(body).ok()?, "message")
}

/// What `Retry-After` says (RFC 9110 §10.2.3): seconds, or a date. A date is measured from
/// `date`, the answer's own `Date` header, so that no clock but the provider's is read; without
/// that it says nothing.
#[must_use]
pub fn retry_after(header: &str, date: Option<&str>) -> Option<Duration> {
    let header = header.trim();
    let wait = if header.bytes().all(|byte| byte.is_ascii_digit()) && !header.is_empty() {
        // More digits than a u64 holds are a long time too.
        Duration::from_secs(header.parse().unwrap_or(u64::MAX))
    } else {
        let until = httpdate::parse_http_date(header).ok()?;
        let now: SystemTime = httpdate::parse_http_date(date?.trim()).ok()?;
        until.duration_since(now).unwrap_or_default()
    };
    Some(wait.min(RETRY_AFTER_LIMIT))
}

/// A 2xx as the API words it; `message` may be missing, the id may not.
fn accepted(body: &[u8]) -> Option<SendResponse> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    named(SendResponse { id: text(&answer, "id")?, message: text(&answer, "message").unwrap_or_default() })
}

/// The id is what makes an acceptance: without one nothing could ever be found again. It is kept
/// without angle brackets, as Mailgun's events and webhooks spell it.
pub(crate) fn named(response: SendResponse) -> Option<SendResponse> {
    let bare = response.id.trim().trim_start_matches('<').trim_end_matches('>');
    let id = ProviderMessageId::parse(bare).ok()?;
    Some(SendResponse { id: id.into(), message: response.message })
}

fn text(answer: &Value, key: &str) -> Option<String> {
    answer.get(key)?.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}
