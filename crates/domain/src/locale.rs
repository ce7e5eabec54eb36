//! The language that a letter is written in.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::invalid::Invalid;

/// The longest locale, in bytes.
const LIMIT: usize = 35;
/// Languages that are written from right to left, where no script says otherwise.
const RIGHT_TO_LEFT: [&str; 8] = ["ar", "dv", "fa", "he", "ps", "ur", "yi", "ckb"];

/// Which way a language is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// As this text is.
    LeftToRight,
    /// As Arabic and Hebrew are.
    RightToLeft,
}

impl Direction {
    /// As HTML spells it in `dir`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LeftToRight => "ltr",
            Self::RightToLeft => "rtl",
        }
    }
}

/// A language tag (BCP 47) in lower case: `de`, `pt-br`. `pt_BR` is read as the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Locale(String);

impl Locale {
    /// Parses a language tag.
    ///
    /// # Errors
    /// Names `locale` if the text is no language of two or three letters with parts of two to
    /// eight letters and digits behind it.
    pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into().to_ascii_lowercase().replace('_', "-");
        let mut parts = text.split('-');
        let language = parts.next().unwrap_or_default();
        let is_language = (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_lowercase());
        let is_part = |part: &str| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
        if is_language && parts.all(is_part) && text.len() <= LIMIT {
            Ok(Self(text))
        } else {
            Err(Invalid::new("locale", "is not a language; write it as de, pt-BR or zh-Hant"))
        }
    }

    /// The tag in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// This locale and what it falls back to, nearest first: `pt-br`, then `pt`.
    pub fn fallbacks(&self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self.clone()), |locale| {
            locale.0.rsplit_once('-').map(|(shorter, _)| Self(shorter.to_owned()))
        })
    }

    /// Which way it is written.
    #[must_use]
    pub fn direction(&self) -> Direction {
        let language = self.0.split('-').next().unwrap_or_default();
        if RIGHT_TO_LEFT.contains(&language) && !self.0.contains("-latn") {
            Direction::RightToLeft
        } else {
            Direction::LeftToRight
        }
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Locale {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(text)
    }
}

impl From<Locale> for String {
    fn from(locale: Locale) -> Self {
        locale.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_however_they_are_spelled() {
        for (text, tag) in [("de", "de"), ("pt_BR", "pt-br"), ("zh-Hant-TW", "zh-hant-tw"), ("DE-at", "de-at")] {
            assert_eq!(Locale::parse(text).unwrap().as_str(), tag);
        }
        for bad in ["", "d", "german", "de-", "de-x", "../de", "de de", "de\n", "12", "de-abcdefghi"] {
            assert_eq!(Locale::parse(bad).unwrap_err().field, "locale", "{bad:?}");
        }
    }

    #[test]
    fn a_locale_falls_back_to_its_language() {
        let tags: Vec<String> =
            Locale::parse("zh-Hant-TW").unwrap().fallbacks().map(|locale| locale.to_string()).collect();
        assert_eq!(tags, ["zh-hant-tw", "zh-hant", "zh"]);
    }

    #[test]
    fn arabic_and_hebrew_run_from_right_to_left() {
        for (tag, direction) in [("ar", "rtl"), ("he-IL", "rtl"), ("ar-Latn", "ltr"), ("de", "ltr"), ("arn", "ltr")] {
            assert_eq!(Locale::parse(tag).unwrap().direction().as_str(), direction, "{tag}");
        }
    }
}
