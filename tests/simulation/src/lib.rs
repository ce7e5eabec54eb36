//! A simulation of the whole mailroom under faults: the `Worker` and the `Dispatcher` that the
//! binary runs, over ports in memory and a clock that moves when told.
//!
//! ```text
//!   director ── releases one call, moves the clock, brings about a fault ──┐
//!      ▲                                                                  ▼
//!   audit ◀─ ledger ◀─ watched ports ◀─ workers, as many as there are processes
//!              ▲           │
//!              │           ▼
//!   provider (journal)   the store in memory, with one mistake built in where a test wants one
//! ```
//!
//! | file | what it does |
//! |---|---|
//! | `director.rs`, `scene.rs` | decide what happens next, from the seed alone; set everything up |
//! | `stage.rs` | holds every call of a port twice: before it is done, and before its answer is heard |
//! | `watched.rs`, `provider.rs` | the ports as a process sees them: slow, cut off, killed |
//! | `ledger.rs`, `audit.rs` | what was promised, held against what is on record, after every call |
//! | `bug.rs`, `broken.rs` | mistakes that must be found |
//! | `report.rs` | what a run came to |
//!
//! # One seed, one run
//! Nothing here asks for the time, for chance or for anything else outside the seed: one
//! thread, one executor, tables that are walked in order, and a call that goes on only when the
//! director says so. A test holds that a seed gives the same log twice.
//!
//! # What is left out
//! PostgreSQL and the wire: those have tests of their own with real parts. A process that
//! freezes is one whose calls wait; a partition is calls that fail, with or without effect.

mod audit;
mod broken;
mod bug;
mod director;
mod ledger;
mod provider;
mod report;
mod scene;
mod stage;
mod watched;

pub use bug::Bug;
pub use director::run;
pub use report::{Run, Tally};
