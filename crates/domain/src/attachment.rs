//! Files that travel with a letter, and pictures that its HTML shows.

use std::fmt;

use crate::invalid::{Invalid, line};

/// How many attachments one letter may bring.
pub const ATTACHMENT_COUNT_LIMIT: usize = 10;
/// The size of all attachments of one letter together, in bytes before any encoding. With
/// base64 a third larger they stay below the 10 MB that a mail server commonly takes.
pub const ATTACHMENT_SIZE_LIMIT: usize = 7_000_000;
/// The longest filename, in bytes.
pub const FILENAME_LIMIT: usize = 200;

/// How an attachment is shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Placement {
    /// As a file beside the letter.
    Beside,
    /// Inside the HTML, which names it as `cid:<content id>`.
    Inline(String),
}

/// One file of a letter. `Debug` shows neither its name nor its bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    filename: String,
    content_type: String,
    placement: Placement,
    bytes: Vec<u8>,
}

impl Attachment {
    /// Checks one attachment.
    ///
    /// # Errors
    /// Names `attachments.filename` if it is empty, longer than 200 bytes, not one printable
    /// line or a path; `attachments.content_type` if it is not `type/subtype` (RFC 2045 §5.1)
    /// or one whose parts are ours to write; `attachments.content_id` if it is not plain
    /// ASCII; `attachments.content` if it is larger than all attachments together may be.
    pub fn new(filename: &str, content_type: &str, placement: Placement, bytes: Vec<u8>) -> Result<Self, Invalid> {
        line("attachments.filename", filename, FILENAME_LIMIT)?;
        if filename.contains(['/', '\\']) || filename.starts_with('.') {
            return Err(Invalid::new("attachments.filename", "must be a plain file name, without a folder"));
        }
        check_content_type(content_type)?;
        if let Placement::Inline(id) = &placement {
            check_content_id(id)?;
        }
        if bytes.len() > ATTACHMENT_SIZE_LIMIT {
            return Err(too_large(bytes.len()));
        }
        let content_type = content_type.to_ascii_lowercase();
        Ok(Self { filename: filename.to_owned(), content_type, placement, bytes })
    }

    /// What the recipient sees it called.
    #[must_use]
    pub fn filename(&self) -> &str {
        &self.filename
    }

    /// Its media type in lower case, without parameters.
    #[must_use]
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// How it is shown.
    #[must_use]
    pub const fn placement(&self) -> &Placement {
        &self.placement
    }

    /// By which name the HTML shows it, where it does.
    #[must_use]
    pub fn content_id(&self) -> Option<&str> {
        match &self.placement {
            Placement::Beside => None,
            Placement::Inline(id) => Some(id),
        }
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attachment")
            .field("content_type", &self.content_type)
            .field("size", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// Checks the attachments of one letter against each other.
///
/// # Errors
/// Names `attachments` if they are too many, too large together, or if two share a content id.
pub fn check_all(attachments: &[Attachment]) -> Result<(), Invalid> {
    if attachments.len() > ATTACHMENT_COUNT_LIMIT {
        return Err(Invalid::new("attachments", format!("are more than {ATTACHMENT_COUNT_LIMIT}; send fewer")));
    }
    let size = attachments.iter().map(|attachment| attachment.bytes.len()).sum();
    if size > ATTACHMENT_SIZE_LIMIT {
        return Err(too_large(size));
    }
    let mut ids: Vec<&str> = attachments.iter().filter_map(Attachment::content_id).collect();
    ids.sort_unstable();
    if ids.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Invalid::new("attachments.content_id", "is used twice; each inline image needs its own"));
    }
    Ok(())
}

fn too_large(size: usize) -> Invalid {
    let reason = format!("are {size} bytes; at most {ATTACHMENT_SIZE_LIMIT} are accepted: send a link instead");
    Invalid::new("attachments", reason)
}

/// `type/subtype` of RFC 2045 tokens. A multipart or a message has a structure that readers
/// act on, so neither comes from outside.
fn check_content_type(text: &str) -> Result<(), Invalid> {
    let refuse = |reason: &str| Err(Invalid::new("attachments.content_type", reason));
    let token =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b));
    let Some((kind, subtype)) = text.split_once('/') else {
        return refuse("must be a media type such as application/pdf");
    };
    if text.len() > 127 || !token(kind) || !token(subtype) {
        return refuse("must be a media type such as application/pdf, without parameters");
    }
    if ["multipart", "message"].contains(&kind.to_ascii_lowercase().as_str()) {
        return refuse("must not be a multipart or a message; attach it as application/octet-stream");
    }
    Ok(())
}

/// Letters, digits and `._-@`: what stands in `cid:` links as it is (RFC 2392).
fn check_content_id(id: &str) -> Result<(), Invalid> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-@".contains(&b);
    if (1..=100).contains(&id.len()) && id.bytes().all(plain) {
        Ok(())
    } else {
        Err(Invalid::new("attachments.content_id", "must be 1 to 100 letters, digits and . _ - @"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(filename: &str, content_type: &str, placement: Placement) -> String {
        Attachment::new(filename, content_type, placement, Vec::new()).unwrap_err().field
    }

    #[test]
    fn what_could_forge_a_header_or_a_path_is_refused_by_field() {
        for name in ["", "a\r\nBcc: x", "../a", "a/b", "a\\b", ".profile", "nul\0", &"x".repeat(201), "\u{202E}gpj.exe"]
        {
            assert_eq!(refused(name, "text/plain", Placement::Beside), "attachments.filename", "{name:?}");
        }
        for kind in ["", "pdf", "a/", "/b", "text/plain; charset=x", "text/pl ain", "a/b\r\nX: y", "multipart/mixed"] {
            assert_eq!(refused("a.txt", kind, Placement::Beside), "attachments.content_type", "{kind:?}");
        }
        for id in ["", "a b", "<a>", "a\r\nb", "ü"] {
            assert_eq!(refused("a.png", "image/png", Placement::Inline(id.into())), "attachments.content_id", "{id:?}");
        }
    }

    #[test]
    fn odd_but_honest_names_are_accepted() {
        for name in ["Rechnung März 2030.pdf", "報告書.pdf", "🎉.png", "a;b=\"c\".txt", "no-ending"] {
            assert!(Attachment::new(name, "application/pdf", Placement::Beside, vec![0, 255]).is_ok(), "{name}");
        }
    }

    #[test]
    fn number_size_and_content_ids_are_limited_together() {
        let file = |bytes: usize| Attachment::new("a.bin", "a/b", Placement::Beside, vec![0; bytes]).unwrap();
        let image = || Attachment::new("a.png", "image/png", Placement::Inline("logo".into()), Vec::new()).unwrap();
        assert!(check_all(&vec![file(0); ATTACHMENT_COUNT_LIMIT]).is_ok());
        assert_eq!(check_all(&vec![file(0); ATTACHMENT_COUNT_LIMIT + 1]).unwrap_err().field, "attachments");
        assert_eq!(check_all(&[file(ATTACHMENT_SIZE_LIMIT), file(1)]).unwrap_err().field, "attachments");
        assert_eq!(check_all(&[image(), image()]).unwrap_err().field, "attachments.content_id");
        let large = Attachment::new("a", "a/b", Placement::Beside, vec![0; ATTACHMENT_SIZE_LIMIT + 1]);
        assert_eq!(large.unwrap_err().field, "attachments");
    }

    #[test]
    fn debug_shows_neither_name_nor_bytes() {
        let shown = format!("{:?}", Attachment::new("secret.txt", "text/plain", Placement::Beside, b"code".to_vec()));
        assert!(!shown.contains("secret") && !shown.contains("99"), "{shown}");
    }
}
