//! The fields of one letter.

use postroom_ports::transport::Outgoing;
use reqwest::multipart::{Form, Part};

use crate::config::{MailgunConfig, TestMode};

/// The bytes as a file of their own, and beside them what Mailgun needs to know. `to` is the
/// envelope: the headers inside the bytes decide nothing.
pub(super) fn of(outgoing: Outgoing<'_>, config: &MailgunConfig) -> Form {
    // By mailgun-rs, without a name: its text is then the address alone, which cannot hold what
    // separates two recipients.
    let to = mailgun_rs::EmailAddress::address(outgoing.letter.rcpt_to.as_str());
    let mut form = Form::new()
        .text("to", to.to_string())
        // It comes back with every webhook and event, and names the record.
        .text("v:delivery_id", outgoing.delivery_id.as_str().to_owned());
    for tag in &config.tags {
        form = form.text("o:tag", tag.clone());
    }
    if config.test_mode == TestMode::On {
        form = form.text("o:testmode", "yes");
    }
    form.part("message", Part::bytes(outgoing.letter.bytes.clone()).file_name("message.mime"))
}
