//! The tree of parts, no deeper than a letter needs.
//!
//! ```text
//!   mixed ─┬─ alternative ─┬─ text/plain
//!          │               └─ related ─┬─ text/html
//!          │                           └─ images that the HTML shows (RFC 2387)
//!          └─ files beside the letter
//! ```

use std::fmt::Write as _;

use mail_builder::headers::HeaderType;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::message_id::MessageId;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::{BodyPart, MimePart};
use postroom_domain::attachment::{Attachment, Placement};

use super::identity::Boundaries;

/// How many bytes of a percent-encoded name stand on one line.
const SECTION: usize = 16;

/// Text and HTML as alternatives, images around the HTML, files around all of it.
pub(super) fn tree<'a>(
    text: &'a str,
    html: &'a str,
    attachments: &'a [Attachment],
    boundaries: &Boundaries<'_>,
) -> MimePart<'a> {
    let (inside, beside): (Vec<_>, Vec<_>) =
        attachments.iter().partition(|attachment| attachment.content_id().is_some());
    let html = around("related", MimePart::new("text/html", html), inside, boundaries);
    let alternatives = vec![MimePart::new("text/plain", text), html];
    let letter = MimePart::new(multipart("alternative", boundaries), alternatives);
    around("mixed", letter, beside, boundaries)
}

/// `first` with what belongs to it; itself where nothing does.
fn around<'a>(
    level: &str,
    first: MimePart<'a>,
    attached: Vec<&'a Attachment>,
    boundaries: &Boundaries<'_>,
) -> MimePart<'a> {
    if attached.is_empty() {
        return first;
    }
    let parts: Vec<_> = std::iter::once(first).chain(attached.into_iter().map(file)).collect();
    MimePart::new(multipart(level, boundaries), parts)
}

/// The boundary is an attribute: inside the type's text it would be written twice.
fn multipart(level: &str, boundaries: &Boundaries<'_>) -> ContentType<'static> {
    let kind = ContentType::new(format!("multipart/{level}"));
    // What the other parts belong to (RFC 2387 §3.1).
    let kind = if level == "related" { kind.attribute("type", "text/html") } else { kind };
    kind.attribute("boundary", boundaries.at(level))
}

/// One file in Base64. Its type goes in as it is, so that mail-builder does not take text for
/// lines whose ends it may change: the bytes arrive as they were handed in.
fn file(attachment: &Attachment) -> MimePart<'_> {
    let disposition = match attachment.placement() {
        Placement::Beside => "attachment",
        Placement::Inline(_) => "inline",
    };
    let mut headers: Vec<(_, HeaderType<'_>)> = vec![
        ("Content-Type".into(), Raw::new(attachment.content_type()).into()),
        ("Content-Disposition".into(), named(disposition, attachment.filename())),
    ];
    if let Some(id) = attachment.content_id() {
        headers.push(("Content-ID".into(), MessageId::new(id).into()));
    }
    MimePart { headers, contents: BodyPart::Binary(attachment.bytes().into()) }
}

/// The name by RFC 2231, once: a second, plain spelling of it is a defect to strict readers.
/// mail-builder leaves plain text that looks like an encoded word as it is, and readers decode
/// it, line breaks included; such a name is percent-encoded here.
fn named<'a>(disposition: &'static str, filename: &'a str) -> HeaderType<'a> {
    if !filename.contains("=?") {
        return ContentType::new(disposition).attribute("filename", filename).into();
    }
    // Sections of whole bytes: some readers decode each before they join them.
    let mut value = disposition.to_owned();
    for (place, section) in filename.as_bytes().chunks(SECTION).enumerate() {
        let charset = if place == 0 { "UTF-8''" } else { "" };
        let encoded: String = section.iter().copied().map(percent).collect();
        let _ = write!(value, "; filename*{place}*={charset}{encoded}");
    }
    Raw::new(value).into()
}

/// One byte of a name; letters and digits of ASCII stay readable (RFC 2231 §7).
fn percent(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
}
