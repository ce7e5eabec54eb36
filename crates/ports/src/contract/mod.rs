//! The rules that every adapter keeps, as code.
//!
//! ```text
//!   your harness ──▶ queue_contract!(Harness) ──▶ one #[tokio::test] per rule
//!        │                    ▲
//!        │                    └── for_each_queue_rule!  the one list of the rules
//!        └── fresh() · queue() · tracker() · … · statistics() · advance()
//! ```
//!
//! | suite | harness | stamped by | rules |
//! |---|---|---|---|
//! | queue | [`StoreHarness`] | [`queue_contract!`](crate::queue_contract) | [`queue`] |
//! | tracker | [`StoreHarness`] | [`tracker_contract!`](crate::tracker_contract) | [`tracker`] |
//! | workers | [`StoreHarness`] | [`worker_contract!`](crate::worker_contract) | [`worker`] |
//! | pauses | [`StoreHarness`] | [`pauses_contract!`](crate::pauses_contract) | [`pauses`] |
//! | tokens | [`StoreHarness`] | [`tokens_contract!`](crate::tokens_contract) | [`tokens`] |
//! | statistics | [`StoreHarness`] | [`statistics_contract!`](crate::statistics_contract) | [`statistics`] |
//! | transport | [`TransportHarness`] | [`transport_contract!`](crate::transport_contract) | [`transport`] |
//! | probe | [`ProbeHarness`] | [`probe_contract!`](crate::probe_contract) | [`probe`] |
//! | renderer | [`RendererHarness`] | [`renderer_contract!`](crate::renderer_contract) | [`renderer`] |
//!
//! A rule is a `pub async fn` named as a sentence. It panics where the adapter breaks it, and
//! says with what. Due times and leases pass by [`StoreHarness::advance`], never by waiting.
//!
//! # Prove an adapter
//! ```text
//! struct Harness { /* a temp dir, a database, a scripted peer */ }
//! #[async_trait::async_trait]
//! impl postroom_ports::contract::StoreHarness for Harness { /* … */ }
//!
//! postroom_ports::queue_contract!(Harness);
//! postroom_ports::tracker_contract!(Harness);
//! postroom_ports::worker_contract!(Harness);
//! postroom_ports::pauses_contract!(Harness);
//! postroom_ports::tokens_contract!(Harness);
//! postroom_ports::statistics_contract!(Harness);
//! ```
//! The crate that stamps needs `tokio` (`macros`, `rt-multi-thread`) as a dev-dependency.
//! What an adapter declares that it cannot do is skipped by name and with a reason; the test
//! then stands in the output as `ignored, <reason>`:
//! ```text
//! postroom_ports::transport_contract!(Harness, skip { bad_credentials_are_misconfigured: "it has none" });
//! ```
//!
//! # Add a rule
//! 1. Write the function in the file of its theme, with one sentence that says what must hold.
//! 2. Add its name to the suite's list in `rules.rs`.
//! 3. Give it a broken fake in `tests/contracts/`: until then its test there fails.
//!
//! # What is deliberately absent
//! Speed: a rule holds or does not. And whatever only one kind of store has, such as
//! transactions of the caller: those tests live with their adapter.

pub mod desk;
mod harness;
pub mod letters;
mod macros;
pub mod pauses;
pub mod probe;
pub mod queue;
pub mod renderer;
mod rules;
pub mod statistics;
pub mod tokens;
pub mod tracker;
pub mod transport;
pub mod worker;

pub use harness::{LEAK, Peer, ProbeHarness, ReceivedLetter, RendererHarness, StoreHarness, TransportHarness};
