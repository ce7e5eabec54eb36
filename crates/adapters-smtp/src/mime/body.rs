//! Bodies before they are encoded.

/// The text with CRLF at every line end, and without NULs, which no message may hold
/// (RFC 5322 §4). A CR that stands alone ended a line on some system once; it does here.
pub(super) fn normalised(text: &str) -> String {
    let mut lines = String::with_capacity(text.len() + text.len() / 16);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\0' => {}
            '\r' => {
                characters.next_if_eq(&'\n');
                lines.push_str("\r\n");
            }
            '\n' => lines.push_str("\r\n"),
            other => lines.push(other),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_ends_with_crlf_and_no_nul_is_left() {
        for (text, wanted) in [
            ("a\nb", "a\r\nb"),
            ("a\r\nb\r\n", "a\r\nb\r\n"),
            ("a\rb\r\r\n", "a\r\nb\r\n\r\n"),
            ("\0a\0\n.\n", "a\r\n.\r\n"),
            ("", ""),
        ] {
            assert_eq!(normalised(text), wanted, "{text:?}");
        }
    }
}
