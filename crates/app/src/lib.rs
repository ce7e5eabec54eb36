//! Postroom's use cases as a library, and what the binary `postroom` is made of.
//!
//! ```text
//!  fields ─▶ accept ─▶ queue ─▶ worker ─▶ dispatcher ─▶ transport
//!                        │         └──▶ janitor
//!                        └──▶ requests (cancel, redrive)
//! ```
//!
//! | module | what it does |
//! |---|---|
//! | [`fields`], [`accept`] | a letter as people write it; the door that checks before it takes |
//! | [`dispatcher`] | claim, prepare, ready, send, settle: the pipeline as named steps |
//! | [`pulse`] | whether this process's worker is alive |
//! | [`health`] | how each way out is doing: who may be given a letter now |
//! | [`worker`], [`janitor`] | the loop around it; what nobody holds any more |
//! | [`requests`] | cancel, redrive |
//! | [`tokens`] | access tokens: made, checked, listed, revoked |
//! | [`mailroom`], [`unsubscribe`] | the ports that all of this is wired from, and what workflows want |
//! | [`system`] | the system's clock and chance; alarms and transitions into the log |
//! | `http`, `metrics` | the API; figures for whoever watches |
//! | `service` | what systemd is told |
//! | [`faults`] | where a test may end the process; nothing without the feature `faults` |
//! | `testing` | for your tests, behind the feature `testing`: a mailroom in memory, and assertions |
//!
//! # Embed it
//! Build a [`mailroom::Mailroom`] from adapters of your choice (those of
//! `postroom_ports::memory` will do for a start), give it to a [`worker::Worker`], and
//! [`worker::Worker::run`] it. With `default-features = false` none of our adapters comes
//! along.
//!
//! # What is deliberately absent
//! Everything above knows ports alone. Only `wiring`, behind the feature `cli`, names an
//! adapter.

pub mod accept;
pub mod dispatcher;
pub mod faults;
pub mod fields;
pub mod health;
pub mod janitor;
pub mod mailroom;
pub mod pulse;
pub mod requests;
pub mod store_time;
pub mod system;
pub mod tokens;
pub mod trouble;
pub mod unsubscribe;
pub mod worker;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
pub mod config;
#[cfg(feature = "cli")]
pub mod demo;
#[cfg(feature = "cli")]
pub mod doctor;
#[cfg(feature = "cli")]
pub mod documents;
#[cfg(feature = "cli")]
pub mod http;
#[cfg(feature = "cli")]
pub mod inbox;
#[cfg(feature = "cli")]
pub mod metrics;
#[cfg(feature = "cli")]
pub mod service;
#[cfg(feature = "cli")]
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "cli")]
pub mod waiting;
#[cfg(feature = "cli")]
pub mod wiring;
