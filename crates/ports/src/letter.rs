//! A letter on its way through the ports: as it is handed in, as it is frozen, as it is sent.

use std::fmt;

use postroom_domain::address::{EmailAddress, Mailbox};
use postroom_domain::attachment::{self, Attachment};
use postroom_domain::id::{DeliveryId, IdempotencyKey, TemplateName, TenantId, Workflow};
use postroom_domain::invalid::Invalid;
use postroom_domain::letter::{
    DATA_LIMIT, HEADER_COUNT_LIMIT, HeaderField, METADATA_LIMIT, Priority, Subject, check_source,
};
use postroom_domain::locale::Locale;
use postroom_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a template is filled with.
pub type Data = Map<String, Value>;

/// What the application says of one letter: its fields, all parsed.
///
/// `Debug` shows no address, no name and no data.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Letter {
    /// The flow of the application that it belongs to.
    pub workflow: Workflow,
    /// What it is rendered from.
    pub template: TemplateName,
    /// To whom it goes.
    pub recipient: Mailbox,
    /// What the template is filled with.
    pub data: Data,
    /// The language that it is wanted in; `None` leaves it to the workflow.
    pub locale: Option<Locale>,
    /// Instead of the template's own subject.
    pub subject: Option<Subject>,
    /// Where answers go.
    pub reply_to: Option<EmailAddress>,
    /// Extra headers.
    pub headers: Vec<HeaderField>,
    /// On whose behalf.
    pub tenant_id: Option<TenantId>,
    /// What in the application caused it, by kind: `invite`.
    pub source_type: Option<String>,
    /// What in the application caused it, by id.
    pub source_id: Option<String>,
    /// How urgent it is.
    pub priority: Priority,
    /// Anything the application wants to find again; never sent.
    pub metadata: Data,
}

impl Letter {
    /// A letter with the four fields that each one needs.
    #[must_use]
    pub fn new(workflow: Workflow, template: TemplateName, recipient: Mailbox, data: Data) -> Self {
        Self {
            workflow,
            template,
            recipient,
            data,
            locale: None,
            subject: None,
            reply_to: None,
            headers: Vec::new(),
            tenant_id: None,
            source_type: None,
            source_id: None,
            priority: Priority::DEFAULT,
            metadata: Data::new(),
        }
    }

    /// Checks what no single field can: sizes, the number of headers, and NUL characters
    /// inside the data, which no PostgreSQL text can hold.
    ///
    /// # Errors
    /// Names the field and its limit.
    pub fn check(&self) -> Result<(), Invalid> {
        if self.headers.len() > HEADER_COUNT_LIMIT {
            return Err(Invalid::new("headers", format!("are more than {HEADER_COUNT_LIMIT}; send fewer")));
        }
        check_data("data", &self.data, DATA_LIMIT)?;
        check_data("metadata", &self.metadata, METADATA_LIMIT)?;
        for (field, value) in [("source_type", &self.source_type), ("source_id", &self.source_id)] {
            value.as_deref().map_or(Ok(()), |text| check_source(field, text))?;
        }
        Ok(())
    }
}

fn check_data(field: &str, data: &Data, limit: usize) -> Result<(), Invalid> {
    let size = serde_json::to_vec(data).map_or(usize::MAX, |json| json.len());
    if size > limit {
        return Err(Invalid::new(field, format!("is {size} bytes of JSON; at most {limit} are accepted")));
    }
    for (key, value) in data {
        if key.contains('\0') || holds_nul(value) {
            return Err(Invalid::new(
                format!("{field}.{}", key.replace('\0', "")),
                "contains a NUL character; remove it",
            ));
        }
    }
    Ok(())
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(fields) => fields.iter().any(|(key, value)| key.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter")
            .field("workflow", &self.workflow)
            .field("template", &self.template)
            .finish_non_exhaustive()
    }
}

/// A letter as it is handed to a queue.
#[derive(Clone, Debug, PartialEq)]
pub struct NewDelivery {
    /// Its id: the caller's, or one made at the door.
    pub delivery_id: DeliveryId,
    /// The letter itself.
    pub letter: Letter,
    /// Files beside it and images inside its HTML, in order.
    pub attachments: Vec<Attachment>,
    /// The caller's name for "this very letter".
    pub idempotency_key: Option<IdempotencyKey>,
    /// Not before then; `None` is now.
    pub due_at: Option<Timestamp>,
    /// Not after then.
    pub expires_at: Option<Timestamp>,
    /// Its own limit of attempts, 1 or more; `None` leaves it to the workflow.
    pub max_attempts: Option<u32>,
}

impl NewDelivery {
    /// A letter that is due at once.
    #[must_use]
    pub const fn now(delivery_id: DeliveryId, letter: Letter) -> Self {
        Self {
            delivery_id,
            letter,
            attachments: Vec::new(),
            idempotency_key: None,
            due_at: None,
            expires_at: None,
            max_attempts: None,
        }
    }

    /// Checks the letter, its attachments and its times against each other.
    ///
    /// # Errors
    /// Names the field at fault.
    pub fn check(&self) -> Result<(), Invalid> {
        self.letter.check()?;
        attachment::check_all(&self.attachments)?;
        for (field, time) in [("due_at", self.due_at), ("expires_at", self.expires_at)] {
            if time.is_some_and(|time| !Timestamp::STORABLE.contains(&time)) {
                return Err(Invalid::new(field, "lies outside of the years 1 to 9999, which no store can hold"));
            }
        }
        if let (Some(due), Some(expires)) = (self.due_at, self.expires_at)
            && due >= expires
        {
            return Err(Invalid::new("due_at", "must lie before expires_at; otherwise the letter could never be sent"));
        }
        if self.max_attempts == Some(0) {
            return Err(Invalid::new("max_attempts", "must be 1 or more"));
        }
        Ok(())
    }
}

/// A letter as it will travel, the same at every attempt and with every provider: the same
/// bytes, Message-ID, Date and MIME boundaries. Written by *ready* on the first attempt.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenLetter {
    /// The envelope's sender (MAIL FROM).
    pub mail_from: EmailAddress,
    /// The envelope's only recipient (RCPT TO).
    pub rcpt_to: EmailAddress,
    /// The whole message, CRLF line ends, no line over 998 bytes.
    pub bytes: Vec<u8>,
    /// Its Message-ID, without the angle brackets.
    pub message_id: String,
    /// The subject in plain text, for the record.
    pub subject: String,
    /// Which version of the template it was rendered from.
    pub template_version: String,
    /// Which language variant of the template that was; `None` is the base.
    pub locale: Option<Locale>,
}

impl fmt::Debug for FrozenLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrozenLetter")
            .field("message_id", &self.message_id)
            .field("size", &self.bytes.len())
            .finish_non_exhaustive()
    }
}
