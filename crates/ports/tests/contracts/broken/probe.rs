//! A probe over the one in memory, broken in one way.

use std::sync::Arc;

use async_trait::async_trait;
use postroom_domain::id::TransportName;
use postroom_ports::contract::letters::{delivery_id, frozen};
use postroom_ports::contract::{LEAK, Peer, ProbeHarness, ReceivedLetter, TransportHarness};
use postroom_ports::probe::{Finding, Probed, Severity, TransportProbe};
use postroom_ports::transport::{MailTransport, Outgoing};

use crate::support::PeerHarness;

/// In which way the probe is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    /// In none.
    None,
    AllIsWell,
    KeepsTheFixToItself,
    RepeatsTheSecret,
    SendsALetterToTry,
    SpeaksIllOfEverybody,
}

/// The harness of a broken probe.
pub(crate) struct BrokenHarness {
    peer: PeerHarness,
    fault: Fault,
}

#[derive(Debug)]
struct BrokenProbe {
    inner: Arc<dyn TransportProbe>,
    transport: Arc<dyn MailTransport>,
    fault: Fault,
}

impl BrokenHarness {
    pub(crate) fn with(fault: Fault) -> Self {
        Self { peer: PeerHarness::accepting(), fault }
    }
}

#[async_trait]
impl TransportHarness for BrokenHarness {
    async fn fresh() -> Self {
        Self::with(Fault::None)
    }

    fn transport(&self) -> Arc<dyn MailTransport> {
        self.peer.transport()
    }

    async fn set_peer(&self, peer: Peer) {
        self.peer.set_peer(peer).await;
    }

    async fn received(&self) -> Vec<ReceivedLetter> {
        self.peer.received().await
    }
}

impl ProbeHarness for BrokenHarness {
    fn probe(&self) -> Arc<dyn TransportProbe> {
        Arc::new(BrokenProbe { inner: self.peer.probe(), transport: self.peer.transport(), fault: self.fault })
    }
}

#[async_trait]
impl TransportProbe for BrokenProbe {
    fn name(&self) -> TransportName {
        self.inner.name()
    }

    async fn probe(&self) -> Probed {
        let mut probed = self.inner.probe().await;
        for finding in &mut probed.findings {
            match self.fault {
                Fault::AllIsWell => *finding = Finding::ok(finding.check, finding.subject.clone(), "it is there"),
                Fault::KeepsTheFixToItself => finding.fix = None,
                Fault::RepeatsTheSecret => finding.says.push_str(LEAK),
                Fault::SpeaksIllOfEverybody => finding.severity = Severity::Error,
                Fault::None | Fault::SendsALetterToTry => {}
            }
        }
        if self.fault == Fault::SendsALetterToTry {
            let id = delivery_id("letter-1");
            drop(self.transport.send(Outgoing { delivery_id: &id, letter: &frozen(&id) }).await);
        }
        probed
    }
}
