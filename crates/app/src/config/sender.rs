//! Who writes: `[sender]`, and the variables of each provider.

use postroom_domain::address::{EmailAddress, Mailbox};
use postroom_domain::invalid::Invalid;

use super::Provider;
use super::reader::Reader;

/// The senders of both providers, by their variables; `[sender]` stands in for both.
pub(super) struct Senders {
    smtp: Option<Mailbox>,
    mailgun: Option<Mailbox>,
}

impl Senders {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let smtp = read(reader, "sender", "SMTP_FROM_ADDRESS", "SMTP_FROM_NAME");
        let mailgun = read(reader, "sender", "MAILGUN_FROM_EMAIL", "MAILGUN_FROM_NAME");
        Self { smtp, mailgun }
    }

    /// One sender for every provider of a route, because a letter's bytes are frozen before
    /// anybody knows which of them will take it.
    pub(super) fn of(&self, reader: &mut Reader, route: &[Provider]) -> Option<Mailbox> {
        match (&self.smtp, &self.mailgun) {
            (Some(smtp), Some(mailgun)) if route.len() > 1 && smtp != mailgun => {
                let reason = "and SMTP_FROM_NAME differ from MAILGUN_FROM_EMAIL and MAILGUN_FROM_NAME; a letter has one \
                              sender, whichever provider takes it: make them equal";
                reader.mistake(Invalid::new("SMTP_FROM_ADDRESS", reason));
                None
            }
            (smtp, mailgun) if route.first() == Some(&Provider::Mailgun) => mailgun.as_ref().or(smtp.as_ref()).cloned(),
            (smtp, mailgun) => smtp.as_ref().or(mailgun.as_ref()).cloned(),
        }
    }
}

/// The mailbox under `path`, or in these two variables.
pub(super) fn read(reader: &mut Reader, path: &str, address_variable: &str, name_variable: &str) -> Option<Mailbox> {
    let display = reader.named_text(&format!("{path}.name"), name_variable);
    let (name, address) = reader.named_text(&format!("{path}.address"), address_variable)?;
    let mailbox = EmailAddress::parse(address).map_err(|e| e.in_field(name)).and_then(|address| match display {
        None => Mailbox::new(None, address),
        Some((field, text)) => Mailbox::new(Some(&text), address).map_err(|e| e.in_field(field)),
    });
    match mailbox {
        Ok(mailbox) => Some(mailbox),
        Err(mistake) => {
            reader.mistake(mistake);
            None
        }
    }
}
