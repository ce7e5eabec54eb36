//! The eight statuses, and the three that most people want.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::feedback::Feedback;

/// Where a delivery stands. This is the only spelling of the names: storage, API, command
/// line and documents take theirs from here, and tests compare them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Waiting, due now or scheduled.
    Queued,
    /// Claimed by a worker under a lease.
    InProgress,
    /// Failed for now; waits for its next due time.
    Retrying,
    /// Handed over, but the answer was lost: it may have been accepted.
    InDoubt,
    /// The provider accepted it. Final.
    Sent,
    /// Refused for good. Final until redriven.
    Failed,
    /// Attempts or age are exhausted. Final until redriven.
    DeadLetter,
    /// By request, expired or suppressed. Final.
    Cancelled,
}

impl Status {
    /// All eight, in the order of a letter's life.
    pub const ALL: [Self; 8] = [
        Self::Queued,
        Self::InProgress,
        Self::Retrying,
        Self::InDoubt,
        Self::Sent,
        Self::Failed,
        Self::DeadLetter,
        Self::Cancelled,
    ];

    /// The name, as storage and every surface spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Retrying => "retrying",
            Self::InDoubt => "in_doubt",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::DeadLetter => "dead_letter",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether it waits for its first or its next attempt.
    #[must_use]
    pub const fn is_waiting(self) -> bool {
        matches!(self, Self::Queued | Self::Retrying)
    }

    /// Whether nothing more happens to the letter by itself.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Sent | Self::Failed | Self::DeadLetter | Self::Cancelled)
    }

    /// The simple view of this status together with what the provider reported.
    #[must_use]
    pub fn simple(self, feedback: Feedback) -> SimpleStatus {
        match self {
            Self::Queued | Self::InProgress | Self::Retrying | Self::InDoubt => SimpleStatus::Pending,
            Self::Sent if feedback == Feedback::Bounced => SimpleStatus::Failed,
            Self::Sent => SimpleStatus::Sent,
            Self::Failed | Self::DeadLetter | Self::Cancelled => SimpleStatus::Failed,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The answer to "did it go out?" in three words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SimpleStatus {
    /// Still on its way.
    Pending,
    /// A provider took it, and no bounce came back.
    Sent,
    /// It will not arrive unless somebody acts.
    Failed,
}

impl SimpleStatus {
    /// The name, as every surface spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }
}

/// How far a claimed letter has come. A crash before the handover is harmless; after it, the
/// letter is in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Claimed: no byte of it has left.
    Claimed,
    /// *ready* is on record: from here on the provider may have taken it.
    Handover,
}

impl Stage {
    /// Both, in order.
    pub const ALL: [Self; 2] = [Self::Claimed, Self::Handover];

    /// The name, as storage spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Handover => "handover",
        }
    }

    /// The stage of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == name)
    }
}
