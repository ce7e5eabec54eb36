//! The attachments of a letter as people write them: a list of objects with the bytes in Base64.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use postroom_domain::attachment::{ATTACHMENT_COUNT_LIMIT, Attachment, Placement};
use postroom_domain::invalid::Invalid;
use serde_json::{Map, Value};

/// The standard alphabet with its padding (RFC 4648 §4). Bits that nobody needs may be anything, as PostgreSQL has it.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// Reads the field `attachments`. What they may come to together is checked with the whole letter.
///
/// # Errors
/// Names the attachment and its field: `attachments[0].filename`.
pub(super) fn read(value: Option<Value>) -> Result<Vec<Attachment>, Invalid> {
    let items = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(_) => return Err(Invalid::new("attachments", "must be a list of attachments: [{…}]")),
    };
    if items.len() > ATTACHMENT_COUNT_LIMIT {
        // Before any of them is decoded.
        return Err(Invalid::new("attachments", format!("are more than {ATTACHMENT_COUNT_LIMIT}; send fewer")));
    }
    let item = |(place, item)| {
        let Value::Object(fields) = item else {
            let reason = "must be a JSON object with filename, content_type and content";
            return Err(Invalid::new(format!("attachments[{place}]"), reason));
        };
        one(fields).map_err(|invalid| placed(invalid, place))
    };
    items.into_iter().enumerate().map(item).collect()
}

fn one(mut fields: Map<String, Value>) -> Result<Attachment, Invalid> {
    let filename = required(&mut fields, "filename")?;
    let content_type = required(&mut fields, "content_type")?;
    let content = required(&mut fields, "content")?;
    let placement = text(&mut fields, "content_id")?.map_or(Placement::Beside, Placement::Inline);
    if let Some(unknown) = fields.keys().next() {
        // The name is the caller's text: it is shown only as far as it could be one.
        let shown: String =
            unknown.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).take(40).collect();
        let reason = "is not a field of an attachment; there are filename, content_type, content, content_id";
        return Err(Invalid::new(format!("attachments.{shown}"), reason));
    }
    Attachment::new(&filename, &content_type, placement, decoded(content)?)
}

/// The bytes of a Base64 text, in which many programs break lines.
fn decoded(mut text: String) -> Result<Vec<u8>, Invalid> {
    text.retain(|c| !matches!(c, ' ' | '\t' | '\r' | '\n'));
    BASE64
        .decode(text)
        .map_err(|_| Invalid::new("attachments.content", "is not Base64; use the standard alphabet, with padding"))
}

fn required(fields: &mut Map<String, Value>, name: &str) -> Result<String, Invalid> {
    let missing = || Invalid::new(format!("attachments.{name}"), "is missing; every attachment needs it");
    text(fields, name)?.ok_or_else(missing)
}

fn text(fields: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Invalid> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Invalid::new(format!("attachments.{name}"), "must be a text in quotation marks")),
    }
}

/// The same refusal with the place of the attachment in its field: `attachments[0].filename`. How large all of them
/// may be is no matter of one.
fn placed(invalid: Invalid, place: usize) -> Invalid {
    match invalid.field.strip_prefix("attachments.").map(|rest| format!("attachments[{place}].{rest}")) {
        Some(field) => invalid.in_field(field),
        None => invalid,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn file(change: Value) -> Value {
        let mut file = json!({"filename": "a.txt", "content_type": "text/plain", "content": "YQ=="});
        if let (Value::Object(file), Value::Object(change)) = (&mut file, change) {
            file.extend(change);
        }
        file
    }

    #[test]
    fn attachments_are_read_in_order_with_their_bytes() {
        let inline = file(json!({"filename": "🎉.png", "content_type": "Image/PNG", "content_id": "logo"}));
        let read = read(Some(json!([file(json!({"content": " //79\r\n/A== "})), inline]))).unwrap();
        assert_eq!((read[0].bytes(), read[0].content_id()), (&b"\xff\xfe\xfd\xfc"[..], None));
        assert_eq!((read[1].filename(), read[1].content_type()), ("🎉.png", "image/png"));
        assert_eq!((read[1].bytes(), read[1].content_id()), (&b"a"[..], Some("logo")));
        assert!(super::read(Some(Value::Null)).unwrap().is_empty());
        assert!(super::read(Some(json!([]))).unwrap().is_empty());
    }

    #[test]
    fn every_refusal_names_the_attachment_and_its_field() {
        let table = [
            (json!({"filename": "../a"}), "attachments[1].filename"),
            (json!({"filename": "a\r\nBcc: x"}), "attachments[1].filename"),
            (json!({"filename": "\u{202E}gpj.exe"}), "attachments[1].filename"),
            (json!({"filename": null}), "attachments[1].filename"),
            (json!({"filename": 1}), "attachments[1].filename"),
            (json!({"content_type": "multipart/mixed"}), "attachments[1].content_type"),
            (json!({"content_type": null}), "attachments[1].content_type"),
            (json!({"content": "YQ"}), "attachments[1].content"),
            (json!({"content": "Y*=="}), "attachments[1].content"),
            (json!({"content": "YQ==YQ=="}), "attachments[1].content"),
            (json!({"content": "_-8="}), "attachments[1].content"),
            (json!({"content": null}), "attachments[1].content"),
            (json!({"content_id": "a b"}), "attachments[1].content_id"),
            (json!({"path": "/etc/passwd"}), "attachments[1].path"),
        ];
        for (change, field) in table {
            let refused = read(Some(json!([file(json!({})), file(change.clone())]))).unwrap_err();
            assert_eq!(refused.field, field, "{change}");
        }
        assert_eq!(read(Some(json!([1]))).unwrap_err().field, "attachments[0]");
        assert_eq!(read(Some(json!({}))).unwrap_err().field, "attachments");
        assert_eq!(read(Some(json!(vec![1; 11]))).unwrap_err().field, "attachments");
        let large = "A".repeat(9_400_000);
        assert_eq!(read(Some(json!([file(json!({"content": large}))]))).unwrap_err().field, "attachments");
    }
}
