//! Whether the other side would work, asked without sending anything; and what was found out.

use async_trait::async_trait;
use postroom_domain::id::TransportName;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It is as it should be.
    Ok,
    /// Letters go out, and something will go wrong sooner or later.
    Warning,
    /// Letters do not go out, or do not arrive.
    Error,
}

impl Severity {
    /// All three, the best first.
    pub const ALL: [Self; 3] = [Self::Ok, Self::Warning, Self::Error];

    /// In one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that was looked at. No text of it may hold a secret, an address of a person or a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was asked, in one word for people and scripts: `connect`, `certificate`, `index`.
    pub check: &'static str,
    /// What it is about: a server, a table, a domain, a setting.
    pub subject: String,
    /// How bad it is.
    pub severity: Severity,
    /// What was found, in one sentence without a full stop.
    pub says: String,
    /// What to do about it; `None` where nothing is to be done.
    pub fix: Option<String>,
}

impl Finding {
    /// Something that is as it should be.
    #[must_use]
    pub fn ok(check: &'static str, subject: impl Into<String>, says: impl Into<String>) -> Self {
        Self { check, subject: subject.into(), severity: Severity::Ok, says: says.into(), fix: None }
    }

    /// Something that will go wrong sooner or later, and what to do about it.
    #[must_use]
    pub fn warning(
        check: &'static str,
        subject: impl Into<String>,
        says: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { severity: Severity::Warning, fix: Some(fix.into()), ..Self::ok(check, subject, says) }
    }

    /// Something that keeps letters from going out or arriving, and what to do about it.
    #[must_use]
    pub fn error(
        check: &'static str,
        subject: impl Into<String>,
        says: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { severity: Severity::Error, fix: Some(fix.into()), ..Self::ok(check, subject, says) }
    }
}

/// A key by which a provider signs letters: the record `<selector>._domainkey.<domain>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    /// The selector.
    pub selector: String,
    /// The domain that signs.
    pub domain: String,
}

/// What a transport found out about its other side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probed {
    /// One after the other, in the order in which it was asked; at least one.
    pub findings: Vec<Finding>,
    /// The keys that letters are signed with, where the provider says so.
    pub keys: Vec<SigningKey>,
}

/// Asks whether a letter would get through, up to the point where one would be handed over.
///
/// It MUST NOT hand over anything: no sender, no recipient, no body. It MUST come to an end by itself,
/// and it MUST NOT fail: that the other side is not there is a finding, and each finding that is not
/// [`Severity::Ok`] MUST say what to do.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait TransportProbe: std::fmt::Debug + Send + Sync + 'static {
    /// The transport's name in configuration.
    fn name(&self) -> TransportName;

    /// Asks.
    async fn probe(&self) -> Probed;
}
