//! A captured letter, taken apart for people.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mailparse::{MailHeaderMap as _, ParsedMail};

use super::figures::size;
use crate::inbox::Captured;

/// A letter, taken apart.
pub(super) struct Letter {
    pub number: u64,
    pub from: String,
    pub to: String,
    pub subject: String,
    pub date: String,
    pub headers: Vec<(String, String)>,
    pub text: Option<String>,
    pub html: Option<String>,
    pub files: Vec<File>,
    pub source: Vec<u8>,
    /// Images inside its HTML, by what the HTML calls them, as data.
    images: Vec<(String, String)>,
}

/// A file that came with it.
pub(super) struct File {
    pub name: String,
    pub kind: String,
    pub content: Vec<u8>,
}

impl File {
    /// Its size, for people.
    pub(super) fn size(&self) -> String {
        size(self.content.len())
    }
}

impl Letter {
    /// The letter as it was received; what cannot be read of it is left out, and the source is always there.
    pub(super) fn read(captured: Captured) -> Self {
        let Captured { sequence, mail_from, recipients, bytes, .. } = captured;
        let mut letter = Self {
            number: sequence,
            from: mail_from,
            to: recipients.join(", "),
            subject: String::new(),
            date: String::new(),
            headers: Vec::new(),
            text: None,
            html: None,
            files: Vec::new(),
            source: Vec::new(),
            images: Vec::new(),
        };
        if let Ok(mail) = mailparse::parse_mail(&bytes) {
            let first = |name: &str| mail.headers.get_first_value(name);
            letter.subject = first("Subject").unwrap_or_default();
            letter.date = first("Date").unwrap_or_default();
            letter.from = first("From").unwrap_or(letter.from);
            letter.headers = mail.headers.iter().map(|header| (header.get_key(), header.get_value())).collect();
            for part in mail.parts().filter(|part| part.subparts.is_empty()) {
                letter.take(part);
            }
        }
        letter.source = bytes;
        letter
    }

    fn take(&mut self, part: &ParsedMail<'_>) {
        let disposition = part.get_content_disposition();
        let name = disposition.params.get("filename").or_else(|| part.ctype.params.get("name")).cloned();
        let id = part.headers.get_first_value("Content-ID");
        match (part.ctype.mimetype.as_str(), &name) {
            ("text/plain", None) if self.text.is_none() => self.text = part.get_body().ok(),
            ("text/html", None) if self.html.is_none() => self.html = part.get_body().ok(),
            (kind, _) => {
                let content = part.get_body_raw().unwrap_or_default();
                if let Some(id) = id.filter(|_| IMAGES.contains(&kind)) {
                    let data = format!("data:{kind};base64,{}", STANDARD.encode(&content));
                    self.images.push((id.trim_matches(['<', '>']).to_owned(), data));
                }
                let name = name.unwrap_or_else(|| "without a name".to_owned());
                self.files.push(File { name, kind: kind.to_owned(), content });
            }
        }
    }

    /// Its HTML by itself, with its own images in it.
    pub(super) fn html_alone(&self) -> String {
        let html = self.html.clone().unwrap_or_default();
        self.images.iter().fold(html, |html, (id, data)| html.replace(&format!("cid:{id}"), data))
    }

    /// Its source as text, whatever it is.
    pub(super) fn source_text(&self) -> String {
        String::from_utf8_lossy(&self.source).into_owned()
    }
}

/// The images that are shown inside a letter.
const IMAGES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// A file's name in a header (RFC 6266): plain first, then with everything in it.
pub(super) fn disposition(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_. ".contains(c) { c } else { '_' }).collect();
    let mut whole = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            whole.push(char::from(byte));
        } else {
            let _ = write!(whole, "%{byte:02X}");
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_of_a_file_leaves_its_header() {
        let hostile = disposition("a\"; x=\r\nSet-Cookie: y\u{202e}.pdf");
        assert!(hostile.is_ascii() && !hostile.contains(['\r', '\n']), "{hostile}");
        assert_eq!(hostile.matches('"').count(), 2);
        assert_eq!(
            disposition("Rechnung ü.pdf"),
            "attachment; filename=\"Rechnung _.pdf\"; filename*=UTF-8''Rechnung%20%C3%BC.pdf"
        );
    }
}
