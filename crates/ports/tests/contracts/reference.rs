//! The contracts, proven on the adapters that live in memory.

use crate::support::{MemoryHarness, PeerHarness, PlainHarness};

postroom_ports::queue_contract!(MemoryHarness);
postroom_ports::tracker_contract!(MemoryHarness);
postroom_ports::worker_contract!(MemoryHarness);
postroom_ports::pauses_contract!(MemoryHarness);
postroom_ports::tokens_contract!(MemoryHarness);
postroom_ports::statistics_contract!(MemoryHarness);
postroom_ports::transport_contract!(PeerHarness);
postroom_ports::probe_contract!(PeerHarness);
postroom_ports::renderer_contract!(PlainHarness);
