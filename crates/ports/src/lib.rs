//! What Postroom needs from the world, as traits; what proves an adapter; and the adapters
//! that live in memory.
//!
//! ```text
//!        doors ─▶ DeliveryQueue ◀─ dispatcher ─▶ TemplateRenderer ─▶ MessageComposer
//!                  │      ▲            │
//!                  ▼      │            └─▶ MailTransport ─▶ the world
//!   DeliveryTracker    WorkerRegistry · PauseBoard
//!   Statistics         TokenBook ◀─ who calls
//! ```
//!
//! | port | asks | module |
//! |---|---|---|
//! | [`queue::DeliveryQueue`] | take letters in, hand them out, settle them behind a fence | [`queue`] |
//! | [`tracker::DeliveryTracker`] | where is it, what happened | [`tracker`] |
//! | [`worker::WorkerRegistry`] | who is alive, whom to wake | [`worker`] |
//! | [`pauses::PauseBoard`] | what people hold back for a while | [`pauses`] |
//! | [`statistics::Statistics`] | how it goes | [`statistics`] |
//! | [`access::TokenBook`] | who may call | [`access`] |
//! | [`transport::MailTransport`] | hand a letter over | [`transport`] |
//! | [`probe::TransportProbe`] | would a letter get through, without sending one | [`probe`] |
//! | [`template::TemplateRenderer`], [`composer::MessageComposer`] | words, then bytes | [`template`], [`composer`] |
//! | [`sinks::Observer`], [`sinks::Notifier`], [`sinks::DeadLetterSink`] | hear of it | [`sinks`] |
//! | [`clock::Clock`], [`clock::Chance`] | time and chance | [`clock`] |
//!
//! The feature `contract` brings the rules that prove an adapter, `memory` adapters that need
//! nothing but memory and move when told, `mock` doubles that say whether they were called.
//!
//! MUST and MAY mean what RFC 2119 says. Each MUST is a case of a contract suite.
//!
//! # Write an adapter
//! 1. Make a crate that depends on `postroom-domain` and `postroom-ports`, and on nothing
//!    else of Postroom.
//! 2. Implement one port. Say what it can do in its `capabilities`; answer
//!    [`error::PortErrorKind::Unsupported`] for the rest, never pretend.
//! 3. Map every error by meaning: [`error::PortErrorKind`] for stores, a pure `classify`
//!    function for transports, table-tested on recorded replies.
//! 4. Add `postroom-ports` with the feature `contract` as a dev-dependency, write a harness
//!    and stamp the suite: `postroom_ports::queue_contract!(MyHarness)`, and likewise
//!    `tracker_contract!`, `worker_contract!`, `pauses_contract!`, `tokens_contract!`,
//!    `statistics_contract!`, `transport_contract!`, `probe_contract!`, `renderer_contract!`. One test per rule appears,
//!    each named as a sentence.
//! 5. Wire it in `wiring.rs` of the binary that uses it. Nothing else changes.
//!
//! # What is deliberately absent
//! Driver types, configuration, default bodies (convenient for callers, wrong for
//! implementors), and the caller's transaction: no object-safe trait can name it, so the
//! PostgreSQL adapter offers `enqueue_in` beside its port.

pub mod access;
pub mod clock;
pub mod composer;
pub mod error;
pub mod letter;
pub mod pauses;
pub mod pool;
pub mod probe;
pub mod queue;
pub mod sinks;
pub mod statistics;
pub mod template;
pub mod tracker;
pub mod transport;
pub mod worker;

#[cfg(feature = "contract")]
#[expect(
    clippy::panic,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a contract case reports by panicking"
)]
pub mod contract;
#[cfg(feature = "memory")]
pub mod memory;
