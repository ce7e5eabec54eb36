//! The harnesses of the adapters that live in memory.

mod peer;
mod plain;
mod store;

pub(crate) use peer::PeerHarness;
pub(crate) use plain::PlainHarness;
pub(crate) use store::MemoryHarness;
