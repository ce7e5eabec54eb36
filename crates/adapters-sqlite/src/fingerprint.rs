//! What makes two letters the same letter.

use postroom_domain::attachment::Attachment;
use postroom_ports::letter::NewDelivery;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A hash over the whole letter with its attachments, its id and times not among it: who hands the same letter in
/// again may well have made a new id for it. It does not depend on the order in which the data
/// was written down.
pub(crate) fn fingerprint(new: &NewDelivery) -> Vec<u8> {
    let file = |file: &Attachment| {
        let content = Sha256::digest(file.bytes()).to_vec();
        json!([file.filename(), file.content_type(), file.content_id(), content])
    };
    let attachments: Vec<Value> = new.attachments.iter().map(file).collect();
    let mut canonical = String::new();
    write(&json!([new.letter, attachments]), &mut canonical);
    Sha256::digest(canonical.as_bytes()).to_vec()
}

/// JSON without spaces, the fields of each object in the order of the alphabet.
fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            out.push('{');
            for (name, value) in fields {
                write(&Value::from(name.as_str()), out);
                out.push(':');
                write(value, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for item in items {
                write(item, out);
                out.push(',');
            }
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &Value) -> String {
        let mut out = String::new();
        write(value, &mut out);
        out
    }

    #[test]
    fn the_order_of_fields_does_not_matter() {
        assert_eq!(written(&json!({"b": [1, "x"], "a": null})), r#"{"a":null,"b":[1,"x",],}"#);
    }

    #[test]
    fn everything_else_matters() {
        let different = [json!({}), json!([]), json!([[]]), json!("1"), json!(1), json!(["1,2"]), json!(["1", "2"])];
        for (i, one) in different.iter().enumerate() {
            for other in &different[..i] {
                assert_ne!(written(one), written(other));
            }
        }
    }
}
