//! From words to the bytes that travel: a header, text and HTML as alternatives, and what is attached.
//!
//! ```text
//!   Draft ─▶ identity (Message-ID, boundaries) ─┐
//!         ─▶ header (names, subject, extras) ───┼─▶ mail-builder ─▶ checked ─▶ FrozenLetter
//!         ─▶ body (line ends, no NUL) ──────────┤
//!         ─▶ parts (images inside, files beside)┘
//! ```
//!
//! Everything derives from the draft: no clock, no chance. Composing twice gives equal bytes.

mod body;
mod header;
mod identity;
mod parts;

use mail_builder::MessageBuilder;
use postroom_domain::address::{EmailAddress, Mailbox};
use postroom_domain::id::DeliveryId;
use postroom_domain::invalid::Invalid;
use postroom_domain::letter::HeaderField;
use postroom_ports::composer::{ComposeError, Draft, MessageComposer};
use postroom_ports::letter::FrozenLetter;

/// The longest line that a message may have, without its CRLF (RFC 5322 §2.1.1).
const LINE_LIMIT: usize = 998;

/// Writes messages whose Message-IDs end in one domain.
#[derive(Clone, Debug)]
pub struct MimeComposer {
    domain: String,
}

impl MimeComposer {
    /// A composer for Message-IDs `<…@message_id_domain>`.
    ///
    /// # Errors
    /// Refuses what cannot be the domain of an email address.
    pub fn new(message_id_domain: &str) -> Result<Self, Invalid> {
        let address = EmailAddress::parse(format!("postmaster@{message_id_domain}"))
            .map_err(|invalid| invalid.in_field("message_id_domain"))?;
        Ok(Self { domain: address.domain().to_owned() })
    }

    /// The Message-ID of a letter's messages, without the angle brackets.
    #[must_use]
    pub fn message_id(&self, delivery_id: &DeliveryId) -> String {
        identity::message_id(delivery_id, &self.domain)
    }
}

impl MessageComposer for MimeComposer {
    fn compose(&self, draft: Draft<'_>) -> Result<FrozenLetter, ComposeError> {
        let message_id = self.message_id(draft.delivery_id);
        let subject = header::one_line(draft.subject.map_or(&*draft.rendered.subject, |subject| subject.as_str()));
        let text = body::normalised(&draft.rendered.text);
        let html = body::normalised(&draft.rendered.html);
        let boundaries = identity::Boundaries::of(draft.delivery_id, &text, &html);

        let mut message = MessageBuilder::new()
            .date(draft.date.as_micros().div_euclid(1_000_000))
            .header("From", header::mailbox(draft.from))
            .header("To", header::mailbox(draft.to));
        if let Some(address) = draft.reply_to {
            message = message.reply_to(address.as_str());
        }
        message = message
            .header("Subject", header::text(&subject))
            .message_id(message_id.as_str())
            // Whoever answers automatically leaves this letter alone (RFC 3834 §5).
            .header("Auto-Submitted", header::verbatim("auto-generated"));
        for field in draft.headers {
            message = message.header(HeaderField::name(field), header::extra(field.value()));
        }
        let bytes = message
            .body(parts::tree(&text, &html, draft.attachments, &boundaries))
            .write_to_vec()
            .map_err(|_| ComposeError { reason: "it could not be written".to_owned() })?;
        check_lines(&bytes)?;
        Ok(FrozenLetter {
            mail_from: Mailbox::address(draft.from).clone(),
            rcpt_to: draft.to.address().clone(),
            bytes,
            message_id,
            subject,
            template_version: draft.rendered.version.clone(),
            locale: draft.rendered.locale.clone(),
        })
    }
}

/// What the port promises about lines, checked on the result.
fn check_lines(bytes: &[u8]) -> Result<(), ComposeError> {
    let broken = |reason: &str| Err(ComposeError { reason: reason.to_owned() });
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Some(line) = line.strip_suffix(b"\r\n") else { return broken("a line does not end with CR and LF") };
        if line.contains(&b'\r') || line.contains(&b'\0') {
            return broken("a line holds a CR or a NUL");
        }
        if line.len() > LINE_LIMIT {
            return broken("a line is longer than 998 bytes");
        }
    }
    Ok(())
}
