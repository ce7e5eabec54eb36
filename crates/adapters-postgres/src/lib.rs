//! The queue, the tracker and the worker registry on PostgreSQL 15 or newer: schema `email`, no extensions.
//!
//! ```text
//!   enqueue_in(&mut connection) ─┐ the caller's own transaction
//!   PostgresQueue ───────────────┼─▶ email.enqueue_batch ─▶ deliveries · outbox · payloads · attachments
//!   SQL: email.enqueue(…) ───────┘                              │ triggers
//!                                                               ├─▶ guard: only the domain's moves
//!   PostgresQueue: claim ─ ready ─ settle, all fenced           ├─▶ delivery_events ─▶ relay
//!   PostgresTracker: record, find, history, search              └─▶ the outbox follows the record
//!   PostgresWorkers: beats on a connection of their own, LISTEN on another
//!   PostgresPauses: pause, resume; claims look at the table by themselves
//!   PostgresStatistics: how it goes · PostgresTokens: who may call
//! ```
//!
//! | module | what lives there |
//! |---|---|
//! | [`config`], [`store`], `connections` | addresses, time-outs, the small pools, and what is done when the server keeps silent |
//! | `enqueue`, `queue`, `claim`, `handover`, `change`, `sweep` | letters in, taken, about to leave, changed by request and by time |
//! | `tracker`, `worker`, `listener`, `pauses` | what is on record, who is alive, who is woken, what people hold back |
//! | `statistics`, `tokens` | how it goes, who may call |
//! | [`migrate`] | the schema, embedded |
//! | [`doctor`] | whether server, schema, pooler and upkeep are fit for letters |
//! | `row`, `commit`, `error`, `session`, `portion` | rows to letters, transitions to rows, errors by meaning, one statement at a time, and no larger than it may be |
//!
//! Every statement is a file under `queries/<table>/<verb>.sql`, checked against the schema when this crate is
//! built: against the database that `POSTROOM_SQLX_POSTGRES` names, or against `.sqlx` where it is unset. A user's
//! `DATABASE_URL` never touches a build.
//!
//! # Add a statement
//! 1. Write the file: one statement, and a comment that says why it is as it is.
//! 2. Call it with `query_file!` or `query_file_as!` through a [`session`](store), so that it works behind a
//!    transaction-mode pooler, too.
//! 3. With a migrated database in `POSTROOM_SQLX_POSTGRES`, rewrite `.sqlx` and commit it.
//!
//! # Add a migration
//! See `migrations/README.md`: a new file, listed in `migrate.rs`; never a change to one that was released.
//!
//! # What is deliberately absent
//! Rules of the lifecycle: every change is a `Transition` that the domain's `apply` made; the guard only refuses what
//! `apply` refuses. Locks across the network: a claim is a lease with a token, and no transaction lives longer than
//! its statements.

pub mod config;
pub mod doctor;
pub mod migrate;
pub mod store;

mod change;
mod claim;
mod commit;
mod connections;
mod enqueue;
mod error;
mod handover;
mod listener;
mod pauses;
mod portion;
mod queue;
mod row;
mod session;
mod statistics;
mod sweep;
mod tokens;
mod tracker;
mod worker;

pub use config::{DatabaseUrl, PostgresConfig, Statements};
pub use enqueue::enqueue_in;
pub use error::sqlstate;
pub use migrate::{Drift, MigrateError, MigrateReport, check, migrate};
pub use pauses::PostgresPauses;
pub use queue::PostgresQueue;
pub use store::PostgresStore;
pub use tracker::PostgresTracker;
pub use worker::PostgresWorkers;
