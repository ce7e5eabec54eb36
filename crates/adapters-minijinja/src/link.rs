//! Which links may stand in a letter.
//!
//! Escaping keeps a value inside its attribute; it does not stop `javascript:`. So every link
//! passes the `link` filter, which accepts `https:`, `http:` and `mailto:` and nothing that two
//! readers could understand differently.

/// Whether `url` may be a link.
///
/// A URI is printable ASCII (RFC 3986 §2), so whatever hides in white space, control
/// characters, look-alike letters or bidirectional marks is refused by the first rule; write
/// such characters percent-encoded, and host names as A-labels. Backslashes, which browsers
/// read as slashes, quotes and angle brackets are no URI characters either.
pub(crate) fn is_safe(url: &str) -> bool {
    let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'\\' | b'"' | b'<' | b'>' | b'`');
    if !url.bytes().all(plain) {
        return false;
    }
    let Some((scheme, rest)) = url.split_once(':') else { return false };
    match scheme.to_ascii_lowercase().as_str() {
        "https" | "http" => rest.strip_prefix("//").is_some_and(has_plain_host),
        "mailto" => rest.split('?').next().is_some_and(|address| !address.is_empty()),
        _ => false,
    }
}

/// Whether everybody on the way can read what is sent to `url`, and change it.
pub(crate) fn is_plain_http(url: &str) -> bool {
    url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http:"))
}

/// Whether a host follows `//`, and no user name before it: in `https://bank.example@evil.example/`
/// people read the first name and browsers go to the second.
fn has_plain_host(rest: &str) -> bool {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.split(':').next().unwrap_or_default();
    !host.is_empty() && !authority.contains('@')
}

#[cfg(test)]
mod tests {
    use super::is_safe;

    #[test]
    fn web_and_mail_links_are_safe() {
        for url in [
            "https://example.org",
            "HTTPS://example.org/a?b=c&d=e#f",
            "http://localhost:8080/accept",
            "https://[2001:db8::1]/a",
            "https://example.org/@name",
            "mailto:help@example.org?subject=Help",
        ] {
            assert!(is_safe(url), "{url}");
        }
    }

    #[test]
    fn everything_else_is_not() {
        for url in [
            "",
            "example.org",
            "/relative",
            "//example.org/a",
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "java\nscript:alert(1)",
            "\u{1}javascript:alert(1)",
            " javascript:alert(1)",
            "javascript://example.org/%0aalert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/hosts",
            "ftp://example.org/",
            "https:",
            "https:example.org",
            "https://",
            "https:///path",
            "https://?q",
            "https://:443/",
            "https:\\\\example.org",
            "https://example.org\\@evil.example",
            "https://example.org@evil.example/",
            "https://user:secret@example.org/",
            "https://example.org/ a",
            "https://example.org/\u{a0}",
            "https://example.org/\r\nBcc: x",
            "https://example.org/\u{202e}",
            "https://ex\u{e4}mple.org/",
            "https://example.org/\"onclick=",
            "https://example.org/<b>",
            "mailto:",
            "mailto:?subject=x",
        ] {
            assert!(!is_safe(url), "{url:?}");
        }
    }
}
