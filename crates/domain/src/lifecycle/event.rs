//! What can happen to a letter.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::feedback::Feedback;

/// What the provider could tell about a letter in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// It has the letter.
    Accepted,
    /// It does not have it and never will.
    NotAccepted,
    /// It cannot tell: the workflow's policy decides.
    Unknown,
}

/// What a person decided about a letter in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// It arrived.
    Sent,
    /// Send it again.
    Resend,
    /// Leave it.
    GiveUp,
}

/// One thing that happened to one letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A worker took it under a lease.
    Claimed,
    /// The provider accepted it.
    Accepted,
    /// The attempt failed, or its answer was lost (class in doubt).
    Failed(Failure),
    /// The attempt failed through no fault of the letter's (its provider is in trouble, or
    /// misconfigured), and its route has another way out that is open.
    Diverted(Failure),
    /// Its worker shut down before any byte of it left.
    GivenBack,
    /// Its worker died, froze or lost its lease.
    LeaseLapsed,
    /// Somebody asked for it not to be sent.
    Cancelled,
    /// It is past `expires_at`.
    Expired,
    /// The provider was asked about a letter in doubt.
    Reconciled(Evidence),
    /// The provider was asked about a letter in doubt and cannot tell before this time has passed.
    Postponed(Duration),
    /// A person decided about a letter in doubt.
    Resolved(Resolution),
    /// The provider reported what became of it.
    Reported(Feedback),
    /// A person put it back.
    Redriven,
    /// A person wants its next attempt now.
    Hastened,
}

impl Event {
    /// The name, as events, logs and the table spell it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Accepted => "accepted",
            Self::Failed(_) => "failed",
            Self::Diverted(_) => "diverted",
            Self::GivenBack => "given_back",
            Self::LeaseLapsed => "lease_lapsed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Reconciled(_) => "reconciled",
            Self::Postponed(_) => "postponed",
            Self::Resolved(_) => "resolved",
            Self::Reported(_) => "reported",
            Self::Redriven => "redriven",
            Self::Hastened => "hastened",
        }
    }
}
