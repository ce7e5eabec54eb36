//! A transport over the one in memory, broken in one way.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use postroom_domain::address::EmailAddress;
use postroom_domain::failure::{Failure, FailureClass};
use postroom_domain::id::TransportName;
use postroom_domain::lifecycle::Evidence;
use postroom_ports::contract::{Peer, ReceivedLetter, TransportHarness};
use postroom_ports::transport::{MailTransport, Outgoing, Receipt, TransportCapabilities};

use crate::support::PeerHarness;

/// In which way the transport is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    /// In none.
    None,
    AddressInTheCode,
    EverythingIsDeferred,
    EverythingIsInDoubt,
    EverythingIsRejected,
    LosesReceipts,
    MixesRecipients,
    ReconcileClaimsAcceptance,
    SendsNoneAtOnce,
    SpoiledByFailure,
    StripsDots,
    StuckAfterADrop,
}

/// The harness of a broken transport.
pub(crate) struct BrokenHarness {
    peer: PeerHarness,
    transport: Arc<BrokenTransport>,
}

#[derive(Debug)]
struct BrokenTransport {
    inner: Arc<dyn MailTransport>,
    fault: Fault,
    notes: Mutex<Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    failure: Option<Failure>,
    first_recipient: Option<EmailAddress>,
    sending: u32,
}

impl BrokenHarness {
    pub(crate) fn with(fault: Fault) -> Self {
        let peer = PeerHarness::accepting();
        let transport = BrokenTransport { inner: peer.transport(), fault, notes: Mutex::default() };
        Self { peer, transport: Arc::new(transport) }
    }
}

#[async_trait]
impl TransportHarness for BrokenHarness {
    async fn fresh() -> Self {
        Self::with(Fault::None)
    }

    fn transport(&self) -> Arc<dyn MailTransport> {
        Arc::clone(&self.transport) as Arc<dyn MailTransport>
    }

    async fn set_peer(&self, peer: Peer) {
        self.peer.set_peer(peer).await;
    }

    async fn received(&self) -> Vec<ReceivedLetter> {
        self.peer.received().await
    }
}

impl BrokenTransport {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn blamed(&self, failure: Failure, recipient: &EmailAddress) -> Failure {
        let class = match self.fault {
            Fault::EverythingIsDeferred => FailureClass::DEFERRED,
            Fault::EverythingIsInDoubt => FailureClass::InDoubt,
            Fault::EverythingIsRejected => FailureClass::Rejected,
            _ => failure.class,
        };
        match self.fault {
            Fault::AddressInTheCode => Failure::new(class, recipient.as_str(), failure.detail.as_str()),
            _ => Failure { class, ..failure },
        }
    }
}

#[async_trait]
impl MailTransport for BrokenTransport {
    fn name(&self) -> TransportName {
        self.inner.name()
    }

    fn capabilities(&self) -> TransportCapabilities {
        let mut capabilities = self.inner.capabilities();
        if self.fault == Fault::SendsNoneAtOnce {
            capabilities.concurrency = 0;
        }
        capabilities
    }

    async fn send<'a>(&self, outgoing: Outgoing<'a>) -> Result<Receipt, Failure> {
        let stuck = || Failure::new(FailureClass::DEFERRED, "STUCK", "the connection is in use");
        let mut letter = outgoing.letter.clone();
        {
            let mut notes = self.notes();
            let first = notes.first_recipient.get_or_insert_with(|| letter.rcpt_to.clone()).clone();
            notes.sending += 1;
            match (self.fault, &notes.failure) {
                (Fault::SpoiledByFailure, Some(failure)) => return Err(failure.clone()),
                (Fault::StuckAfterADrop, _) if notes.sending > 1 => return Err(stuck()),
                (Fault::MixesRecipients, _) => letter.rcpt_to = first,
                (Fault::StripsDots, _) => {
                    letter.bytes = String::from_utf8_lossy(&letter.bytes).replace("\n.", "\n").into_bytes();
                }
                _ => {}
            }
        }
        let sent = self.inner.send(Outgoing { letter: &letter, ..outgoing }).await;
        let mut notes = self.notes();
        notes.sending -= 1;
        match sent {
            Ok(receipt) if self.fault == Fault::LosesReceipts => Ok(Receipt { provider_message_id: None, ..receipt }),
            Ok(receipt) => Ok(receipt),
            Err(failure) => {
                notes.failure = Some(failure.clone());
                Err(self.blamed(failure, &letter.rcpt_to))
            }
        }
    }

    async fn reconcile<'a>(&self, outgoing: Outgoing<'a>) -> Result<Evidence, Failure> {
        if self.fault == Fault::ReconcileClaimsAcceptance {
            return Ok(Evidence::Accepted);
        }
        self.inner.reconcile(outgoing).await
    }
}
