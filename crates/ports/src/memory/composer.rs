//! A composer of a few lines, for tests of what stands around one.

use postroom_domain::address::Mailbox;

use crate::composer::{ComposeError, Draft, MessageComposer};
use crate::letter::FrozenLetter;

/// Writes the smallest MIME message that has both bodies: UTF-8 as it is, no encoding, and no Date, since nobody sends
/// it anywhere. Lines that would need an encoding are refused.
#[derive(Debug, Default)]
pub struct PlainComposer;

/// The longest line of a message, in bytes without its end (RFC 5322 §2.1.1).
const LONGEST_LINE: usize = 998;

impl MessageComposer for PlainComposer {
    fn compose(&self, draft: Draft<'_>) -> Result<FrozenLetter, ComposeError> {
        if !draft.attachments.is_empty() {
            return Err(ComposeError { reason: "this composer writes no attachments".to_owned() });
        }
        let refuse = |reason: &str| ComposeError { reason: reason.to_owned() };
        let boundary = format!("=_{}", draft.delivery_id);
        let bodies = [("plain", &draft.rendered.text), ("html", &draft.rendered.html)];
        if bodies.iter().any(|(_, body)| body.contains(&boundary)) {
            return Err(refuse("a body repeats the id of its delivery"));
        }
        let message_id = format!("{}@{}", draft.delivery_id, draft.from.address().domain());
        let subject = draft.subject.map_or(draft.rendered.subject.as_str(), |subject| subject.as_str());
        let mut lines = vec![
            format!("From: {}", written(draft.from)),
            format!("To: {}", written(draft.to)),
            format!("Subject: {subject}"),
            format!("Message-ID: <{message_id}>"),
        ];
        lines.extend(draft.reply_to.map(|address| format!("Reply-To: {address}")));
        lines.extend(draft.headers.iter().map(|header| format!("{}: {}", header.name(), header.value())));
        lines.push("MIME-Version: 1.0".to_owned());
        lines.push(format!("Content-Type: multipart/alternative; boundary=\"{boundary}\""));
        lines.push(String::new());
        for (kind, body) in bodies {
            lines.push(format!("--{boundary}"));
            lines.push(format!("Content-Type: text/{kind}; charset=utf-8"));
            lines.push("Content-Transfer-Encoding: 8bit".to_owned());
            lines.push(String::new());
            lines.extend(body.lines().map(str::to_owned));
        }
        lines.push(format!("--{boundary}--"));
        if lines.iter().any(|line| line.len() > LONGEST_LINE || line.contains('\r')) {
            return Err(refuse("a line is longer than 998 bytes, or ends in the middle"));
        }
        Ok(FrozenLetter {
            mail_from: draft.from.address().clone(),
            rcpt_to: draft.to.address().clone(),
            bytes: (lines.join("\r\n") + "\r\n").into_bytes(),
            message_id,
            subject: subject.to_owned(),
            template_version: draft.rendered.version.clone(),
            locale: draft.rendered.locale.clone(),
        })
    }
}

fn written(mailbox: &Mailbox) -> String {
    let address = mailbox.address();
    mailbox.name().map_or_else(
        || address.to_string(),
        |name| format!("\"{}\" <{address}>", name.replace('\\', "\\\\").replace('"', "\\\"")),
    )
}

#[cfg(test)]
mod tests {
    use postroom_domain::address::EmailAddress;
    use postroom_domain::id::DeliveryId;
    use postroom_domain::time::Timestamp;

    use super::*;
    use crate::template::Rendered;

    fn composed(text: &str) -> Result<FrozenLetter, ComposeError> {
        let mailbox = |text| Mailbox::new(Some("Some \"one\""), EmailAddress::parse(text).unwrap()).unwrap();
        let (subject, html) = ("Grüße".to_owned(), "<p>x</p>".to_owned());
        PlainComposer.compose(Draft {
            delivery_id: &DeliveryId::parse("letter-1").unwrap(),
            from: &mailbox("post@example.com"),
            to: &mailbox("someone@example.org"),
            reply_to: None,
            subject: None,
            headers: &[],
            attachments: &[],
            rendered: &Rendered { subject, html, text: text.to_owned(), version: "1".to_owned(), locale: None },
            date: Timestamp::from_micros(0),
        })
    }

    #[test]
    fn a_message_has_its_headers_and_both_bodies() {
        let letter = composed("one\ntwo\r\nthree").unwrap();
        let text = String::from_utf8(letter.bytes).unwrap();
        assert!(text.starts_with("From: \"Some \\\"one\\\"\" <post@example.com>\r\nTo: "), "{text}");
        assert!(text.contains("\r\nSubject: Grüße\r\nMessage-ID: <letter-1@example.com>\r\n"), "{text}");
        assert!(text.contains("\r\n\r\none\r\ntwo\r\nthree\r\n--=_letter-1\r\nContent-Type: text/html"), "{text}");
        assert!(text.ends_with("<p>x</p>\r\n--=_letter-1--\r\n"), "{text}");
    }

    #[test]
    fn what_would_need_an_encoding_is_refused() {
        for text in ["x".repeat(999), "a\rb".to_owned(), "--=_letter-1--".to_owned()] {
            assert!(composed(&text).is_err());
        }
    }
}
