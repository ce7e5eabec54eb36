//! Where a reader says that they want no more of a workflow's letters.
//!
//! Transactional letters need no such way; digests and notices do, and large mailbox providers
//! ask for it. What the reader says reaches the application, not Postroom.

use postroom_domain::id::DeliveryId;
use postroom_domain::invalid::Invalid;
use postroom_domain::letter::HeaderField;

const HEADER: &str = "List-Unsubscribe";
const POST_HEADER: &str = "List-Unsubscribe-Post";
/// What stands for the letter's own id.
const PLACEHOLDER: &str = "{delivery_id}";

/// Whether one click is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OneClick {
    /// The address takes a POST without any further question (RFC 8058).
    Yes,
    /// It is a page, or a mailbox.
    No,
}

/// The address, and what it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsubscribe {
    address: String,
    one_click: OneClick,
}

impl Unsubscribe {
    /// The address of a page or a mailbox; `{delivery_id}` in it becomes the letter's id.
    ///
    /// # Errors
    /// Names `unsubscribe` if it is no `https:` or `mailto:` address of printable ASCII, and
    /// `unsubscribe_post` if one click is promised for something else than `https:` (RFC 8058
    /// §3.1).
    pub fn new(address: &str, one_click: OneClick) -> Result<Self, Invalid> {
        let plain = |byte: u8| byte.is_ascii_graphic() && !b"<>,\"".contains(&byte);
        let known = address.starts_with("https://") || address.starts_with("mailto:");
        if !known || address.len() > 500 || !address.bytes().all(plain) {
            let reason = "must be an https: or mailto: address in ASCII, such as \
                          https://app.example.org/unsubscribe?letter={delivery_id}";
            return Err(Invalid::new("unsubscribe", reason));
        }
        if one_click == OneClick::Yes && !address.starts_with("https://") {
            return Err(Invalid::new("unsubscribe_post", "needs an https: address in unsubscribe; leave it out"));
        }
        Ok(Self { address: address.to_owned(), one_click })
    }

    /// A letter's own headers and those that say where to leave (RFC 2369, RFC 8058). What the
    /// letter says by itself stands.
    ///
    /// # Errors
    /// The address became too long with the letter's id in it.
    pub fn beside(&self, headers: &[HeaderField], id: &DeliveryId) -> Result<Vec<HeaderField>, Invalid> {
        let mut all = headers.to_vec();
        if all.iter().any(|header| header.name().eq_ignore_ascii_case(HEADER)) {
            return Ok(all);
        }
        let address = self.address.replace(PLACEHOLDER, &percent_encoded(id.as_str()));
        all.push(HeaderField::new(HEADER, &format!("<{address}>"))?);
        if self.one_click == OneClick::Yes {
            all.push(HeaderField::new(POST_HEADER, "List-Unsubscribe=One-Click")?);
        }
        Ok(all)
    }
}

/// Everything but what RFC 3986 §2.3 calls unreserved.
fn percent_encoded(text: &str) -> String {
    let encoded = |byte: u8| match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encoded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(address: &str, one_click: OneClick, own: &[HeaderField]) -> Vec<(String, String)> {
        let id = DeliveryId::parse("digest 7/ü").unwrap();
        let all = Unsubscribe::new(address, one_click).unwrap().beside(own, &id).unwrap();
        all.iter().map(|header| (header.name().to_owned(), header.value().to_owned())).collect()
    }

    #[test]
    fn the_letter_s_id_stands_in_the_address() {
        let address = "https://app.example.org/leave?letter={delivery_id}";
        let expected = "<https://app.example.org/leave?letter=digest%207%2F%C3%BC>".to_owned();
        assert_eq!(headers(address, OneClick::No, &[]), [(HEADER.to_owned(), expected.clone())]);
        let both = headers(address, OneClick::Yes, &[]);
        let post = (POST_HEADER.to_owned(), "List-Unsubscribe=One-Click".to_owned());
        assert_eq!(both, [(HEADER.to_owned(), expected), post]);
    }

    #[test]
    fn what_the_letter_says_by_itself_stands() {
        let own = [HeaderField::new("list-unsubscribe", "<https://example.org/own>").unwrap()];
        assert_eq!(headers("mailto:leave@example.org", OneClick::No, &own).len(), 1);
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in ["http://example.org", "https://a b", "javascript:x", "https://a>,<https://b", "https://a\r\nBcc: x"]
        {
            assert_eq!(Unsubscribe::new(bad, OneClick::No).unwrap_err().field, "unsubscribe", "{bad}");
        }
        let by_mail = Unsubscribe::new("mailto:leave@example.org", OneClick::Yes);
        assert_eq!(by_mail.unwrap_err().field, "unsubscribe_post");
    }
}
