//! What an adapter cannot do is skipped by name and with a reason, and shows up as such.

use crate::support::PeerHarness;

postroom_ports::transport_contract!(
    PeerHarness,
    skip { bad_credentials_are_misconfigured: "shows how a rule is skipped: this peer has no credentials" }
);
