//! A model of workers, leases and crashes whose every decision about a letter is made by
//! [`postroom_domain::lifecycle::apply`] itself.
//!
//! ```text
//!   claim ─▶ ready ─▶ on the wire ─▶ answered ─▶ settle        a worker's hand
//!     │        │           │            │           │
//!     └────────┴─── crash, lapse, answer lost ──────┘          what may happen at each step
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | `world.rs` | the store's rows, what workers have in hand, what a watcher counted |
//! | `steps.rs` | what may happen next, and what follows from it |
//! | `properties.rs` | what must hold in every state that can be reached |
//! | `flaw.rs` | the mistakes that the checker has to find |
//!
//! Time is left out: a lease may end at any moment, and a letter that waits may be due at any
//! moment. So whatever holds here holds for every length of lease and wait. Also left out are
//! content, lanes and expiry, which decide nothing about who may send.
//!
//! # To add a step
//! Add the variant to [`Step`], say in `actions` when it is possible and in `next_state` what
//! it does. It must ask `apply` for what becomes of a letter, never decide by itself.

mod flaw;
mod properties;
mod steps;
mod world;

pub use flaw::Flaw;
pub use properties::{
    ATTEMPTS_COUNT, DUPLICATES_EXPLAINED, FENCES_ARE_TOLD_APART, FINAL_IS_FINAL, GIVEN_UP_IS_NOT_ACCEPTED,
    HELD_IS_NOT_RESENT, NOTHING_LOST, SENT_IS_ACCEPTED, STALE_CHANGES_NOTHING,
};
pub use steps::{Post, Reply, Step};
pub use world::{Account, Answer, Hand, LETTERS, Lease, Phase, Row, WORKERS, World};
