//! The transport under the contract of all transports, in front of a provider that does as it is told; and the same
//! transport broken on purpose, to see the contract notice.
#![expect(clippy::unwrap_used, reason = "an unwrap in a test is an assertion")]

mod harness;
mod meaning;
mod provider;
mod reconcile;
mod sabotage;

use harness::Harness;

postroom_ports::transport_contract!(Harness);
