//! What is the same whenever one letter is composed: its Message-ID and its boundaries.

use postroom_domain::id::DeliveryId;
use sha2::{Digest, Sha256};

/// The longest delivery id that stands in a Message-ID as it is.
const READABLE_LIMIT: usize = 64;
/// 128 bits, in hex digits.
const HASH_DIGITS: usize = 32;

/// The delivery id itself where RFC 5322 allows it, so that people find one by the other; its
/// hash otherwise.
pub(super) fn message_id(delivery_id: &DeliveryId, domain: &str) -> String {
    let id = delivery_id.as_str();
    let word = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if id.len() <= READABLE_LIMIT && id.split('.').all(word) {
        format!("{id}@{domain}")
    } else {
        format!("{}@{domain}", hash(&["message-id", id]))
    }
}

/// Lines of these texts end a part, one text for each level at which parts may lie. The bodies
/// go into the hash, so that nobody can put the boundary of a letter into its data by knowing its
/// id: they would have to find text that contains its own hash. Attachments need not go in:
/// Base64 has no `-`.
#[derive(Debug)]
pub(super) struct Boundaries<'a> {
    pieces: [&'a str; 3],
}

impl<'a> Boundaries<'a> {
    pub(super) fn of(delivery_id: &'a DeliveryId, text: &'a str, html: &'a str) -> Self {
        Self { pieces: [delivery_id.as_str(), text, html] }
    }

    /// The boundary of `multipart/<level>`.
    pub(super) fn at(&self, level: &str) -> String {
        let [id, text, html] = self.pieces;
        format!("part_{}", hash(&["boundary", level, id, text, html]))
    }
}

/// Each piece goes in with its length before it, so that no two lists of pieces are alike.
fn hash(pieces: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for piece in pieces {
        hasher.update(piece.len().to_be_bytes());
        hasher.update(piece);
    }
    let mut digits = hex::encode(hasher.finalize());
    digits.truncate(HASH_DIGITS);
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_is_readable_where_that_is_safe() {
        let id = |text: &str| message_id(&DeliveryId::parse(text).unwrap(), "example.org");
        assert_eq!(id("0193a5c0-1b2c-7d3e"), "0193a5c0-1b2c-7d3e@example.org");
        assert_eq!(id("order.17_a"), "order.17_a@example.org");
        for odd in ["a b", "a@b", "a>b", ".a", "a.", "a..b", "ü", "a/b", "=?x?=", &"a".repeat(65)] {
            let id = id(odd);
            assert_eq!(id.len(), HASH_DIGITS + "@example.org".len(), "{odd}");
            assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'@' | b'.')));
        }
        assert_ne!(id("a b"), id("a c"));
    }
}
