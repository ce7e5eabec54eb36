//! The rules of every transport, on our own client.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use postroom_adapters_mailgun::{MailgunConfig, MailgunTransport, Timeouts};
use postroom_ports::contract::{LEAK, Peer, ReceivedLetter, TransportHarness};
use postroom_ports::transport::MailTransport;
use tempfile::NamedTempFile;
use tokio::sync::Mutex;

use crate::fake::{Act, End, Fake, Front, Read};
use crate::form::field_of;
use crate::letters::PATIENCE;
use crate::tls::{certified, encrypted};

/// Encrypted, because only then a connection that ends before the body is seen to do so: the
/// handshake needs both sides, whereas a socket takes a small letter whether or not anybody reads.
struct Harness {
    transport: Arc<MailgunTransport>,
    fake: Mutex<Fake>,
    _authority: NamedTempFile,
}

/// What the other side does, as the contract names it; the connection ends with each answer, so
/// that the next letter meets it too. `None` where nobody is to be there.
pub(crate) fn act(peer: Peer) -> Option<Act> {
    let reason = format!(r#"{{"message":"<someone@example.org> will not do, nor will {LEAK}"}}"#);
    let nothing = Act { read: Read::All, say: Vec::new(), end: End::Close };
    Some(match peer {
        Peer::Accept => Act::accept(),
        Peer::Defer => Act::json(429, &reason),
        Peer::RefuseRecipient => Act::json(400, &reason).after(Read::Head),
        Peer::RefuseCredentials => Act::json(401, &reason).after(Read::Head),
        Peer::SilentAfterBody => nothing.ending(End::Stall),
        Peer::CloseAfterBody => nothing,
        Peer::GarbageAfterBody => Act::json(200, &reason),
        Peer::CloseBeforeBody => nothing.after(Read::Nothing),
        Peer::Unreachable => return None,
    })
}

pub(crate) async fn set(fake: &mut Fake, peer: Peer) {
    match act(peer) {
        None => fake.stop().await,
        Some(act) => {
            fake.resume().await;
            fake.always(act);
        }
    }
}

#[async_trait]
impl TransportHarness for Harness {
    async fn fresh() -> Self {
        let (tls, authority) = certified("localhost");
        let fake = Fake::start(Front::Tls(tls)).await;
        let timeouts = Timeouts { connect: PATIENCE, whole: Duration::from_secs(2) };
        let config = MailgunConfig { timeouts, ..encrypted(&fake, &authority) };
        let transport = Arc::new(MailgunTransport::new(config).unwrap());
        Self { transport, fake: Mutex::new(fake), _authority: authority }
    }

    fn transport(&self) -> Arc<dyn MailTransport> {
        Arc::clone(&self.transport) as Arc<dyn MailTransport>
    }

    async fn set_peer(&self, peer: Peer) {
        set(&mut *self.fake.lock().await, peer).await;
    }

    async fn received(&self) -> Vec<ReceivedLetter> {
        let seen = self.fake.lock().await.seen();
        let whole = seen.iter().filter(|request| request.body.is_some());
        whole
            .map(|request| ReceivedLetter {
                recipient: String::from_utf8(field_of(request, "to")).unwrap(),
                bytes: field_of(request, "message"),
            })
            .collect()
    }
}

postroom_ports::transport_contract!(Harness);
