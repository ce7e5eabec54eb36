//! A status, for people: a word, a sign and a colour, so that none of them is needed alone.

use postroom_domain::status::Status;

/// How a status is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Badge(Option<Status>);

impl Badge {
    /// That of the status of this name.
    pub(super) fn of(status: &str) -> Self {
        Self(Status::parse(status))
    }

    /// In words.
    pub(super) fn words(self) -> String {
        self.0.map_or_else(|| "unknown".to_owned(), |status| status.as_str().replace('_', " "))
    }

    /// Its sign.
    pub(super) const fn sign(self) -> &'static str {
        match self.0 {
            Some(Status::Queued) => "○",
            Some(Status::InProgress) => "◐",
            Some(Status::Retrying) => "↻",
            Some(Status::InDoubt) | None => "?",
            Some(Status::Sent) => "✓",
            Some(Status::Failed) => "✕",
            Some(Status::DeadLetter) => "■",
            Some(Status::Cancelled) => "–",
        }
    }

    /// Its colour, as the style sheet calls it.
    pub(super) const fn tone(self) -> &'static str {
        match self.0 {
            Some(Status::Queued | Status::InProgress) => "busy",
            Some(Status::Retrying) => "warn",
            Some(Status::InDoubt) => "doubt",
            Some(Status::Sent) => "good",
            Some(Status::Failed | Status::DeadLetter) => "bad",
            Some(Status::Cancelled) | None => "calm",
        }
    }
}
