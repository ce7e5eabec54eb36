//! Replies, and how they look on the wire (RFC 5321 §4.2, RFC 2034).

use crate::config::{Config, Extension};

/// A reply: code, enhanced code, and one or more lines of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub(crate) code: u16,
    pub(crate) enhanced: Option<String>,
    pub(crate) lines: Vec<String>,
}

impl Reply {
    /// One line. `enhanced` is `"4.7.1"`, or `None` for a reply without.
    #[must_use]
    pub fn new<'a>(code: u16, enhanced: impl Into<Option<&'a str>>, text: &str) -> Self {
        Self::multiline(code, enhanced, [text])
    }

    /// Several lines, `250-…` up to the last, `250 …`.
    #[must_use]
    pub fn multiline<'a, L: Into<String>>(
        code: u16,
        enhanced: impl Into<Option<&'a str>>,
        lines: impl IntoIterator<Item = L>,
    ) -> Self {
        Self { code, enhanced: enhanced.into().map(str::to_owned), lines: lines.into_iter().map(Into::into).collect() }
    }

    /// The reply as this configuration sends it: enhanced codes only where
    /// they were offered.
    pub(crate) fn with_codes_offered_by(mut self, config: &Config) -> Self {
        if !config.offers(Extension::EnhancedStatusCodes) {
            self.enhanced = None;
        }
        self
    }

    /// The octets to send.
    pub(crate) fn octets(&self) -> Vec<u8> {
        let enhanced = self.enhanced.as_ref().map_or(String::new(), |code| format!("{code} "));
        let last = self.lines.len().saturating_sub(1);
        let mut wire = String::new();
        for (index, line) in self.lines.iter().enumerate() {
            let mark = if index == last { " " } else { "-" };
            wire.extend([self.code.to_string().as_str(), mark, &enhanced, line, "\r\n"]);
        }
        wire.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::Reply;

    #[test]
    fn every_line_carries_both_codes_and_only_the_last_a_space() {
        let reply = Reply::multiline(550, "5.1.1", ["one", "two"]);
        assert_eq!(reply.octets(), b"550-5.1.1 one\r\n550 5.1.1 two\r\n");
        assert_eq!(Reply::new(354, None, "go on").octets(), b"354 go on\r\n");
    }
}
