//! The embedded store: queue, tracker, workers and pauses in one SQLite file.
//!
//! ```text
//!  enqueue ─┐                        ┌─ one connection that writes ── BEGIN IMMEDIATE … COMMIT ─┐
//!  claim   ─┼─▶ SqliteStore ─────────┤                                                          ├─▶ letters.sqlite
//!  settle  ─┘    queue()             └─ a few that read (WAL: never wait for the writer) ───────┘    -wal  -shm
//!                tracker()                                                                      ▲
//!                workers() pauses()     another process (worker, enqueue, status) ──────────────┘
//! ```
//!
//! It is what runs where there is no PostgreSQL: a laptop, a single machine, a test. What it
//! answers is on disk (`synchronous = FULL`), several processes may share the file, and the
//! same contract suites hold for it as for every other store.
//!
//! | module | what lives there |
//! |---|---|
//! | [`config`], [`store`] | the file, and how it is opened |
//! | [`migrate`] | the schema: brought up to date, checked |
//! | [`doctor`] | whether the file is sound and writable |
//! | [`queue`] | the port; its steps are in `enqueue`, `claim`, `settle`, `change`, `sweep` |
//! | [`tracker`], [`worker`], [`pauses`], [`statistics`], [`tokens`] | the other ports |
//! | [`enqueue`] | also [`enqueue::enqueue_in`], inside a caller's own transaction |
//! | `transition`, `row`, `error` | what was decided becomes rows, rows become values, codes become meanings |
//!
//! ```no_run
//! # async fn example() -> Result<(), postroom_ports::error::PortError> {
//! use postroom_adapters_sqlite::{config::SqliteConfig, migrate::migrate, store::SqliteStore};
//! let config = SqliteConfig::new("letters.sqlite");
//! migrate(&config).await?;
//! let store = SqliteStore::connect(config).await?;
//! let (queue, tracker, workers) = (store.queue(), store.tracker(), store.workers());
//! # let _ = (queue, tracker, workers);
//! store.close().await;
//! # Ok(()) }
//! ```
//!
//! # The rules that hold it together
//! 1. One clock: the view `clock`. No statement is told the time by us.
//! 2. One statement, one file: `queries/<table>/<verb>.sql`, checked when this crate is compiled.
//! 3. The database guards itself, also against a shell: triggers refuse what the lifecycle does
//!    not know, write the event of every change, and let the outbox follow the record.
//! 4. Write transactions are short and take turns; a heartbeat waits for one of them at most.
//!
//! # Add a statement
//! Write it to `queries/<table>/<verb>.sql` with a comment that says why, use it with
//! `sqlx::query_file!`, and run `cargo xtask sqlx`, which describes it to the compiler of those
//! who have no database at hand. A change of the schema is a new file in `migrations/sqlite`.
//!
//! # What is deliberately absent
//! What only PostgreSQL has: row-level security and roles (whoever can read the file can read
//! everything; it is made for its owner alone), `email.enqueue` for other languages, NOTIFY
//! (other processes' letters are found within 200 ms), workers on many hosts (a network file
//! system breaks SQLite's locks; [`capabilities`](postroom_ports::queue::QueueCapabilities) say
//! one host), and regions. The caller's own transaction is there for Rust callers that keep
//! their tables in the same file.

pub mod config;
pub mod doctor;
pub mod enqueue;
pub mod migrate;
pub mod pauses;
pub mod queue;
pub mod statistics;
pub mod store;
pub mod tokens;
pub mod tracker;
pub mod worker;

mod change;
mod claim;
mod error;
mod fingerprint;
mod row;
mod settle;
mod sweep;
mod transition;
