//! What the tests of the whole share: the real binary, real stores, a real SMTP dialogue.
//!
//! ```text
//!   Postroom (the binary, a clean environment) ──▶ Store (PostgreSQL or one SQLite file)
//!        │ enqueue · worker · status · …              ▲ asked by SQL: what is truly stored?
//!        └──────── SMTP ─────────▶ DevInbox ──▶ Letter (read back by another MIME parser)
//! ```
//!
//! Nothing here is a double: the binary is the one that `cargo build` makes, started as anybody would start it, with
//! nothing of the environment of whoever runs the tests. What a test waits for is something that can be observed,
//! looked at again and again ([`until`]); no test sleeps for a time and hopes.
//!
//! # Add one more
//! A file under `tests/tests/`, whose tests have sentences for names. A test that must hold on both stores takes a
//! [`Kind`] and is stamped by [`on_both_stores!`].
//!
//! # Deliberately absent
//! Skipping: a test whose service is missing fails, with the line that installs it.

mod account;
mod api;
mod binary;
mod browser;
pub mod corpus;
mod dns;
#[cfg(doctest)]
mod guides;
mod letter;
mod mailgun;
mod node;
mod process;
mod program;
mod python;
pub mod replay;
mod room;
mod source;
mod store;
mod wait;

pub use account::{Account, Toll};
pub use api::{Answer, Api};
pub use binary::{Done, Postroom};
pub use browser::browse;
pub use dns::Zone;
pub use letter::{Letter, ReceivedFile};
pub use mailgun::Mailgun;
pub use node::node;
pub use process::{Process, Signal};
pub use program::program;
pub use python::python;
pub use room::{Room, codes, invitation, statuses};
pub use source::{Source, cargo, environment, is_long, sources, workspace};
pub use store::{Kind, Store};
pub use wait::until;

/// Stamps each test, an `async fn(Kind) -> anyhow::Result<()>`, once for PostgreSQL and once for SQLite.
#[macro_export]
macro_rules! on_both_stores {
    ($($test:ident),+ $(,)?) => {
        mod postgres {
            $(#[tokio::test] async fn $test() -> anyhow::Result<()> { super::$test($crate::Kind::Postgres).await })+
        }
        mod sqlite {
            $(#[tokio::test] async fn $test() -> anyhow::Result<()> { super::$test($crate::Kind::Sqlite).await })+
        }
    };
}
