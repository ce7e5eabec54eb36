//! Header values, encoded so that a reader gets back exactly what was written.
//!
//! mail-builder encodes and folds, with one gap: plain text that looks like an encoded word
//! (`=?utf-8?Q?…?=`) is written as it is, and readers decode it, line breaks included. Any
//! value with `=?` in it is therefore encoded here, and decodes to itself.

use mail_builder::headers::HeaderType;
use mail_builder::headers::address::Address;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;
use postroom_domain::address::Mailbox;

/// The longest content of one encoded word: 75, less `=?utf-8?Q?` and `?=` (RFC 2047 §2).
const WORD_LIMIT: usize = 63;

/// The text with a space for every control character, so that it stays one line.
pub(super) fn one_line(text: &str) -> String {
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A name and an address.
pub(super) fn mailbox(mailbox: &Mailbox) -> HeaderType<'_> {
    let address = mailbox.address().as_str();
    match mailbox.name() {
        Some(name) if deceives(name) => HeaderType::Raw(Raw::new(format!("{} <{address}>", encoded_words(name)))),
        Some(name) if breaks(name) => HeaderType::Raw(Raw::new(format!("{} <{address}>", quoted_string(name)))),
        name => HeaderType::Address(Address::new_address(name, address)),
    }
}

/// Text for people.
pub(super) fn text(value: &str) -> HeaderType<'_> {
    if deceives(value) { HeaderType::Raw(Raw::new(encoded_words(value))) } else { HeaderType::Text(Text::new(value)) }
}

/// An application's own header. Its value may have a grammar of its own (`List-Unsubscribe`),
/// which encoding would break: ASCII is folded at most, and fits a line even if it cannot be.
pub(super) fn extra(value: &str) -> HeaderType<'_> {
    if value.is_ascii() && !deceives(value) { verbatim(value) } else { text(value) }
}

/// A value that is folded at most.
pub(super) fn verbatim(value: &str) -> HeaderType<'_> {
    HeaderType::Raw(Raw::new(value))
}

fn deceives(value: &str) -> bool {
    value.contains("=?")
}

/// Whether a plain name is so long that mail-builder cuts it in two: some readers put a space
/// where it was cut, in the middle of a word.
fn breaks(name: &str) -> bool {
    name.is_ascii() && name.len() > WORD_LIMIT
}

/// The name in quotes, which may be folded at its spaces and fits a line even if it has none.
fn quoted_string(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The value as encoded words; readers join adjacent ones without the space (RFC 2047 §6.2).
fn encoded_words(value: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for character in value.chars() {
        let encoded = quoted(character);
        if word.len() + encoded.len() > WORD_LIMIT {
            words.push(std::mem::take(&mut word));
        }
        word.push_str(&encoded);
    }
    words.push(word);
    words.iter().map(|word| format!("=?utf-8?Q?{word}?=")).collect::<Vec<_>>().join(" ")
}

/// One character in the Q encoding, as it may stand even inside a name (RFC 2047 §5 (3)).
fn quoted(character: char) -> String {
    if character.is_ascii_alphanumeric() {
        return character.to_string();
    }
    let mut encoded = String::with_capacity(12);
    for byte in character.encode_utf8(&mut [0; 4]).bytes() {
        encoded.push('=');
        encoded.push_str(&hex::encode_upper([byte]));
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_encoded_is_encoded_once_more() {
        assert_eq!(encoded_words("=?a"), "=?utf-8?Q?=3D=3Fa?=");
        let long = encoded_words(&"=?ü".repeat(40));
        assert!(long.split(' ').all(|word| word.len() <= 75 && word.starts_with("=?utf-8?Q?")));
        assert_eq!(quoted('ü'), "=C3=BC");
    }

    #[test]
    fn a_subject_stays_one_line() {
        assert_eq!(one_line(" a\r\nBcc: b\u{85}\tc\n"), "a  Bcc: b  c");
    }
}
