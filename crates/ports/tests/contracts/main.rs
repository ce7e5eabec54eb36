//! The contracts of this crate, proven on the adapters that live in memory, and proven to be
//! worth something on fakes that break them.
#![expect(clippy::unwrap_used, reason = "the names of these tests are valid")]

mod broken;
mod broken_fakes;
mod mocks;
mod reference;
mod skipping;
mod support;
