//! Letters, and the transport that they go by.

use std::time::Duration;

use postroom_adapters_mailgun::{MailgunConfig, MailgunTransport, Timeouts};
use postroom_domain::address::EmailAddress;
use postroom_domain::failure::Failure;
use postroom_domain::id::DeliveryId;
use postroom_domain::lifecycle::Evidence;
use postroom_ports::contract::LEAK;
use postroom_ports::letter::FrozenLetter;
use postroom_ports::transport::{MailTransport, Outgoing, Receipt};

use crate::fake::Fake;

/// Longer than any test takes: where it runs out, something hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn config(base_url: impl Into<String>) -> MailgunConfig {
    MailgunConfig {
        base_url: base_url.into(),
        timeouts: Timeouts { connect: PATIENCE, whole: PATIENCE },
        ..MailgunConfig::new(LEAK, "mg.example.org")
    }
}

pub(crate) fn transport_to(fake: &Fake) -> MailgunTransport {
    MailgunTransport::new(config(fake.url())).unwrap()
}

/// A transport that waits for a second, because time-outs are the subject.
pub(crate) fn impatient(fake: &Fake) -> MailgunTransport {
    let short = Duration::from_secs(1);
    MailgunTransport::new(MailgunConfig { timeouts: Timeouts { connect: short, whole: short }, ..config(fake.url()) })
        .unwrap()
}

/// A small letter that says `words`, written on 2 January 2026 at ten o'clock.
pub(crate) fn letter(words: &str) -> FrozenLetter {
    let bytes = format!(
        "From: post@example.com\r\nTo: a@example.org\r\nSubject: A letter\r\n\
         Date: Fri, 02 Jan 2026 10:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n"
    );
    with_bytes(bytes.into_bytes())
}

pub(crate) fn with_bytes(bytes: Vec<u8>) -> FrozenLetter {
    FrozenLetter {
        mail_from: EmailAddress::parse("post@example.com").unwrap(),
        rcpt_to: EmailAddress::parse("a@example.org").unwrap(),
        bytes,
        message_id: "1@example.com".to_owned(),
        subject: "A letter".to_owned(),
        template_version: "1".to_owned(),
        locale: None,
    }
}

pub(crate) async fn send(transport: &dyn MailTransport, letter: &FrozenLetter) -> Result<Receipt, Failure> {
    let delivery_id = DeliveryId::parse("letter-1").unwrap();
    transport.send(Outgoing { delivery_id: &delivery_id, letter }).await
}

pub(crate) async fn ask(transport: &dyn MailTransport) -> Result<Evidence, Failure> {
    let delivery_id = DeliveryId::parse("letter-1").unwrap();
    transport.reconcile(Outgoing { delivery_id: &delivery_id, letter: &letter("one") }).await
}

/// A failure's class and code in one word each; and no failure repeats what is ours or anybody's.
pub(crate) fn said<T: std::fmt::Debug>(outcome: Result<T, Failure>) -> (&'static str, String) {
    let failure = outcome.unwrap_err();
    let kept = format!("{failure} {failure:?}");
    assert!(!kept.contains(LEAK) && !kept.contains("a@example.org"), "{kept}");
    assert!(!failure.detail.is_empty(), "a failure says what happened");
    (failure.class.as_str(), failure.code.as_str().to_owned())
}
