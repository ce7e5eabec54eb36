//! A real PostgreSQL database for every test: one server per run, one database per test, cloned from a migrated
//! template.
//!
//! ```text
//!             Server::shared()                         Template::new(name, content, migrate)
//!   TEST_DATABASE_URL, if it answers ─┐                               │ built once per server and content,
//!   a Docker engine's container ──────┼─→ Server ──→ template database ┘ behind an advisory lock
//!   initdb and postgres from here ────┘                  │ CREATE DATABASE … TEMPLATE …
//!                                                        ├─→ TestDatabase   (test 1, dropped at its end)
//!                                                        └─→ TestDatabase   (test 2)
//! ```
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use postroom_test_database::{Template, TestDatabase};
//! use sqlx::{Connection, Executor};
//!
//! let template = Template::new("letters", "CREATE TABLE letters (id bigint)", |url| async move {
//!     let mut connection = sqlx::PgConnection::connect(&url).await?;
//!     connection.execute("CREATE TABLE letters (id bigint)").await?;
//!     Ok(())
//! });
//! let database = TestDatabase::fresh(&template).await?;
//! let pool = database.pool(5).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Which server
//!
//! The first that answers, in this order; the run prints which one it was, and what the earlier ones lacked:
//!
//! 1. `url`: `TEST_DATABASE_URL`, a PostgreSQL URL of a user who may create databases and roles.
//! 2. `container`: the image `postgres`, tag `POSTROOM_TEST_POSTGRES_TAG` (15 if unsaid), on a Docker engine.
//! 3. `local`: PostgreSQL's programs from `PATH` or the distribution's folders; a cluster in a new folder below `/tmp`,
//!    a unix socket only, as the user `postgres` or `nobody` when root runs the tests.
//!
//! [`engine`] says whether a Docker engine answers: the tests that only one can show are ignored in a plain run, and
//! `cargo xtask test` runs them or says in its summary that they were not.
//!
//! `POSTROOM_TEST_DATABASE` with one of the three names allows no other. If nothing is there, every test that needs
//! a database fails with the line that installs one; none is skipped.
//!
//! A test runner has many processes, so `cargo xtask test` starts one server and hands it to all of them as
//! `TEST_DATABASE_URL`. A test that runs alone starts one for its process.
//!
//! # The server ends with us
//!
//! A small shell script stands between us and a local server: it waits on a pipe that we hold, and when the pipe
//! closes (we are done, or died of SIGKILL) it stops the server and removes the folder. A container is
//! removed in the same way, by the `docker` command or by `curl`.
//!
//! # By hand
//!
//! `cargo run -p postroom-test-database` starts a server, prints the `TEST_DATABASE_URL` of it, and keeps it until
//! Ctrl-C: single tests are quicker then, and `psql` can look at what they do.
//!
//! # Crash tests
//!
//! [`Server::local`] starts a server for one test alone, [`Durability::Durable`] one with PostgreSQL's own settings for
//! the disk; [`Server::restart_immediate`] is its crash and recovery.
//!
//! # Behind a pooler
//!
//! [`Pooler::before`] starts a PgBouncer in transaction mode before a test's database; it ends with the test.
//!
//! # Behind a network that fails
//!
//! [`Proxy::before`] passes everything on until it is told to fall silent, to lose answers, or to cut its connections.
//!
//! # One more backend
//!
//! Add a variant to [`Backend`], its start in `backend.rs`, and a `Home` in `server.rs` that keeps it running. Cloning,
//! dropping and roles need nothing but its URL.
//!
//! # Deliberately absent
//!
//! Migrations: the caller brings them. Transactions rolled back instead of databases: code under test commits, and
//! several of its connections must see what it committed. A switch that skips tests.

mod backend;
mod connection;
mod container;
mod database;
mod local;
mod on_drop;
mod pooler;
mod programs;
mod proxy;
mod server;
mod server_url;
mod stale;
mod template;

pub use backend::Backend;
pub use container::engine;
pub use database::{TestDatabase, TestRole};
pub use local::Durability;
pub use pooler::Pooler;
pub use proxy::Proxy;
pub use server::Server;
pub use template::Template;
