//! The other side, our side, and letters between them.

use std::time::Duration;

use postroom_adapters_smtp::{PoolLimits, SmtpConfig, SmtpTransport, Timeouts, TlsMode};
use postroom_dev_inbox::{Captured, Config, Conversation, DevInbox, Verb};
use postroom_domain::address::EmailAddress;
use postroom_domain::failure::Failure;
use postroom_domain::id::DeliveryId;
use postroom_ports::letter::FrozenLetter;
use postroom_ports::transport::{MailTransport, Outgoing, Receipt};

/// Longer than any test takes: where it runs out, something hangs.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) async fn inbox(config: Config) -> DevInbox {
    DevInbox::start(config).await.unwrap()
}

/// A configuration for a server on this machine, without encryption.
pub(crate) fn config(port: u16) -> SmtpConfig {
    let timeouts = Timeouts {
        connect: PATIENCE,
        greeting: PATIENCE,
        command: PATIENCE,
        data_start: PATIENCE,
        body: PATIENCE,
        after_dot: PATIENCE,
        whole: 2 * PATIENCE,
    };
    let pool = PoolLimits { connections: 4, idle: PATIENCE, ..PoolLimits::default() };
    SmtpConfig { port, tls: Some(TlsMode::None), timeouts, pool, ..SmtpConfig::new("127.0.0.1") }
}

pub(crate) fn transport_to(inbox: &DevInbox) -> SmtpTransport {
    SmtpTransport::new(config(inbox.addr().port())).unwrap()
}

/// A small letter that says `words`.
pub(crate) fn letter(to: &str, words: &str) -> FrozenLetter {
    let bytes = format!("From: post@example.com\r\nTo: {to}\r\nSubject: A letter\r\n\r\n{words}\r\n");
    with_bytes(to, bytes.into_bytes())
}

pub(crate) fn with_bytes(to: &str, bytes: Vec<u8>) -> FrozenLetter {
    FrozenLetter {
        mail_from: EmailAddress::parse("post@example.com").unwrap(),
        rcpt_to: EmailAddress::parse(to).unwrap(),
        bytes,
        message_id: "1@example.com".to_owned(),
        subject: "A letter".to_owned(),
        template_version: "1".to_owned(),
        locale: None,
    }
}

pub(crate) async fn send(transport: &SmtpTransport, letter: &FrozenLetter) -> Result<Receipt, Failure> {
    let delivery_id = DeliveryId::parse("letter-1").unwrap();
    transport.send(Outgoing { delivery_id: &delivery_id, letter }).await
}

/// A failure's class and code in one word each.
pub(crate) fn said(outcome: Result<Receipt, Failure>) -> (&'static str, String) {
    let failure = outcome.unwrap_err();
    (failure.class.as_str(), failure.code.as_str().to_owned())
}

pub(crate) async fn received(inbox: &DevInbox, count: usize) -> Vec<Captured> {
    inbox.wait_for(count, PATIENCE).await.unwrap()
}

/// The verbs of one connection (1 is the first), as one line.
pub(crate) fn verbs(inbox: &DevInbox, connection: u64) -> String {
    let transcript = inbox.transcript();
    let conversation = transcript.iter().find(|conversation| conversation.connection == connection).unwrap();
    conversation.verbs().iter().map(Verb::to_string).collect::<Vec<_>>().join(" ")
}

/// How many commands came together at most.
pub(crate) fn largest_batch(inbox: &DevInbox) -> usize {
    inbox.transcript().iter().map(Conversation::largest_batch).max().unwrap_or(0)
}
