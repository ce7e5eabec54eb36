//! Email addresses, parsed strictly and once.
//!
//! The grammar is RFC 5321's mailbox without comments, quoted display text, address literals
//! or dotless domains. An internationalised domain is kept as A-labels (RFC 5890), which every
//! server understands; a UTF-8 local part stays as it is and needs a transport with SMTPUTF8
//! (RFC 6531), which [`EmailAddress::needs_smtputf8`] tells.

use std::fmt;

use email_address::Options;
use serde::{Deserialize, Serialize};

use crate::invalid::{Invalid, line, printable};

/// The longest address that fits an SMTP path (RFC 5321 §4.5.3.1.3, less the brackets).
const ADDRESS_LIMIT: usize = 254;
/// The longest display name that we write into a header.
const NAME_LIMIT: usize = 255;
const SHAPE: &str = "is not an email address; write it as name@example.org";

/// A valid address: local part as given, domain in lower-case A-labels.
///
/// `Debug` is masked: addresses never reach a log. `Display` is the address itself, for the
/// wire and for the person who asked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Parses an address.
    ///
    /// # Errors
    /// Names the field `recipient` (see [`Invalid::in_field`]) and what is wrong; the address
    /// itself is not repeated.
    pub fn parse(text: impl AsRef<str>) -> Result<Self, Invalid> {
        let text = text.as_ref();
        let invalid = |reason: &str| Invalid::new("recipient", reason);
        printable("recipient", text)?;
        let (local, domain) =
            text.rsplit_once('@').ok_or_else(|| invalid("has no domain; write it as name@example.org"))?;
        if domain.is_empty() {
            return Err(invalid("has no domain; write it as name@example.org"));
        }
        let domain = ascii_domain(domain)?;
        let address = format!("{local}@{domain}");
        if address.len() > ADDRESS_LIMIT {
            return Err(invalid("is longer than 254 bytes, the most that SMTP can carry"));
        }
        let options = Options::default().with_required_tld().without_domain_literal().without_display_text();
        email_address::EmailAddress::parse_with_options(&address, options).map_err(|_| invalid(SHAPE))?;
        if local.chars().any(|c| c.is_whitespace() || matches!(c, '\u{200B}'..='\u{200F}' | '\u{FEFF}' | '"')) {
            return Err(invalid(SHAPE));
        }
        Ok(Self(address))
    }

    /// The address as it goes onto the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The domain, in A-labels.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// Whether only a transport that offers SMTPUTF8 can carry it.
    #[must_use]
    pub fn needs_smtputf8(&self) -> bool {
        !self.0.is_ascii()
    }

    /// `a***@example.org`: enough to recognise, too little to leak.
    #[must_use]
    pub fn masked(&self) -> String {
        let first = self.0.chars().next().unwrap_or('*');
        format!("{first}***@{}", self.domain())
    }
}

/// The domain as lower-case A-labels; refuses underscores, all-digit top-level domains and
/// whatever else cannot be a host name.
fn ascii_domain(domain: &str) -> Result<String, Invalid> {
    let invalid = || Invalid::new("recipient", "has a domain that cannot exist; check its spelling");
    let ascii = idna::domain_to_ascii_strict(domain).map_err(|_| invalid())?;
    let top = ascii.rsplit('.').next().unwrap_or("");
    let named = ascii.contains('.') && !top.is_empty() && !top.bytes().all(|b| b.is_ascii_digit());
    if named { Ok(ascii) } else { Err(invalid()) }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(***)")
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(text)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}

/// An address and, perhaps, the name of whom it belongs to.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Mailbox {
    name: Option<String>,
    address: EmailAddress,
}

impl Mailbox {
    /// A mailbox; an empty name is no name.
    ///
    /// # Errors
    /// Names `recipient_name` if it holds control characters or is longer than 255 bytes.
    pub fn new(name: Option<&str>, address: EmailAddress) -> Result<Self, Invalid> {
        let name = name.map(str::trim).filter(|name| !name.is_empty());
        if let Some(name) = name {
            line("recipient_name", name, NAME_LIMIT)?;
        }
        Ok(Self { name: name.map(str::to_owned), address })
    }

    /// The display name.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The address.
    #[must_use]
    pub const fn address(&self) -> &EmailAddress {
        &self.address
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailbox(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_but_valid_addresses_are_accepted() {
        for good in [
            "a@example.org",
            "first.last+tag@example.org",
            "o'brien@example.org",
            "x_y=z@sub.example.org",
            "1234567890123456789012345678901234567890123456789012345678901234@example.org",
            "пётр@example.org",
        ] {
            assert!(EmailAddress::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn what_cannot_be_an_address_is_refused() {
        for bad in [
            "",
            "a",
            "a@",
            "@example.org",
            "a@b",
            "a@127.0.0.1",
            "a@[127.0.0.1]",
            "a@ex_ample.org",
            "a b@example.org",
            "a@example.org\r\nBcc: b@example.org",
            "A <a@example.org>",
            "a@-bad.org",
            "a..b@example.org",
            ".a@example.org",
            "a@example.org,b@example.org",
            "a\0@example.org",
            "\u{202E}a@example.org",
            "a\u{200B}@example.org",
            "12345678901234567890123456789012345678901234567890123456789012345@example.org",
            "\"a b\"@example.org",
            "a@example.123",
        ] {
            assert!(EmailAddress::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn domains_become_a_labels() {
        let address = EmailAddress::parse("post@Bücher.example").unwrap();
        assert_eq!(address.as_str(), "post@xn--bcher-kva.example");
        assert!(!address.needs_smtputf8());
        assert!(EmailAddress::parse("пётр@example.org").unwrap().needs_smtputf8());
    }

    #[test]
    fn debug_shows_nothing() {
        let address = EmailAddress::parse("someone@example.org").unwrap();
        assert!(!format!("{address:?}").contains("someone"));
        let mailbox = Mailbox::new(Some("Some One"), address).unwrap();
        assert!(!format!("{mailbox:?}").contains("Some"));
    }
}
