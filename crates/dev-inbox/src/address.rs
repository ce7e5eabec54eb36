//! Paths and mailboxes as commands write them (RFC 5321 §4.1.2): enough to
//! refuse what a strict receiver would refuse.

/// RFC 5321 §4.5.3.1.1 and §4.5.3.1.3 (256 octets with the angle brackets).
const LOCAL_LIMIT: usize = 64;
const ADDRESS_LIMIT: usize = 254;

/// Splits `<address> rest` into the address and the rest; quoted local parts
/// may contain `>`.
pub(crate) fn path(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('<')?;
    let mut quoted = false;
    let mut escaped = false;
    for (index, c) in inner.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '>' if !quoted => return Some((&inner[..index], &inner[index + 1..])),
            _ => {}
        }
    }
    None
}

/// Whether this is a mailbox: `local@domain`, within the limits.
pub(crate) fn is_mailbox(address: &str) -> bool {
    address.len() <= ADDRESS_LIMIT
        && address.rsplit_once('@').is_some_and(|(local, domain)| is_local_part(local) && is_domain(domain))
}

fn is_local_part(local: &str) -> bool {
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    local.len() <= LOCAL_LIMIT && (quoted || local.split('.').all(is_atom))
}

fn is_atom(atom: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || !c.is_ascii() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    !atom.is_empty() && atom.chars().all(allowed)
}

fn is_domain(domain: &str) -> bool {
    let literal = domain.starts_with('[') && domain.ends_with(']');
    literal || domain.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || !c.is_ascii() || c == '-';
    !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::{is_mailbox, path};

    #[test]
    fn a_path_ends_at_the_first_bracket_outside_quotes() {
        assert_eq!(path("<a@example.org> SIZE=1"), Some(("a@example.org", " SIZE=1")));
        assert_eq!(path("<>"), Some(("", "")));
        assert_eq!(path(r#"<"a>\"b"@example.org>"#), Some((r#""a>\"b"@example.org"#, "")));
        assert_eq!(path("a@example.org"), None);
        assert_eq!(path("<a@example.org"), None);
    }

    #[test]
    fn mailboxes_are_told_from_what_is_none() {
        for good in ["a@example.org", "a.b+c@example.org", r#""a b"@example.org"#, "jörg@exämple.org", "a@[127.0.0.1]"]
        {
            assert!(is_mailbox(good), "{good}");
        }
        let long = format!("{}@example.org", "a".repeat(65));
        for bad in [
            "",
            "a",
            "@example.org",
            "a@",
            "a..b@example.org",
            "a b@example.org",
            "a@b@example.org",
            "a@-x.org",
            "a@x..org",
            "a<b@example.org",
            &long,
        ] {
            assert!(!is_mailbox(bad), "{bad}");
        }
    }
}
