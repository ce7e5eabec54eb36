//! The parts of a letter that an application writes and that end up in its header.
//!
//! Control characters are refused, never stripped: a line break in a subject is an attempt to
//! forge a header or a bug, and both want to be heard of.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::invalid::{Invalid, line};

/// The longest subject, in bytes.
pub const SUBJECT_LIMIT: usize = 500;
/// The longest value of one extra header, in bytes (RFC 5322 §2.1.1 limits a line to 998).
pub const HEADER_VALUE_LIMIT: usize = 900;
/// How many extra headers one letter may bring.
pub const HEADER_COUNT_LIMIT: usize = 20;
/// The largest template data of one letter, in bytes of JSON.
pub const DATA_LIMIT: usize = 262_144;
/// The largest metadata of one letter, in bytes of JSON.
pub const METADATA_LIMIT: usize = 16_384;

/// Headers that are ours to write: the envelope, the MIME structure, and what claims an
/// origin or a trace.
const RESERVED: [&str; 15] = [
    "from",
    "to",
    "cc",
    "bcc",
    "subject",
    "date",
    "sender",
    "reply-to",
    "message-id",
    "mime-version",
    "received",
    "return-path",
    "auto-submitted",
    "delivered-to",
    "dkim-signature",
];
const RESERVED_PREFIXES: [&str; 4] = ["content-", "resent-", "arc-", "x-postroom-"];

/// The longest kind or id of what caused a letter, in bytes.
const SOURCE_LIMIT: usize = 200;

/// Checks what in the application caused a letter: `source_type` or `source_id`.
///
/// # Errors
/// Names `field` if it is empty, longer than 200 bytes or not one printable line.
pub fn check_source(field: &str, text: &str) -> Result<(), Invalid> {
    line(field, text, SOURCE_LIMIT)
}

/// A subject line.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subject(String);

impl Subject {
    /// Parses a subject.
    ///
    /// # Errors
    /// Names `subject` if it is empty, longer than 500 bytes or not one printable line.
    pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        line("subject", &text, SUBJECT_LIMIT)?;
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subject(***)")
    }
}

impl TryFrom<String> for Subject {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(text)
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.0
    }
}

/// One extra header that the application asks for: `X-Campaign: spring`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderField {
    name: String,
    value: String,
}

impl HeaderField {
    /// Checks one header.
    ///
    /// # Errors
    /// Names `headers.<name>` if the name is not RFC 5322 field text, is one that Postroom
    /// writes itself, or if the value is empty, too long or not one printable line.
    pub fn new(name: &str, value: &str) -> Result<Self, Invalid> {
        let token = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if name.is_empty() || name.len() > 76 || !name.bytes().all(token) {
            return Err(Invalid::new("headers", "has a name that is no header name; use letters, digits and '-'"));
        }
        let field = format!("headers.{name}");
        let lower = name.to_ascii_lowercase();
        if RESERVED.contains(&lower.as_str()) || RESERVED_PREFIXES.iter().any(|prefix| lower.starts_with(prefix)) {
            return Err(Invalid::new(field, "is written by Postroom itself; leave it out"));
        }
        line(&field, value, HEADER_VALUE_LIMIT)?;
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }

    /// The name, spelled as given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value, not yet encoded.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Debug for HeaderField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HeaderField({}: ***)", self.name)
    }
}

/// How urgent a letter is: 0 (bulk) to 9 (a code that somebody waits for); 5 by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Priority(u8);

impl Priority {
    /// Neither bulk nor urgent.
    pub const DEFAULT: Self = Self(5);

    /// A priority from 0 to 9.
    ///
    /// # Errors
    /// Names `priority` and its range.
    pub fn new(priority: i64) -> Result<Self, Invalid> {
        match u8::try_from(priority) {
            Ok(value @ 0..=9) => Ok(Self(value)),
            _ => Err(Invalid::new("priority", "must be a whole number from 0 (bulk) to 9 (most urgent)")),
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl Default for Priority {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl TryFrom<i64> for Priority {
    type Error = Invalid;
    fn try_from(priority: i64) -> Result<Self, Invalid> {
        Self::new(priority)
    }
}

impl From<Priority> for i64 {
    fn from(priority: Priority) -> Self {
        Self::from(priority.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forged_headers_are_refused_by_name() {
        for (name, value) in [
            ("X-A\r\nBcc", "a@example.org"),
            ("X-A", "b\r\nBcc: a@example.org"),
            ("X A", "b"),
            ("", "b"),
            ("X-A", ""),
            ("Bcc", "a@example.org"),
            ("content-type", "text/html"),
            ("Resent-To", "a@example.org"),
            ("X-A", "nul\0"),
        ] {
            let refusal = HeaderField::new(name, value).unwrap_err();
            assert!(refusal.field.starts_with("headers"), "{name:?}");
            assert!(!refusal.to_string().contains("example.org"));
        }
        assert!(HeaderField::new("X-Campaign", "spring").is_ok());
    }

    #[test]
    fn a_subject_is_one_printable_line() {
        for bad in ["", "a\r\nBcc: x", "a\nb", "nul\0", "\u{202E}evil", "\u{85}"] {
            assert_eq!(Subject::parse(bad).unwrap_err().field, "subject");
        }
        assert!(Subject::parse("Wëlcome 👋").is_ok());
    }

    #[test]
    fn priorities_run_from_0_to_9() {
        assert_eq!(Priority::new(9).unwrap().get(), 9);
        for bad in [-1, 10, i64::MIN, i64::MAX] {
            assert_eq!(Priority::new(bad).unwrap_err().field, "priority");
        }
    }
}
