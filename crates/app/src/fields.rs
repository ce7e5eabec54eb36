//! A letter as people write it: JSON fields, the same in files, flags and HTTP.

mod attachments;

use postroom_domain::address::{EmailAddress, Mailbox};
use postroom_domain::attachment::Attachment;
use postroom_domain::id::{DeliveryId, IdempotencyKey, TemplateName, TenantId, Workflow};
use postroom_domain::invalid::Invalid;
use postroom_domain::letter::{HeaderField, Priority, Subject};
use postroom_domain::locale::Locale;
use postroom_domain::time::Timestamp;
use postroom_ports::clock::Clock as _;
use postroom_ports::letter::{Data, Letter, NewDelivery};
use serde_json::{Map, Value};

use crate::system::SystemClock;

/// Every field that a letter has.
pub const FIELDS: [&str; 18] = [
    "workflow",
    "template",
    "recipient",
    "data",
    "recipient_name",
    "subject",
    "delivery_id",
    "idempotency_key",
    "due_at",
    "expires_at",
    "priority",
    "tenant_id",
    "source_type",
    "source_id",
    "reply_to",
    "headers",
    "locale",
    "attachments",
];
/// `metadata` is one more; it never leaves the house.
const METADATA: &str = "metadata";

/// A letter that was read but has no id yet where the caller gave none.
#[derive(Clone, Debug, PartialEq)]
pub struct Fields {
    /// The caller's own id.
    pub delivery_id: Option<DeliveryId>,
    /// Everything else.
    pub letter: Letter,
    /// Files beside it and images inside its HTML, in order.
    pub attachments: Vec<Attachment>,
    /// The caller's name for "this very letter".
    pub idempotency_key: Option<IdempotencyKey>,
    /// Not before then.
    pub due_at: Option<Timestamp>,
    /// Not after then.
    pub expires_at: Option<Timestamp>,
}

impl Fields {
    /// Reads a letter from a JSON text.
    ///
    /// # Errors
    /// Names the field at fault, or `letter` where the text is no JSON object.
    pub fn from_json(text: &[u8]) -> Result<Self, Invalid> {
        let text = std::str::from_utf8(text).map_err(|e| {
            Invalid::new("letter", format!("is not UTF-8 at byte {}; encode it as UTF-8", e.valid_up_to()))
        })?;
        let value: Value = serde_json::from_str(text)
            .map_err(|e| Invalid::new("letter", format!("is not JSON at line {}, column {}", e.line(), e.column())))?;
        match value {
            Value::Object(object) => Self::from_object(object),
            _ => Err(Invalid::new("letter", "must be a JSON object with the fields of a letter")),
        }
    }

    /// Reads a letter from a JSON object.
    ///
    /// # Errors
    /// Names the field at fault; unknown fields are refused, because a misspelt
    /// `expires_at` would otherwise be a promise that nobody keeps.
    pub fn from_object(object: Map<String, Value>) -> Result<Self, Invalid> {
        let mut object = Object(object);
        object.refuse_unknown()?;
        let recipient = EmailAddress::parse(object.required("recipient")?)?;
        let recipient = Mailbox::new(object.text("recipient_name")?.as_deref(), recipient)?;
        let workflow = Workflow::parse(object.required("workflow")?)?;
        let template = TemplateName::parse(object.required("template")?)?;
        let mut letter = Letter::new(workflow, template, recipient, object.object("data")?);
        letter.locale = object.text("locale")?.map(Locale::parse).transpose()?;
        letter.subject = object.text("subject")?.map(Subject::parse).transpose()?;
        letter.reply_to = object
            .text("reply_to")?
            .map(|text| EmailAddress::parse(text).map_err(|e| e.in_field("reply_to")))
            .transpose()?;
        letter.headers = object.headers()?;
        letter.tenant_id = object.text("tenant_id")?.map(TenantId::parse).transpose()?;
        letter.source_type = object.text("source_type")?;
        letter.source_id = object.text("source_id")?;
        letter.priority = object.priority()?;
        letter.metadata = object.object(METADATA)?;
        Ok(Self {
            delivery_id: object.text("delivery_id")?.map(DeliveryId::parse).transpose()?,
            letter,
            attachments: attachments::read(object.0.remove("attachments"))?,
            idempotency_key: object.text("idempotency_key")?.map(IdempotencyKey::parse).transpose()?,
            due_at: object.time("due_at")?,
            expires_at: object.time("expires_at")?,
        })
    }

    /// The letter under `id`, unless it brought its own.
    #[must_use]
    pub fn under(self, id: impl FnOnce() -> DeliveryId) -> NewDelivery {
        NewDelivery {
            delivery_id: self.delivery_id.unwrap_or_else(id),
            letter: self.letter,
            attachments: self.attachments,
            idempotency_key: self.idempotency_key,
            due_at: self.due_at,
            expires_at: self.expires_at,
            max_attempts: None,
        }
    }
}

/// The fields that have not been read yet.
struct Object(Map<String, Value>);

impl Object {
    fn refuse_unknown(&self) -> Result<(), Invalid> {
        for name in self.0.keys() {
            if name != METADATA && !FIELDS.contains(&name.as_str()) {
                // The name is the caller's text: it is shown only as far as it could be one.
                let shown: String =
                    name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).take(40).collect();
                let reason = match nearest(&shown) {
                    Some(known) => format!("is not a field of a letter; did you mean '{known}'?"),
                    None => format!("is not a field of a letter; there are {}, {METADATA}", FIELDS.join(", ")),
                };
                return Err(Invalid::new(shown, reason));
            }
        }
        Ok(())
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, Invalid> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Invalid::new(name, "must be a text in quotation marks")),
        }
    }

    fn required(&mut self, name: &str) -> Result<String, Invalid> {
        self.text(name)?.ok_or_else(|| Invalid::new(name, "is missing; every letter needs it"))
    }

    fn object(&mut self, name: &str) -> Result<Data, Invalid> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(Data::new()),
            Some(Value::Object(object)) => Ok(object),
            Some(_) => Err(Invalid::new(name, "must be a JSON object")),
        }
    }

    fn headers(&mut self) -> Result<Vec<HeaderField>, Invalid> {
        let field = |(name, value): (String, Value)| match value {
            Value::String(value) => HeaderField::new(&name, &value),
            _ => Err(Invalid::new("headers", "must map header names to texts")),
        };
        self.object("headers")?.into_iter().map(field).collect()
    }

    fn priority(&mut self) -> Result<Priority, Invalid> {
        match self.0.remove("priority") {
            None | Some(Value::Null) => Ok(Priority::DEFAULT),
            Some(value) => Priority::new(value.as_i64().unwrap_or(-1)),
        }
    }

    fn time(&mut self, name: &str) -> Result<Option<Timestamp>, Invalid> {
        self.text(name)?.map(|text| parse_time(name, &text)).transpose()
    }
}

/// Reads a point in time.
///
/// # Errors
/// Names `field` and the form that is expected.
pub fn parse_time(field: &str, text: &str) -> Result<Timestamp, Invalid> {
    let time = text.parse::<jiff::Timestamp>();
    let time = time.map_err(|_| Invalid::new(field, "is not a time; write it as 2030-01-31T12:00:00Z"))?;
    storable(field, Timestamp::from_micros(time.as_microsecond()))
}

fn storable(field: &str, time: Timestamp) -> Result<Timestamp, Invalid> {
    let fits = Timestamp::STORABLE.contains(&time);
    if fits { Ok(time) } else { Err(Invalid::new(field, "lies outside of the years 1 to 9999")) }
}

/// A time, or how long ago it was.
///
/// # Errors
/// Names `field` and the forms that are expected.
pub fn parse_moment(field: &str, text: &str) -> Result<Timestamp, Invalid> {
    if let Some(ago) = text.parse::<jiff::Span>().ok().and_then(|span| span.total(span_unit()).ok()) {
        // Whole microseconds fit: a span has at most 20,000 years.
        #[expect(clippy::cast_possible_truncation, reason = "a part of a microsecond does not matter")]
        let micros = (ago * 1e6) as i64;
        let time = Timestamp::from_micros(SystemClock::start().now().as_micros().saturating_sub(micros));
        return storable(field, time);
    }
    let neither = "is no time; write it as 2030-01-31T12:00:00Z, or as an age such as 2h or 7d";
    text.parse::<jiff::Timestamp>().map_err(|_| Invalid::new(field, neither))?;
    parse_time(field, text)
}

fn span_unit() -> jiff::SpanTotal<'static> {
    jiff::SpanTotal::from(jiff::Unit::Second).days_are_24_hours()
}

/// The known field that a misspelt one is nearest to, if it is near.
fn nearest(name: &str) -> Option<&'static str> {
    let near = |known: &&'static str| strsim::levenshtein(name, known) <= 2;
    FIELDS.iter().copied().chain([METADATA]).find(|known| near(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> Invalid {
        Fields::from_json(json.as_bytes()).unwrap_err()
    }

    fn with(extra: &str) -> String {
        format!(r#"{{"workflow":"invite","template":"invitation","recipient":"a@example.org","data":{{}}{extra}}}"#)
    }

    #[test]
    fn every_refusal_names_its_field() {
        let table = [
            (r#"{"template":"t","recipient":"a@example.org"}"#.to_owned(), "workflow"),
            (r#"{"workflow":"w","recipient":"a@example.org"}"#.to_owned(), "template"),
            (r#"{"workflow":"w","template":"t"}"#.to_owned(), "recipient"),
            (r#"{"workflow":"w","template":"t","recipient":"a"}"#.to_owned(), "recipient"),
            (with(r#","subject":"a\r\nBcc: b""#), "subject"),
            (with(r#","recipient_name":"a\nb""#), "recipient_name"),
            (with(r#","headers":{"X-A":"b\r\nBcc: c"}"#), "headers.X-A"),
            (with(r#","headers":["X-A"]"#), "headers"),
            (with(r#","priority":-1"#), "priority"),
            (with(r#","priority":"high""#), "priority"),
            (with(r#","due_at":"tomorrow""#), "due_at"),
            (with(r#","reply_to":"nobody""#), "reply_to"),
            (with(r#","colour":"red""#), "colour"),
            (with(r#","data":[]"#), "data"),
            (with(r#","locale":"german""#), "locale"),
            (with(r#","locale":1"#), "locale"),
            ("[]".to_owned(), "letter"),
            ("{".to_owned(), "letter"),
        ];
        for (json, field) in table {
            assert_eq!(refused(&json).field, field, "{json}");
        }
        assert_eq!(Fields::from_json(b"{\"workflow\":\"\xff\"}").unwrap_err().field, "letter");
    }

    #[test]
    fn a_misspelt_field_gets_a_suggestion() {
        assert!(refused(&with(r#","expire_at":"2030-01-01T00:00:00Z""#)).reason.contains("'expires_at'"));
    }

    #[test]
    fn a_time_may_be_an_age() {
        let now = SystemClock::start().now();
        let ago = |text: &str| now.as_micros() - parse_moment("--since", text).unwrap().as_micros();
        for (text, hours) in [("2h", 2), ("7d", 168), ("1 day 1h", 25)] {
            let seconds = ago(text) / 1_000_000;
            assert!((seconds - hours * 3600).abs() < 3600, "{text} is {seconds} s");
        }
        assert_eq!(parse_moment("--since", "2030-01-31T12:00:00Z").unwrap().as_micros(), 1_896_091_200_000_000);
        assert_eq!(parse_moment("--until", "yesterday").unwrap_err().field, "--until");
    }
}
