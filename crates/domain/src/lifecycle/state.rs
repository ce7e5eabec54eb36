//! What is known of a letter, and what one event makes of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::detail::Detail;
use crate::failure::Code;
use crate::feedback::Feedback;
use crate::status::{SimpleStatus, Stage, Status};
use crate::time::Timestamp;

/// Everything about a letter that its lifecycle depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DeliveryState {
    /// Where it stands.
    pub status: Status,
    /// How far the present claim has come; means nothing outside `in_progress`.
    pub stage: Stage,
    /// How often it was claimed. Only rises, once per claim, so that a crash counts.
    pub attempts: u32,
    /// How many of these were nobody's fault. `attempts − excused` is what the budget counts.
    pub excused: u32,
    /// Consecutive leases that lapsed.
    pub crashes: u32,
    /// The worst that the provider reported.
    pub feedback: Feedback,
    /// The letter's own limit of attempts, where it has one.
    pub max_attempts: Option<u32>,
    /// Since when its age counts: the later of enqueue and first due time, or the last redrive.
    pub age_from: Timestamp,
    /// When it is worthless and must not be sent any more.
    pub expires_at: Option<Timestamp>,
}

impl DeliveryState {
    /// A letter that was just enqueued and whose age counts from `age_from`.
    #[must_use]
    pub const fn queued(age_from: Timestamp) -> Self {
        Self {
            status: Status::Queued,
            stage: Stage::Claimed,
            attempts: 0,
            excused: 0,
            crashes: 0,
            feedback: Feedback::None,
            max_attempts: None,
            age_from,
            expires_at: None,
        }
    }

    /// The attempts that the budget counts.
    #[must_use]
    pub const fn spent(&self) -> u32 {
        self.attempts.saturating_sub(self.excused)
    }

    /// Pending, sent or failed.
    #[must_use]
    pub fn simple(&self) -> SimpleStatus {
        self.status.simple(self.feedback)
    }
}

/// What a person has to hear about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alarm {
    /// A letter was given up.
    DeadLetter,
    /// A letter took down worker after worker and was quarantined.
    Poison,
    /// A transport refuses every letter until somebody mends it.
    Misconfigured,
    /// A transport is in trouble as a whole: letters wait, or take the next way out.
    Outage,
    /// A letter in doubt waits for a decision.
    Held,
}

impl Alarm {
    /// The name, as logs and notices spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DeadLetter => "dead_letter",
            Self::Poison => "poison",
            Self::Misconfigured => "misconfigured",
            Self::Outage => "outage",
            Self::Held => "held",
        }
    }
}

/// What has to happen beside the letter's own row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Tell a person, once per cause.
    Raise(Alarm),
    /// Hand nothing more to the transport that answered, for a while.
    PauseTransport,
}

/// What one event makes of a letter. Times are durations, because only the database's own
/// clock decides what is due: storage adds them to its `now()`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// The status before.
    pub from: Status,
    /// The letter after.
    pub next: DeliveryState,
    /// When it is looked at again: for `queued` and `retrying` the next claim, for `in_doubt`
    /// the next reconcile. `None` where nothing happens by itself any more.
    pub due_in: Option<Duration>,
    /// The code that the event leaves on the letter; `None` clears it.
    pub code: Option<Code>,
    /// What the other side said.
    pub detail: Detail,
    /// What else has to happen.
    pub effects: Vec<Effect>,
}
