//! The rules of a [`MailTransport`](crate::transport::MailTransport).

use super::TransportHarness;
use super::letters::{delivery_id, frozen};
use crate::transport::Outgoing;

/// A letter that the peer takes yields a receipt, and the peer has it.
pub async fn an_accepted_letter_yields_a_receipt<H: TransportHarness>(harness: &H) {
    let (transport, id) = (harness.transport(), delivery_id("letter-1"));
    let letter = frozen(&id);
    transport.send(Outgoing { delivery_id: &id, letter: &letter }).await.expect("the peer takes it");
    assert_eq!(harness.received().await.len(), 1, "exactly one letter arrived");
}
