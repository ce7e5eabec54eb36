//! One letter by flags: they become the same JSON object that a line would hold, so that
//! there is one place where fields are read.

use clap::Args;
use postroom_domain::invalid::Invalid;
use serde_json::{Map, Value};

use super::files;
use crate::fields::Fields;

/// The fields of one letter.
#[derive(Args, Debug)]
pub(super) struct Flags {
    /// The flow of the application that it belongs to: invite, password-reset, …
    #[arg(long, value_name = "NAME", required_unless_present = "file")]
    workflow: Option<String>,
    /// What it is rendered from: invitation, password-reset, admin/tfa, …
    #[arg(long, value_name = "NAME", required_unless_present = "file")]
    template: Option<String>,
    /// To whom it goes
    #[arg(long, value_name = "ADDRESS", alias = "recipient", required_unless_present = "file")]
    to: Option<String>,
    /// The recipient's name
    #[arg(long, value_name = "NAME", alias = "recipient-name")]
    to_name: Option<String>,
    /// Everything that the template is filled with, as a JSON object
    #[arg(long, value_name = "JSON")]
    data: Option<String>,
    /// One text for the template; may be given often
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Instead of the template's own subject
    #[arg(long)]
    subject: Option<String>,
    /// An id of your own instead of a new one
    #[arg(long, value_name = "ID")]
    delivery_id: Option<String>,
    /// Your name for this very letter: handing it in twice stores it once
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// Not before this time (2030-01-31T12:00:00Z)
    #[arg(long, value_name = "TIME")]
    due_at: Option<String>,
    /// Not after this time
    #[arg(long, value_name = "TIME")]
    expires_at: Option<String>,
    /// 0 (bulk) to 9 (somebody waits for it); 5 by default
    #[arg(long, value_name = "0-9", allow_negative_numbers = true)]
    priority: Option<i64>,
    /// On whose behalf
    #[arg(long, value_name = "TENANT")]
    tenant_id: Option<String>,
    /// What in the application caused it, by kind
    #[arg(long, value_name = "KIND")]
    source_type: Option<String>,
    /// What in the application caused it, by id
    #[arg(long, value_name = "ID")]
    source_id: Option<String>,
    /// Where answers go
    #[arg(long, value_name = "ADDRESS")]
    reply_to: Option<String>,
    /// One extra header; may be given often
    #[arg(long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// The language that it is wanted in: de, pt-BR, …
    #[arg(long, value_name = "TAG")]
    locale: Option<String>,
    /// A file beside the letter; may be given often. Its type goes by the ending of its name, unless it is said
    #[arg(long, value_name = "PATH[;type=TYPE]")]
    attach: Vec<String>,
    /// An image inside the letter, which its HTML shows as cid:CID; may be given often
    #[arg(long, value_name = "CID=PATH[;type=TYPE]")]
    inline: Vec<String>,
    /// Notes that are never sent, as a JSON object
    #[arg(long, value_name = "JSON")]
    metadata: Option<String>,
}

impl Flags {
    /// The letter.
    ///
    /// # Errors
    /// Names the field at fault.
    pub(super) fn into_fields(self) -> Result<Fields, Invalid> {
        let mut letter = Map::new();
        let texts = [
            ("workflow", self.workflow),
            ("template", self.template),
            ("recipient", self.to),
            ("recipient_name", self.to_name),
            ("subject", self.subject),
            ("delivery_id", self.delivery_id),
            ("idempotency_key", self.idempotency_key),
            ("due_at", self.due_at),
            ("expires_at", self.expires_at),
            ("tenant_id", self.tenant_id),
            ("source_type", self.source_type),
            ("source_id", self.source_id),
            ("reply_to", self.reply_to),
            ("locale", self.locale),
        ];
        for (name, text) in texts {
            letter.extend(text.map(|text| (name.to_owned(), Value::from(text))));
        }
        letter.extend(self.priority.map(|number| ("priority".to_owned(), Value::from(number))));
        let mut data = object("data", self.data.as_deref())?;
        data.extend(pairs("set", &self.set, '=')?);
        letter.insert("data".to_owned(), Value::Object(data));
        letter.insert("headers".to_owned(), Value::Object(pairs("header", &self.headers, ':')?));
        letter.insert("metadata".to_owned(), Value::Object(object("metadata", self.metadata.as_deref())?));
        letter.insert("attachments".to_owned(), files::read(&self.attach, &self.inline)?);
        Fields::from_object(letter)
    }
}

fn object(field: &str, text: Option<&str>) -> Result<Map<String, Value>, Invalid> {
    let Some(text) = text else { return Ok(Map::new()) };
    serde_json::from_str(text)
        .map_err(|_| Invalid::new(field, "must be a JSON object, such as '{\"name\": \"value\"}'"))
}

fn pairs(field: &str, texts: &[String], separator: char) -> Result<Map<String, Value>, Invalid> {
    let pair = |text: &String| match text.split_once(separator) {
        Some((name, value)) => Ok((name.trim().to_owned(), Value::from(value.trim_start()))),
        None => Err(Invalid::new(field, format!("must be a name and a value with '{separator}' between"))),
    };
    texts.iter().map(pair).collect()
}
