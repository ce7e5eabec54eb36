//! Error text that may be kept: cut and redacted in one place.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How many characters of an error text are kept.
pub const DETAIL_LIMIT: usize = 512;

/// A piece of text from another system, safe to store and to log: at most 512 characters,
/// one line, without addresses, links, credentials or anything that looks like a code or a
/// token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Detail(String);

impl Detail {
    /// Redacts and cuts `text`. Doing it twice changes nothing.
    #[must_use]
    pub fn redacted(text: &str) -> Self {
        let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let mut words = Vec::new();
        let mut hide_next = false;
        for word in clean.split_whitespace() {
            if hide_next {
                words.push("[secret]".to_owned());
                hide_next = announces_secret(word);
                continue;
            }
            hide_next = announces_secret(word);
            words.push(redact_word(word));
        }
        Self(words.join(" ").chars().take(DETAIL_LIMIT).collect())
    }

    /// The text that is left.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// `AUTH PLAIN …`, `Bearer …`, `Authorization: …`: the next word is a credential.
fn announces_secret(word: &str) -> bool {
    let word = word.trim_end_matches([':', '=']).to_ascii_lowercase();
    matches!(
        word.as_str(),
        "plain" | "login" | "bearer" | "basic" | "authorization" | "password" | "passwd" | "token" | "secret"
    )
}

/// One word, or what stands in its place.
fn redact_word(word: &str) -> String {
    if word.contains('@') && word != "@" {
        return "[address]".to_owned();
    }
    if word.contains("://") {
        return "[link]".to_owned();
    }
    let assigns_secret =
        word.split_once(['=', ':']).is_some_and(|(key, value)| !value.is_empty() && announces_secret(key));
    if assigns_secret {
        return "[secret]".to_owned();
    }
    if is_token(word) { "[token]".to_owned() } else { word.to_owned() }
}

/// Long runs of letters and digits mixed, or exactly six digits: a key or a sign-in code.
fn is_token(word: &str) -> bool {
    let core = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let digits = core.bytes().filter(u8::is_ascii_digit).count();
    let letters = core.bytes().filter(u8::is_ascii_alphabetic).count();
    let alone = core.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'+' | b'/' | b'=' | b'.'));
    (core.len() == 6 && digits == 6) || (alone && core.len() >= 20 && digits >= 1 && letters >= 1)
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for Detail {
    fn from(text: String) -> Self {
        Self::redacted(&text)
    }
}

impl From<Detail> for String {
    fn from(detail: Detail) -> Self {
        detail.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_not_be_kept_is_replaced() {
        let table = [
            ("550 5.1.1 <a@example.org> unknown", "550 5.1.1 [address] unknown"),
            ("535 bad AUTH PLAIN AGEAYg==", "535 bad AUTH PLAIN [secret]"),
            ("key-1a2b3c4d5e6f7a8b9c0d1e2f refused", "[token] refused"),
            ("see https://example.org/reset?t=1", "see [link]"),
            ("code 123456 rejected", "code [token] rejected"),
            ("password=hunter2 wrong", "[secret] wrong"),
            ("two\r\nlines", "two lines"),
            ("421 4.7.0 try again later", "421 4.7.0 try again later"),
        ];
        for (text, kept) in table {
            assert_eq!(Detail::redacted(text).as_str(), kept);
        }
    }

    #[test]
    fn the_text_is_cut_at_512_characters() {
        assert_eq!(Detail::redacted(&"ü ".repeat(900)).as_str().chars().count(), DETAIL_LIMIT);
    }
}
