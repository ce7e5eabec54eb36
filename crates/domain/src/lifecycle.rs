//! The life of a letter: one state, one list of events, one match that decides.
//!
//! ```text
//!            claim            settle
//!  queued ─────────▶ in_progress ─────▶ sent
//!    │  ▲               │ │ │ │ └─────▶ failed ──────┐
//!    │  │ redrive       │ │ │ └───────▶ dead_letter ─┤ redrive
//!    │  └───────────────┼─┼─┼────────────────────────┘
//!    │        ┌─────────┘ │ └──────────▶ cancelled  (expired)
//!    │        ▼           ▼
//!    │     retrying ◀── in_doubt ──▶ sent · failed · dead_letter
//!    ▼        ▼
//!    cancelled (by request, expired)
//! ```
//!
//! A provider's report is evidence of acceptance: it turns `retrying` and `in_doubt` into
//! `sent`. The whole table, status by event, is printed by the test
//! `the_table_of_status_and_event` of this crate and kept in `tests/lifecycle.txt`.

mod apply;
mod event;
mod state;

pub use apply::{Context, InvalidTransition, apply};
pub use event::{Event, Evidence, Resolution};
pub use state::{Alarm, DeliveryState, Effect, Transition};

use crate::status::Status;

/// Every change from one status to another that [`apply`] can bring about. The stores' guards
/// refuse all others, from `psql` too; a test holds this list against [`apply`].
pub const MOVES: [(Status, Status); 17] = [
    (Status::Queued, Status::InProgress),
    (Status::Queued, Status::Cancelled),
    (Status::InProgress, Status::Retrying),
    (Status::InProgress, Status::InDoubt),
    (Status::InProgress, Status::Sent),
    (Status::InProgress, Status::Failed),
    (Status::InProgress, Status::DeadLetter),
    (Status::InProgress, Status::Cancelled),
    (Status::Retrying, Status::InProgress),
    (Status::Retrying, Status::Sent),
    (Status::Retrying, Status::Cancelled),
    (Status::InDoubt, Status::Retrying),
    (Status::InDoubt, Status::Sent),
    (Status::InDoubt, Status::Failed),
    (Status::InDoubt, Status::DeadLetter),
    (Status::Failed, Status::Queued),
    (Status::DeadLetter, Status::Queued),
];
