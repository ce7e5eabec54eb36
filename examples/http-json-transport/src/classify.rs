//! What an answer of the provider means: one pure function, and nobody else looks at a status.

use std::time::Duration;

use postroom_domain::detail::Detail;
use postroom_domain::failure::{Code, Failure, FailureClass, Scope};
use postroom_domain::id::ProviderMessageId;
use postroom_ports::transport::Receipt;
use serde_json::Value;

/// How one request ended.
#[derive(Debug)]
pub enum Answer {
    /// A status, how long the provider asks us to wait, and all that it said.
    Reply(u16, Option<Duration>, Vec<u8>),
    /// No connection was made: nothing was sent.
    NotConnected,
    /// The request may have arrived, and no reply came that could be read to its end.
    Silence,
}

/// What it means. One question decides: can the provider have the letter?
///
/// # Errors
/// A failure for everything that is no acceptance.
pub fn classify(answer: &Answer) -> Result<Receipt, Failure> {
    let fail = |class, code: &str, words: &str| Err(Failure::new(class, code, words));
    let (status, retry_after, body) = match answer {
        Answer::Reply(status, retry_after, body) => (*status, *retry_after, body),
        Answer::NotConnected => return fail(FailureClass::PROVIDER_DEFERRED, "NOT_CONNECTED", "nobody was there"),
        Answer::Silence => return fail(FailureClass::InDoubt, Code::ANSWER_LOST, "a letter, and no answer to it"),
    };
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |key: &str| said[key].as_str().unwrap_or_default();
    let class = match status {
        200..=299 => match ProviderMessageId::parse(text("id")) {
            Ok(id) => return Ok(Receipt { provider_message_id: Some(id), detail: Detail::redacted(text("message")) }),
            // A success that names no letter: nobody knows what succeeded.
            Err(_) => FailureClass::InDoubt,
        },
        // Whoever points elsewhere gets neither letter nor token carried there.
        300..=399 | 401 | 403 | 404 => FailureClass::Misconfigured,
        400 | 413 | 422 => FailureClass::Rejected,
        429 => FailureClass::Deferred { scope: Scope::Provider, retry_after },
        400..=499 => FailureClass::DEFERRED,
        // It had the whole letter in its hands when it failed.
        _ => FailureClass::InDoubt,
    };
    fail(class, &format!("HTTP_{status}"), &format!("{status} {}", text("message")))
}
