use std::sync::Arc;

use async_trait::async_trait;
use postroom_domain::failure::{Failure, FailureClass};
use postroom_ports::contract::{LEAK, Peer, ReceivedLetter, TransportHarness};
use postroom_ports::memory::{Answer, CapturingTransport};
use postroom_ports::transport::MailTransport;

/// The capturing transport, told what a peer would do.
pub(crate) struct PeerHarness(Arc<CapturingTransport>);

#[async_trait]
impl TransportHarness for PeerHarness {
    async fn fresh() -> Self {
        Self(Arc::new(CapturingTransport::new("memory".to_owned().try_into().unwrap())))
    }

    fn transport(&self) -> Arc<dyn MailTransport> {
        Arc::clone(&self.0) as Arc<dyn MailTransport>
    }

    async fn set_peer(&self, peer: Peer) {
        self.0.otherwise(answer(peer));
    }

    async fn received(&self) -> Vec<ReceivedLetter> {
        let taken = self.0.taken().into_iter();
        taken
            .map(|sent| ReceivedLetter { recipient: sent.letter.rcpt_to.to_string(), bytes: sent.letter.bytes })
            .collect()
    }
}

fn answer(peer: Peer) -> Answer {
    let failure = |class, code| {
        let said = format!("someone@example.org is not served with {LEAK}");
        Failure::new(class, code, &said)
    };
    match peer {
        Peer::Accept => Answer::Accept,
        Peer::Defer => Answer::Refuse(failure(FailureClass::DEFERRED, "SMTP_450")),
        Peer::RefuseRecipient => Answer::Refuse(failure(FailureClass::Rejected, "SMTP_550")),
        Peer::RefuseCredentials => Answer::Refuse(failure(FailureClass::Misconfigured, "SMTP_535")),
        Peer::SilentAfterBody => Answer::AcceptAnd(failure(FailureClass::InDoubt, "TIMEOUT")),
        Peer::CloseAfterBody => Answer::AcceptAnd(failure(FailureClass::InDoubt, "CLOSED")),
        Peer::GarbageAfterBody => Answer::AcceptAnd(failure(FailureClass::InDoubt, "GARBAGE")),
        Peer::CloseBeforeBody => Answer::Refuse(failure(FailureClass::DEFERRED, "CLOSED")),
        Peer::Unreachable => Answer::Refuse(failure(FailureClass::PROVIDER_DEFERRED, "REFUSED")),
    }
}
