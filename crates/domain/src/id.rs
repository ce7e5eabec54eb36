//! Names and ids. Each is parsed once at a door and trusted from there on.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::invalid::{Invalid, line};

/// Declares a text newtype: one field name, one limit, one grammar.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $field:literal, $limit:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses the text.
            ///
            /// # Errors
            /// Names the field and what it accepts.
            pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
                let text = text.into();
                line($field, &text, $limit)?;
                let check: fn(&str) -> Result<(), &'static str> = $check;
                check(&text).map_err(|reason| Invalid::new($field, reason))?;
                Ok(Self(text))
            }

            /// The text as it was given.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Invalid;
            fn try_from(text: String) -> Result<Self, Invalid> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

/// Any printable text will do.
#[expect(clippy::unnecessary_wraps, reason = "one signature for every grammar")]
fn any(_: &str) -> Result<(), &'static str> {
    Ok(())
}

/// Lower-case words joined by `-`, `_` or `.`, with `/` between folders.
fn path(text: &str) -> Result<(), &'static str> {
    let word = |part: &str| {
        part.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.'))
    };
    if text.split('/').all(word) {
        Ok(())
    } else {
        Err("is not a name; use lower-case letters, digits, '-', '_' and '.', with '/' between folders")
    }
}

/// 12 lower-case letters and digits or more.
fn token(text: &str) -> Result<(), &'static str> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    if text.len() >= 12 && text.bytes().all(fits) {
        Ok(())
    } else {
        Err("is no token id; it has 12 to 32 lower-case letters and digits")
    }
}

text_id!(
    /// One letter to one recipient, and its record. Callers may bring their own (at most 200
    /// bytes); otherwise it is a `UUIDv7`.
    DeliveryId, "delivery_id", 200, any
);
impl From<Uuid> for DeliveryId {
    fn from(id: Uuid) -> Self {
        Self(id.to_string())
    }
}

text_id!(
    /// Which flow of the application a letter belongs to: `invite`, `password-reset`, …
    Workflow, "workflow", 100, path
);
text_id!(
    /// A template by its folder: `invitation`, `admin/tfa`.
    TemplateName, "template", 100, path
);
text_id!(
    /// The tenant on whose behalf a letter is sent.
    TenantId, "tenant_id", 100, any
);
text_id!(
    /// The caller's own name for "this very letter": the same key and content are one letter.
    IdempotencyKey, "idempotency_key", 200, any
);
text_id!(
    /// Which way out: `smtp`, `mailgun`, …
    TransportName, "transport", 50, path
);
text_id!(
    /// What the provider calls the letter that it took.
    ProviderMessageId, "provider_message_id", 998, any
);
text_id!(
    /// Who asked for something, as other people know them: the name of a token, a person at a terminal. It stands in
    /// the audit trail.
    Actor, "by", 200, any
);
text_id!(
    /// Why a person paused something, in their words: one line for other people, which logs may repeat.
    PauseReason, "reason", 200, any
);
text_id!(
    /// The public part of an access token, by which it is listed and revoked: 12 to 32 lower-case letters and
    /// digits. It opens nothing without the secret.
    TokenId, "token_id", 32, token
);
text_id!(
    /// What people call an access token: who uses it, and for what. One printable line of at most 100 bytes.
    TokenName, "name", 100, any
);

/// One start of one worker process. Never reused: a restart is another worker, so that the
/// dead one's letters are seen to be orphans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkerId(Uuid);

impl WorkerId {
    /// A worker id from fresh randomness.
    #[must_use]
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// The id as a UUID.
    #[must_use]
    pub const fn as_uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The fence of one claim: random per claim, so that no later life of the same letter can be
/// mistaken for it. Every write after the claim names it, and a stale one changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LeaseToken(Uuid);

impl LeaseToken {
    /// A token from fresh randomness.
    #[must_use]
    pub const fn new(token: Uuid) -> Self {
        Self(token)
    }

    /// The token as a UUID.
    #[must_use]
    pub const fn as_uuid(self) -> Uuid {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_paths_of_lower_case_words() {
        for good in ["invite", "password-reset", "admin/tfa", "hub/forgot-password", "a1.de"] {
            assert!(TemplateName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "Invite", "a b", "/a", "a/", "a//b", "../a", "-a", "ü", "a\nb"] {
            assert!(TemplateName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn token_ids_have_12_to_32_lower_case_letters_and_digits() {
        for good in ["abcdefghijkl", "0123456789ab", "abcdefghijklmnopqrstuvwxyz012345"] {
            assert!(TokenId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "abcdefghijk", "Abcdefghijkl", "abcdef-hijkl", "abcdefghijklmnopqrstuvwxyz0123456"] {
            assert!(TokenId::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_refusal_names_the_field_and_never_the_value() {
        let refusal = DeliveryId::parse("secret\r\n").unwrap_err();
        assert_eq!(refusal.field, "delivery_id");
        assert!(!refusal.to_string().contains("secret"));
    }
}
