//! The rules of a [`MailTransport`].

use std::sync::Arc;
use std::time::Duration;

use postroom_domain::failure::{Code, Failure, FailureClass};
use postroom_domain::id::DeliveryId;
use postroom_domain::lifecycle::Evidence;

use super::letters::{address, delivery_id, frozen, message};
use super::{LEAK, Peer, ReceivedLetter, TransportHarness};
use crate::letter::FrozenLetter;
use crate::queue::Support;
use crate::transport::{MailTransport, Outgoing, Receipt};

/// A letter and its id.
struct Sample {
    id: DeliveryId,
    letter: FrozenLetter,
}

impl Sample {
    fn new(line: &str) -> Self {
        let id = delivery_id("letter-1");
        Self { letter: FrozenLetter { bytes: message(line), ..frozen(&id) }, id }
    }

    async fn send(&self, transport: &dyn MailTransport) -> Result<Receipt, Failure> {
        transport.send(self.outgoing()).await
    }

    const fn outgoing(&self) -> Outgoing<'_> {
        Outgoing { delivery_id: &self.id, letter: &self.letter }
    }

    fn as_received(&self) -> ReceivedLetter {
        ReceivedLetter { recipient: self.letter.rcpt_to.to_string(), bytes: self.letter.bytes.clone() }
    }
}

/// How a letter fails with such a peer.
async fn failure<H: TransportHarness>(harness: &H, peer: Peer) -> Failure {
    harness.set_peer(peer).await;
    match Sample::new("One letter.").send(&*harness.transport()).await {
        Err(failure) => failure,
        Ok(_) => panic!("{peer:?} is no acceptance"),
    }
}

/// A letter that the peer takes yields a receipt with what the peer calls it, and the peer has
/// it once.
pub async fn an_accepted_letter_yields_a_receipt<H: TransportHarness>(harness: &H) {
    let sample = Sample::new("One letter.");
    let receipt = sample.send(&*harness.transport()).await.expect("the peer takes it");
    assert!(receipt.provider_message_id.is_some(), "the receipt names the letter as the provider does");
    assert_eq!(harness.received().await, [sample.as_received()], "exactly one letter arrived");
}

/// The bytes arrive as they are: lines that start with dots, lines of 998 bytes, empty lines
/// and blanks at the end.
pub async fn the_bytes_arrive_unchanged<H: TransportHarness>(harness: &H) {
    let long = "x".repeat(998);
    let body = format!(".\r\n..\r\n.leading\r\ntrailing.\r\n{long}\r\n.{}\r\n\r\n\r\nend \t", &long[1..]);
    let sample = Sample::new(&body);
    sample.send(&*harness.transport()).await.expect("the peer takes it");
    assert!(harness.received().await == [sample.as_received()], "the bytes are not those that were sent");
}

/// A refused recipient is this letter's end: rejected.
pub async fn a_refused_recipient_is_rejected<H: TransportHarness>(harness: &H) {
    assert_eq!(failure(harness, Peer::RefuseRecipient).await.class, FailureClass::Rejected);
    assert!(harness.received().await.is_empty(), "no body is sent for a refused recipient");
}

/// A refusal for now is a reason to come back: deferred.
pub async fn a_refusal_for_now_is_deferred<H: TransportHarness>(harness: &H) {
    assert_deferred(&failure(harness, Peer::Defer).await);
}

/// Credentials that are refused are no letter's fault: misconfigured.
pub async fn bad_credentials_are_misconfigured<H: TransportHarness>(harness: &H) {
    assert_eq!(failure(harness, Peer::RefuseCredentials).await.class, FailureClass::Misconfigured);
    assert!(harness.received().await.is_empty(), "no letter is handed over without credentials");
}

/// Silence after the body: the letter may have been accepted, and is in doubt.
pub async fn silence_after_the_body_is_in_doubt<H: TransportHarness>(harness: &H) {
    assert_in_doubt(harness, Peer::SilentAfterBody).await;
}

/// A connection lost after the body: the letter may have been accepted, and is in doubt.
pub async fn a_connection_lost_after_the_body_is_in_doubt<H: TransportHarness>(harness: &H) {
    assert_in_doubt(harness, Peer::CloseAfterBody).await;
}

/// An answer after the body that nobody can read: the letter may have been accepted, and is in
/// doubt.
pub async fn garbage_after_the_body_is_in_doubt<H: TransportHarness>(harness: &H) {
    assert_in_doubt(harness, Peer::GarbageAfterBody).await;
}

/// A connection lost before the body cannot have accepted anything: deferred.
pub async fn a_connection_lost_before_the_body_is_deferred<H: TransportHarness>(harness: &H) {
    assert_deferred(&failure(harness, Peer::CloseBeforeBody).await);
    assert!(harness.received().await.is_empty(), "the peer read no body");
}

/// A peer that is not there has accepted nothing: deferred.
pub async fn an_unreachable_peer_is_deferred<H: TransportHarness>(harness: &H) {
    assert_deferred(&failure(harness, Peer::Unreachable).await);
}

/// What is kept of a refusal holds neither our keys nor anybody's address, though the peer
/// repeats both; and every failure has a code.
pub async fn a_failure_holds_no_secret_and_no_address<H: TransportHarness>(harness: &H) {
    for peer in [Peer::Defer, Peer::RefuseRecipient, Peer::SilentAfterBody, Peer::GarbageAfterBody, Peer::Unreachable] {
        let failure = failure(harness, peer).await;
        let kept = format!("{failure} {failure:?}");
        for secret in [LEAK, "someone@example.org", "post@example.com"] {
            assert!(!kept.contains(secret), "{peer:?}: the failure repeats what must not be kept");
            let as_code = Code::new(secret);
            assert!(!kept.contains(as_code.as_str()), "{peer:?}: the code repeats what must not be kept");
        }
        assert!(!failure.code.as_str().is_empty(), "{peer:?}: a failure has a code");
        assert!(!failure.detail.is_empty(), "{peer:?}: a failure says what happened");
    }
}

/// Whatever one letter met, the next one is sent as if nothing had happened.
pub async fn a_failure_does_not_spoil_the_next_letter<H: TransportHarness>(harness: &H) {
    let troubles = [
        Peer::Defer,
        Peer::RefuseRecipient,
        Peer::SilentAfterBody,
        Peer::CloseAfterBody,
        Peer::GarbageAfterBody,
        Peer::CloseBeforeBody,
        Peer::Unreachable,
    ];
    for peer in troubles {
        failure(harness, peer).await;
        harness.set_peer(Peer::Accept).await;
        let before = harness.received().await.len();
        let next = Sample::new(&format!("After {peer:?}."));
        let sent = next.send(&*harness.transport()).await;
        assert!(sent.is_ok(), "the letter after {peer:?} fails: {sent:?}");
        let received = harness.received().await;
        assert_eq!(received.len(), before + 1, "one letter arrived after {peer:?}");
        assert!(received.last() == Some(&next.as_received()), "the letter after {peer:?} arrived as it was");
    }
}

/// A send whose future is dropped midway, as at a deadline, leaves the transport usable, and
/// nothing of that letter gets into the next one.
pub async fn dropping_the_future_leaves_the_transport_usable<H: TransportHarness>(harness: &H) {
    let transport = harness.transport();
    for moment in [0, 1, 5, 20] {
        harness.set_peer(Peer::SilentAfterBody).await;
        let dropped = Sample::new("Dropped midway.");
        let sending = dropped.send(&*transport);
        // How far it came when it is dropped does not matter: the rule holds at every point.
        let _ = tokio::time::timeout(Duration::from_millis(moment), sending).await;
        harness.set_peer(Peer::Accept).await;
        let next = Sample::new(&format!("After {moment} ms."));
        next.send(&*transport).await.expect("the transport goes on");
        let received = harness.received().await;
        let whole = received.iter().filter(|letter| **letter == next.as_received()).count();
        assert_eq!(whole, 1, "the next letter arrived once and as it was");
    }
}

/// Letters that are sent at once do not mix: each arrives once, whole, at its own recipient.
pub async fn letters_sent_at_once_do_not_mix<H: TransportHarness>(harness: &H) {
    let transport = harness.transport();
    let sending: Vec<_> = (0..20)
        .map(|number| {
            let transport = Arc::clone(&transport);
            tokio::spawn(async move {
                let mut sample = Sample::new(&format!("Letter {number}, {}.", "and on\r\n".repeat(500 * (number % 3))));
                sample.letter.rcpt_to = address(&format!("someone-{number}@example.org"));
                let receipt = sample.send(&*transport).await.expect("the peer takes it");
                (sample.as_received(), receipt)
            })
        })
        .collect();
    let (mut sent, mut names) = (Vec::new(), Vec::new());
    for letter in sending {
        let (letter, receipt) = letter.await.expect("a letter is sent");
        sent.push(letter);
        names.push(receipt.provider_message_id);
    }
    let received = harness.received().await;
    assert_eq!(received.len(), sent.len());
    for letter in &sent {
        let arrived = received.iter().filter(|received| *received == letter).count();
        assert_eq!(arrived, 1, "each letter arrives once, whole, at its own recipient");
    }
}

/// What it cannot find out it does not claim: without the capability the answer is unknown.
pub async fn reconcile_claims_nothing_that_it_cannot_know<H: TransportHarness>(harness: &H) {
    let transport = harness.transport();
    let sample = Sample::new("Never sent.");
    if transport.capabilities().reconcile == Support::No {
        let evidence = transport.reconcile(sample.outgoing()).await.expect("the answer is no failure");
        assert_eq!(evidence, Evidence::Unknown);
    } else if let Ok(evidence) = transport.reconcile(sample.outgoing()).await {
        assert_ne!(evidence, Evidence::Accepted, "a letter that was never sent was not accepted");
    }
}

/// A transport says how many letters it sends at once, and it is at least one.
pub async fn a_transport_says_what_it_can<H: TransportHarness>(harness: &H) {
    let transport = harness.transport();
    let capabilities = transport.capabilities();
    assert!(capabilities.concurrency >= 1, "a transport that sends nothing is none");
    assert_eq!(transport.capabilities(), capabilities, "what it can does not change");
    if let Some(max_size) = capabilities.max_size {
        let sample = u64::try_from(Sample::new("One letter.").letter.bytes.len()).unwrap_or(u64::MAX);
        assert!(max_size >= sample, "a transport takes a letter of a few hundred bytes");
    }
    Sample::new("One letter.").send(&*transport).await.expect("and it sends one");
}

fn assert_deferred(failure: &Failure) {
    assert!(matches!(failure.class, FailureClass::Deferred { .. }), "it can be tried again, but it is {failure}");
}

/// The class is in doubt, and nothing was sent a second time.
async fn assert_in_doubt<H: TransportHarness>(harness: &H, peer: Peer) {
    assert_eq!(failure(harness, peer).await.class, FailureClass::InDoubt);
    assert_eq!(harness.received().await.len(), 1, "a transport does not send again by itself");
}
