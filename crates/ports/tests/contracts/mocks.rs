//! The doubles of the feature `mock`: was it called, and how?

use postroom_domain::failure::{Failure, FailureClass};
use postroom_ports::contract::letters::{delivery_id, frozen};
use postroom_ports::transport::{MailTransport, MockMailTransport, Outgoing};

#[tokio::test]
async fn a_mock_transport_answers_and_sees_what_it_was_called_with() {
    let id = delivery_id("letter-1");
    let letter = frozen(&id);
    let mut transport = MockMailTransport::new();
    transport
        .expect_send()
        .withf(|outgoing| outgoing.delivery_id.as_str() == "letter-1" && !outgoing.letter.bytes.is_empty())
        .once()
        .returning(|_| Err(Failure::new(FailureClass::Rejected, "SMTP_550", "no such mailbox")));
    let transport: &dyn MailTransport = &transport;
    let failure = transport.send(Outgoing { delivery_id: &id, letter: &letter }).await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Rejected);
}
