//! The rules of every transport, on this one.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use postroom_adapters_smtp::{SmtpConfig, SmtpProbe, SmtpTransport};
use postroom_dev_inbox::{Act, AuthPolicy, Captured, Config, DevInbox, Stage};
use postroom_domain::time::Timestamp;
use postroom_ports::contract::{LEAK, Peer, ProbeHarness, ReceivedLetter, TransportHarness};
use postroom_ports::memory::ManualClock;
use postroom_ports::probe::TransportProbe;
use postroom_ports::transport::MailTransport;
use secrecy::SecretString;

use crate::peer::{config, inbox};

struct Harness {
    transport: Arc<SmtpTransport>,
    probe: Arc<SmtpProbe>,
    port: u16,
    running: tokio::sync::Mutex<Option<DevInbox>>,
    gone: Mutex<Vec<Captured>>,
}

/// Offers AUTH, so that it can refuse it.
fn offers_auth() -> Config {
    Config::default().with_auth(AuthPolicy::new("postroom", "sesame-street"))
}

fn refusal(code: u16, enhanced: &str) -> Act {
    Act::reply(code, enhanced, &format!("<someone@example.org> will not do, nor will {LEAK}"))
}

/// Begins like an acceptance, so that the letter is kept, and then is none.
fn garbage() -> Act {
    Act::reply_multiline(
        250,
        None,
        [format!("perhaps\r\nor not, <someone@example.org> {LEAK}"), "who knows".to_owned()],
    )
}

#[async_trait]
impl TransportHarness for Harness {
    async fn fresh() -> Self {
        let inbox = inbox(offers_auth()).await;
        let port = inbox.addr().port();
        let mut config = SmtpConfig {
            username: Some("postroom".to_owned()),
            password: Some(SecretString::from("sesame-street")),
            ..config(port)
        };
        config.timeouts.after_dot = Duration::from_secs(1);
        let clock = Arc::new(ManualClock::at(Timestamp::EPOCH));
        let probe = Arc::new(SmtpProbe::new(config.clone(), clock).unwrap());
        let transport = Arc::new(SmtpTransport::new(config).unwrap());
        let harness = Self { transport, probe, port, running: Some(inbox).into(), gone: Mutex::default() };
        harness.set_peer(Peer::Accept).await;
        harness
    }

    fn transport(&self) -> Arc<dyn MailTransport> {
        Arc::clone(&self.transport) as Arc<dyn MailTransport>
    }

    async fn set_peer(&self, peer: Peer) {
        let mut running = self.running.lock().await;
        if peer == Peer::Unreachable {
            if let Some(mut inbox) = running.take() {
                inbox.stop().await;
                self.gone.lock().unwrap().extend(inbox.letters());
            }
            return;
        }
        if running.is_none() {
            *running = Some(inbox(offers_auth().on_port(self.port)).await);
        }
        let script = running.as_ref().unwrap().script();
        script.clear();
        match peer {
            Peer::Accept => script.always(Stage::Body, Act::reply(250, "2.0.0", "Ok: queued as 4Fbx9Q2")),
            Peer::Defer => script.always(Stage::Rcpt, refusal(450, "4.2.1")),
            Peer::RefuseRecipient => script.always(Stage::Rcpt, refusal(550, "5.1.1")),
            Peer::RefuseCredentials => {
                // Whoever is signed in already is asked to leave, and meets the refusal on return.
                script.always(Stage::Mail, Act::shutting_down());
                script.always(Stage::AuthStart, refusal(535, "5.7.8"));
            }
            Peer::SilentAfterBody => script.always(Stage::Body, Act::AcceptThenStall),
            Peer::CloseAfterBody => script.always(Stage::Body, Act::AcceptThenClose),
            Peer::GarbageAfterBody => script.always(Stage::Body, garbage()),
            Peer::CloseBeforeBody => script.always(Stage::Data, Act::Close),
            Peer::Unreachable => {}
        }
    }

    async fn received(&self) -> Vec<ReceivedLetter> {
        let mut letters = self.gone.lock().unwrap().clone();
        if let Some(inbox) = self.running.lock().await.as_ref() {
            letters.extend(inbox.letters());
        }
        letters
            .into_iter()
            .map(|letter| ReceivedLetter { recipient: letter.recipients.join(","), bytes: letter.bytes })
            .collect()
    }
}

impl ProbeHarness for Harness {
    fn probe(&self) -> Arc<dyn TransportProbe> {
        Arc::clone(&self.probe) as Arc<dyn TransportProbe>
    }
}

postroom_ports::transport_contract!(Harness);
postroom_ports::probe_contract!(Harness);
