//! Asking what became of a letter in doubt.

use postroom_domain::failure::FailureClass;
use postroom_domain::lifecycle::Evidence;
use postroom_ports::contract::letters::{delivery_id, frozen};
use postroom_ports::contract::{Peer, TransportHarness};
use postroom_ports::transport::{MailTransport, Outgoing};

use crate::harness::Harness;

#[tokio::test]
async fn the_provider_is_asked_and_believed_only_if_it_says_so() {
    let harness = Harness::fresh().await;
    for (peer, evidence) in [(Peer::SilentAfterBody, Evidence::Accepted), (Peer::CloseAfterBody, Evidence::NotAccepted)]
    {
        let id = delivery_id(&format!("{peer:?}"));
        let letter = frozen(&id);
        let outgoing = Outgoing { delivery_id: &id, letter: &letter };
        harness.set_peer(peer).await;
        let failure = harness.transport.send(outgoing).await.unwrap_err();
        assert_eq!(failure.class, FailureClass::InDoubt, "{peer:?}");
        harness.set_peer(Peer::Accept).await;
        assert_eq!(harness.transport.reconcile(outgoing).await.unwrap(), evidence, "{peer:?}");
        harness.set_peer(Peer::Unreachable).await;
        assert_eq!(harness.transport.reconcile(outgoing).await.unwrap(), Evidence::Unknown, "{peer:?}");
    }
}
