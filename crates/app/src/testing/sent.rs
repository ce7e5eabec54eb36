//! A letter as whoever got it reads it.

use std::fmt;

use postroom_domain::id::DeliveryId;
use postroom_ports::memory::Sent;

/// A letter that was sent, read back from its message by a MIME parser. `Debug` shows neither address nor words.
#[derive(Clone, PartialEq, Eq)]
pub struct SentLetter {
    /// Whose record it is.
    pub delivery_id: DeliveryId,
    /// To whom it went, by its envelope.
    pub recipient: String,
    /// Its subject, decoded.
    pub subject: String,
    /// The body `text/plain`, decoded; empty if there is none.
    pub text: String,
    /// The body `text/html`, decoded; empty if there is none.
    pub html: String,
    /// Names and values of its headers, decoded, in order.
    pub headers: Vec<(String, String)>,
    /// The message as it travelled.
    pub bytes: Vec<u8>,
}

impl SentLetter {
    /// The value of a header, whatever the case of its name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn read(sent: Sent) -> Result<Self, mailparse::MailParseError> {
        let message = mailparse::parse_mail(&sent.letter.bytes)?;
        let body = |kind: &str| {
            let part = message.parts().find(|part| part.ctype.mimetype == kind);
            part.map_or_else(|| Ok(String::new()), mailparse::ParsedMail::get_body)
        };
        let (text, html) = (body("text/plain")?, body("text/html")?);
        let headers = message.headers.iter().map(|header| (header.get_key(), header.get_value())).collect();
        Ok(Self {
            delivery_id: sent.delivery_id,
            recipient: sent.letter.rcpt_to.to_string(),
            subject: sent.letter.subject,
            text,
            html,
            headers,
            bytes: sent.letter.bytes,
        })
    }
}

impl fmt::Debug for SentLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentLetter").field("delivery_id", &self.delivery_id).finish_non_exhaustive()
    }
}
