//! A received letter, read by a MIME parser that has nothing to do with the one that wrote it.

use anyhow::{Context, Result};
use mailparse::{MailHeaderMap, ParsedMail};
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
    /// What is attached, in the order of the parts: images of the HTML lie before the files beside it.
    pub files: Vec<ReceivedFile>,
}

/// One attachment, as a mail program would save it.
#[derive(Clone, PartialEq, Eq)]
pub struct ReceivedFile {
    /// Its name.
    pub filename: String,
    /// Its media type.
    pub content_type: String,
    /// By which name the HTML shows it, without brackets.
    pub content_id: Option<String>,
    /// Its bytes.
    pub bytes: Vec<u8>,
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
            files: message.parts().filter_map(file).collect::<Result<_>>()?,
        })
    }

    /// The value of a header; empty if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value.as_str())
    }
}

/// A part that says how it is to be shown is a file.
fn file(part: &ParsedMail<'_>) -> Option<Result<ReceivedFile>> {
    part.headers.get_first_header("Content-Disposition")?;
    let read = || {
        let filename = part.get_content_disposition().params.remove("filename").context("a file without a name")?;
        let content_id = part.headers.get_first_value("Content-ID");
        Ok(ReceivedFile {
            filename,
            content_type: part.ctype.mimetype.clone(),
            content_id: content_id.map(|id| id.trim_matches(['<', '>']).to_owned()),
            bytes: part.get_body_raw()?,
        })
    };
    Some(read())
}

impl std::fmt::Debug for ReceivedFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReceivedFile").field("size", &self.bytes.len()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Letter {
    // A failed assertion may end in a public log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Letter").field("headers", &self.headers.len()).finish_non_exhaustive()
    }
}
