//! The one error for input that is refused at a door.

/// A field that was refused, why, and what would be accepted.
///
/// It names the field and never repeats its value: values are addresses, names and codes,
/// and errors end up in logs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct Invalid {
    /// The field at fault, as a letter spells it (`recipient`, `headers.X-Tag`).
    pub field: String,
    /// What is wrong with it and what to write instead.
    pub reason: String,
}

impl Invalid {
    /// A refusal of `field` for `reason`.
    #[must_use]
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }

    /// The same refusal under the name that the caller knows the field by.
    #[must_use]
    pub fn in_field(mut self, field: impl Into<String>) -> Self {
        self.field = field.into();
        self
    }
}

/// Refuses control characters (CR, LF and NUL among them) and what would forge how a line
/// of text reads: bidirectional overrides and isolates (Unicode TR 36), and non-characters.
///
/// # Errors
/// Names `field` and the kind of character.
pub(crate) fn printable(field: &str, text: &str) -> Result<(), Invalid> {
    let found = text.chars().find_map(|c| match c {
        '\r' | '\n' | '\u{2028}' | '\u{2029}' => Some("a line break"),
        '\0' => Some("a NUL character"),
        c if c.is_control() => Some("a control character"),
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => Some("a bidirectional override"),
        c if (c as u32) & 0xFFFE == 0xFFFE || ('\u{FDD0}'..='\u{FDEF}').contains(&c) => Some("a Unicode non-character"),
        _ => None,
    });
    match found {
        Some(what) => Err(Invalid::new(field, format!("contains {what}; remove it"))),
        None => Ok(()),
    }
}

/// Refuses text that is empty or longer than `limit` bytes, or not printable.
///
/// # Errors
/// Names `field` and the limit.
pub(crate) fn line(field: &str, text: &str, limit: usize) -> Result<(), Invalid> {
    if text.is_empty() {
        return Err(Invalid::new(field, "is empty; give it a value"));
    }
    if text.len() > limit {
        return Err(Invalid::new(field, format!("is {} bytes long; at most {limit} are accepted", text.len())));
    }
    printable(field, text)
}
