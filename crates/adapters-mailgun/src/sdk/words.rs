//! The words of a letter, read back out of its bytes.

use mailgun_rs::{EmailAddress, Message};
use mailparse::{MailAddr, MailHeaderMap, ParsedMail};
use postroom_domain::failure::{Failure, FailureClass};
use postroom_ports::letter::FrozenLetter;

/// Headers that are carried, or that Mailgun writes anew. A letter with any other is refused.
const KNOWN: [&str; 9] = [
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "auto-submitted",
];

/// What mailgun-rs's sender takes.
pub(super) struct Words {
    pub(super) from: EmailAddress,
    pub(super) message: Message,
}

/// # Errors
/// Rejects letters of any other shape than text, or text and HTML as alternatives.
pub(super) fn of(letter: &FrozenLetter) -> Result<Words, Failure> {
    let mail = mailparse::parse_mail(&letter.bytes).map_err(|_| beyond("its bytes are no message"))?;
    if mail.headers.iter().any(|header| !KNOWN.contains(&header.get_key().to_ascii_lowercase().as_str())) {
        return Err(beyond("it has a header of its own"));
    }
    let (text, html) = bodies(&mail)?;
    let (name, address) = mailbox(&mail, "From")?;
    let (to_name, _) = mailbox(&mail, "To")?;
    let message = Message {
        // The envelope decides who gets it, and the header only how they are called.
        to: vec![addressed(to_name.as_deref(), letter.rcpt_to.as_str())],
        subject: letter.subject.clone(),
        text,
        html,
        ..Message::default()
    };
    Ok(Words { from: addressed(name.as_deref(), &address), message })
}

fn bodies(mail: &ParsedMail<'_>) -> Result<(String, String), Failure> {
    match (mail.ctype.mimetype.as_str(), mail.subparts.as_slice()) {
        ("text/plain", []) => Ok((body(mail)?, String::new())),
        ("multipart/alternative", [text, html])
            if text.ctype.mimetype == "text/plain" && html.ctype.mimetype == "text/html" =>
        {
            Ok((body(text)?, body(html)?))
        }
        _ if mail.parts().any(|part| part.headers.get_first_header("Content-Disposition").is_some()) => {
            Err(beyond("it has attachments"))
        }
        _ => Err(beyond("it is more than text and HTML")),
    }
}

fn body(part: &ParsedMail<'_>) -> Result<String, Failure> {
    part.get_body().map_err(|_| beyond("a part of it does not decode"))
}

fn mailbox(mail: &ParsedMail<'_>, header: &str) -> Result<(Option<String>, String), Failure> {
    let parsed = mail.headers.get_first_header(header).and_then(|header| mailparse::addrparse_header(header).ok());
    match parsed.as_ref().map(|list| list.as_slice()) {
        Some([MailAddr::Single(one)]) => Ok((one.display_name.clone(), one.addr.clone())),
        _ => Err(beyond("its From or To is not one mailbox")),
    }
}

/// mailgun-rs writes a name as it is, so a comma in it would make two recipients of one: it
/// comes here in quotes (RFC 5322 §3.2.4), without what no quotes can hold.
fn addressed(name: Option<&str>, address: &str) -> EmailAddress {
    match name.map(str::trim).filter(|name| !name.is_empty()) {
        None => EmailAddress::address(address),
        Some(name) => {
            let printable: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            let quoted = printable.replace('\\', "\\\\").replace('"', "\\\"");
            EmailAddress::name_address(&format!("\"{quoted}\""), address)
        }
    }
}

fn beyond(reason: &str) -> Failure {
    let detail = format!("mailgun-rs's sender cannot carry the letter: {reason}; use the other client");
    Failure::new(FailureClass::Rejected, "SDK_CANNOT_CARRY", &detail)
}
