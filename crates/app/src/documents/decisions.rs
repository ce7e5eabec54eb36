//! What people and applications ask for after the fact, and how it comes out.

use postroom_domain::id::DeliveryId;
use postroom_ports::queue::Changed;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A letter as it stands after a decision.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Decided {
    /// Its id.
    pub delivery_id: String,
    /// Its status now.
    pub status: String,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// Do not send it.
    Cancel,
    /// The next attempt at once; with a new budget where it was given up.
    Retry,
    /// Put it back with its whole budget.
    Redrive,
    /// In doubt: it arrived.
    ResolveSent,
    /// In doubt: send it again.
    ResolveResend,
    /// In doubt: leave it.
    ResolveGiveUp,
}

/// One wish for many letters.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Many {
    /// What is asked for.
    pub request: Wish,
    /// Which letters, 1 to 500.
    #[schema(min_items = 1, max_items = 500)]
    pub delivery_ids: Vec<String>,
}

/// How a decision about one letter came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is on record.
    Done,
    /// Too late or too early: nothing changed.
    NotPossible,
    /// Its content is past its retention, so it cannot be sent any more.
    ContentGone,
    /// There is no such delivery.
    Unknown,
}

/// What became of one letter of many.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Answer {
    /// Its id.
    pub delivery_id: String,
    /// How it came out.
    pub outcome: Outcome,
    /// Its status now; null where that is not known.
    pub status: Option<String>,
}

/// What became of many letters, each by itself.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Answers {
    /// One answer per letter, in order.
    pub results: Vec<Answer>,
}

impl Answer {
    /// The answer about a letter.
    #[must_use]
    pub fn of(id: &DeliveryId, changed: &Changed) -> Self {
        let (outcome, status) = match changed {
            Changed::Done(committed) => (Outcome::Done, Some(committed.transition.next.status)),
            Changed::Not(status) => (Outcome::NotPossible, Some(*status)),
            Changed::ContentGone => (Outcome::ContentGone, None),
            Changed::Unknown => (Outcome::Unknown, None),
        };
        Self { delivery_id: id.to_string(), outcome, status: status.map(|status| status.to_string()) }
    }
}
