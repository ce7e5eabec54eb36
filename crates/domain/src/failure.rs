//! What a transport may answer instead of "accepted", and what follows from it.
//!
//! The **class** decides what happens next; the **code** (`SMTP_550`, `HTTP_429`, `TIMEOUT`)
//! says what happened. They are separate, so that no caller ever looks at a code to decide.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::detail::Detail;

/// Whose trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// This letter's.
    Letter,
    /// The whole provider's: no letter pays for it with an attempt.
    Provider,
}

impl Scope {
    /// The name, as events spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Letter => "letter",
            Self::Provider => "provider",
        }
    }
}

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// Later: 4yz, 421, 452, 429, 503 with the API's own reason, connection refused, DNS.
    Deferred {
        /// Whose trouble it is.
        scope: Scope,
        /// How long the provider asks us to wait.
        retry_after: Option<Duration>,
    },
    /// This letter, never: 550, 5.1.1, HTTP 400.
    Rejected,
    /// Every letter, until a person acts: 535, 401, TLS policy.
    Misconfigured,
    /// It may have been accepted: silence or a reset after the final dot. Never resent
    /// blindly, never failed over.
    InDoubt,
}

impl FailureClass {
    /// Later, for this letter.
    pub const DEFERRED: Self = Self::Deferred { scope: Scope::Letter, retry_after: None };
    /// Later, and it is the provider's trouble.
    pub const PROVIDER_DEFERRED: Self = Self::Deferred { scope: Scope::Provider, retry_after: None };

    /// Whether a letter may take another way out for it at once: the provider is at fault and
    /// certainly does not have the letter.
    #[must_use]
    pub const fn may_fail_over(self) -> bool {
        matches!(self, Self::Deferred { scope: Scope::Provider, .. } | Self::Misconfigured)
    }

    /// The name, as events and logs spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deferred { .. } => "deferred",
            Self::Rejected => "rejected",
            Self::Misconfigured => "misconfigured",
            Self::InDoubt => "in_doubt",
        }
    }
}

/// A short, stable code: upper-case letters, digits and `_`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Code(String);

impl Code {
    /// The letter expired before it could be sent.
    pub const EXPIRED: &'static str = "EXPIRED";
    /// The letter killed its worker too often.
    pub const POISON: &'static str = "POISON";
    /// The template or its data cannot be rendered.
    pub const TEMPLATE: &'static str = "TEMPLATE";
    /// What is stored of the letter cannot be read.
    pub const CORRUPT: &'static str = "CORRUPT";
    /// The store has lost attachments that the letter was handed in with.
    pub const ATTACHMENTS_LOST: &'static str = "ATTACHMENTS_LOST";
    /// The message is larger than any way out takes.
    pub const TOO_LARGE: &'static str = "TOO_LARGE";
    /// The worker died or lost its lease before the handover.
    pub const LEASE_LAPSED: &'static str = "LEASE_LAPSED";
    /// The worker died or lost its lease after the handover.
    pub const ANSWER_LOST: &'static str = "ANSWER_LOST";
    /// Given back at shutdown.
    pub const GIVEN_BACK: &'static str = "GIVEN_BACK";
    /// Cancelled by request.
    pub const CANCELLED: &'static str = "CANCELLED";
    /// Put back by a person.
    pub const REDRIVEN: &'static str = "REDRIVEN";
    /// A person wanted the next attempt at once.
    pub const HASTENED: &'static str = "HASTENED";
    /// In doubt, and a person has to decide.
    pub const HELD: &'static str = "HELD";
    /// In doubt, and sent once more by policy: the one way in which a duplicate can happen.
    pub const RESENT: &'static str = "RESENT";
    /// In doubt, and taken for sent by policy.
    pub const ASSUMED_SENT: &'static str = "ASSUMED_SENT";
    /// In doubt, and the provider says that it does not have it.
    pub const NOT_ACCEPTED: &'static str = "NOT_ACCEPTED";
    /// In doubt, and a person decided.
    pub const RESOLVED: &'static str = "RESOLVED";

    /// Those that say what was decided about a letter, not what went wrong with it: nobody counts them as errors.
    pub const DECISIONS: [&'static str; 10] = [
        Self::EXPIRED,
        Self::GIVEN_BACK,
        Self::CANCELLED,
        Self::REDRIVEN,
        Self::HASTENED,
        Self::HELD,
        Self::RESENT,
        Self::ASSUMED_SENT,
        Self::NOT_ACCEPTED,
        Self::RESOLVED,
    ];

    /// Whether it says what was decided about a letter, not what went wrong with it.
    #[must_use]
    pub fn is_decision(&self) -> bool {
        Self::DECISIONS.contains(&self.as_str())
    }

    /// A code from any text: what does not belong in one becomes `_`; at most 64 characters.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let code: String = text
            .chars()
            .take(64)
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
            .collect();
        Self(if code.is_empty() { "UNKNOWN".to_owned() } else { code })
    }

    /// The code's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Code {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One failed attempt: its class, its code, and what the other side said, cut and redacted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{} {code}: {detail}", class.as_str())]
pub struct Failure {
    /// What follows from it.
    pub class: FailureClass,
    /// What happened, for people and statistics.
    pub code: Code,
    /// What the other side said.
    pub detail: Detail,
}

impl Failure {
    /// A failure; the detail is cut and redacted here and nowhere else.
    #[must_use]
    pub fn new(class: FailureClass, code: &str, detail: &str) -> Self {
        Self { class, code: Code::new(code), detail: Detail::redacted(detail) }
    }
}

/// What a transport's `classify` says of one answer: the class, and the code that says what
/// happened. It becomes a [`Failure`] with the other side's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What follows from it.
    pub class: FailureClass,
    /// `SMTP_550`, `HTTP_429`, `TIMEOUT`, …
    pub code: String,
}

impl Verdict {
    /// A verdict.
    #[must_use]
    pub fn new(class: FailureClass, code: impl Into<String>) -> Self {
        Self { class, code: code.into() }
    }

    /// The failure, with the other side's words.
    #[must_use]
    pub fn with_detail(&self, detail: &str) -> Failure {
        Failure::new(self.class, &self.code, detail)
    }
}
