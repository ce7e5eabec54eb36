use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::failure::{Failure, FailureClass};
use postroom_domain::id::TransportName;
use postroom_domain::lifecycle::Evidence;
use postroom_ports::contract::{LEAK, Peer, ProbeHarness, ReceivedLetter, TransportHarness};
use postroom_ports::memory::{Answer, CapturingTransport};
use postroom_ports::probe::{Probed, TransportProbe};
use postroom_ports::transport::{MailTransport, Outgoing, Receipt, TransportCapabilities};

/// The capturing transport, told what a peer would do.
pub(crate) struct PeerHarness(Arc<Impatient>);

/// A transport that waits for its peer's answer, but not for ever.
#[derive(Debug)]
struct Impatient(CapturingTransport);

#[async_trait]
impl MailTransport for Impatient {
    fn name(&self) -> TransportName {
        MailTransport::name(&self.0)
    }

    fn capabilities(&self) -> TransportCapabilities {
        self.0.capabilities()
    }

    async fn send<'a>(&self, outgoing: Outgoing<'a>) -> Result<Receipt, Failure> {
        let answer = tokio::time::timeout(Duration::from_millis(50), self.0.send(outgoing)).await;
        answer.unwrap_or_else(|_| Err(failure(FailureClass::InDoubt, "TIMEOUT")))
    }

    async fn reconcile<'a>(&self, outgoing: Outgoing<'a>) -> Result<Evidence, Failure> {
        self.0.reconcile(outgoing).await
    }
}

impl PeerHarness {
    /// A transport whose peer accepts.
    pub(crate) fn accepting() -> Self {
        let name = TransportName::parse("memory").unwrap();
        Self(Arc::new(Impatient(CapturingTransport::new(name))))
    }
}

#[async_trait]
impl TransportHarness for PeerHarness {
    async fn fresh() -> Self {
        Self::accepting()
    }

    fn transport(&self) -> Arc<dyn MailTransport> {
        Arc::clone(&self.0) as Arc<dyn MailTransport>
    }

    async fn set_peer(&self, peer: Peer) {
        self.0.0.otherwise(answer(peer));
    }

    async fn received(&self) -> Vec<ReceivedLetter> {
        let taken = self.0.0.taken().into_iter();
        taken
            .map(|sent| ReceivedLetter { recipient: sent.letter.rcpt_to.to_string(), bytes: sent.letter.bytes })
            .collect()
    }
}

#[async_trait]
impl TransportProbe for Impatient {
    fn name(&self) -> TransportName {
        TransportProbe::name(&self.0)
    }

    async fn probe(&self) -> Probed {
        self.0.probe().await
    }
}

impl ProbeHarness for PeerHarness {
    fn probe(&self) -> Arc<dyn TransportProbe> {
        Arc::clone(&self.0) as Arc<dyn TransportProbe>
    }
}

fn answer(peer: Peer) -> Answer {
    match peer {
        Peer::Accept => Answer::Accept,
        Peer::Defer => Answer::Refuse(failure(FailureClass::DEFERRED, "SMTP_450")),
        Peer::RefuseRecipient => Answer::Refuse(failure(FailureClass::Rejected, "SMTP_550")),
        Peer::RefuseCredentials => Answer::Refuse(failure(FailureClass::Misconfigured, "SMTP_535")),
        Peer::SilentAfterBody => Answer::Hang,
        Peer::CloseAfterBody => Answer::AcceptAnd(failure(FailureClass::InDoubt, "CLOSED")),
        Peer::GarbageAfterBody => Answer::AcceptAnd(failure(FailureClass::InDoubt, "GARBAGE")),
        Peer::CloseBeforeBody => Answer::Refuse(failure(FailureClass::DEFERRED, "CLOSED")),
        Peer::Unreachable => Answer::Refuse(failure(FailureClass::PROVIDER_DEFERRED, "REFUSED")),
    }
}

fn failure(class: FailureClass, code: &str) -> Failure {
    Failure::new(class, code, &format!("someone@example.org is not served with {LEAK}"))
}
