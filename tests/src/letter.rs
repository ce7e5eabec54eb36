//! A received letter, read by a MIME parser that has nothing to do with the one that wrote it.

use anyhow::{Context, Result};
use postroom_dev_inbox::Captured;

/// What a mail program would show.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// The envelope's recipient.
    pub recipient: String,
    /// Names and values of its headers, decoded.
    pub headers: Vec<(String, String)>,
    /// The part `text/plain`, decoded.
    pub text: String,
    /// The part `text/html`, decoded.
    pub html: String,
}

impl Letter {
    /// Reads one.
    ///
    /// # Errors
    /// It is not MIME, or lacks a part or its recipient.
    pub fn read(captured: &Captured) -> Result<Self> {
        let message = mailparse::parse_mail(&captured.bytes)?;
        let part = |kind: &str| -> Result<String> {
            let part = message.parts().find(|part| part.ctype.mimetype == kind);
            Ok(part.with_context(|| format!("no part {kind}"))?.get_body()?)
        };
        Ok(Self {
            recipient: captured.recipients.first().context("no recipient")?.clone(),
            headers: message.headers.iter().map(|h| (h.get_key(), h.get_value())).collect(),
            text: part("text/plain")?,
            html: part("text/html")?,
        })
    }

    /// The value of a header; empty if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value.as_str())
    }
}

impl std::fmt::Debug for Letter {
    // A failed assertion may end in a public log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Letter").field("headers", &self.headers.len()).finish_non_exhaustive()
    }
}
