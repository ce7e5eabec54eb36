//! Deliveries, events and pauses as JSON: the same documents from the command line, the API and back.
//!
//! Times are RFC 3339 in UTC. `null` stands for what is not known or does not apply.

pub mod decisions;
pub mod read;

use postroom_domain::address::EmailAddress;
use postroom_domain::failure::Code;
use postroom_domain::id::{PauseReason, ProviderMessageId, TemplateName, TenantId, TransportName};
use postroom_domain::time::Timestamp;
use postroom_ports::pauses;
use postroom_ports::tracker;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// How much of an address whoever asks may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressView {
    /// All of it.
    Whole,
    /// Enough to recognise: `a***@example.org`.
    Masked,
}

impl AddressView {
    /// The address as it may be seen.
    #[must_use]
    pub fn show(self, address: &EmailAddress) -> String {
        match self {
            Self::Whole => address.to_string(),
            Self::Masked => address.masked(),
        }
    }
}

/// One delivery: a letter to one recipient, and where it stands.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    /// Its id.
    pub delivery_id: String,
    /// The flow that it belongs to.
    pub workflow: String,
    /// What it was rendered from; null for a delivery that an outside writer only tracks.
    pub template: Option<String>,
    /// To whom; masked (`a***@example.org`) for callers that may not see addresses.
    pub recipient: String,
    /// On whose behalf.
    pub tenant_id: Option<String>,
    /// 0 (bulk) to 9 (most urgent).
    pub priority: u8,
    /// Where it stands: `queued`, `in_progress`, `retrying`, `in_doubt`, `sent`, `failed`, `dead_letter` or `cancelled`.
    pub status: String,
    /// The same in three words: pending, sent or failed.
    pub simple_status: String,
    /// What the provider reported: none, delayed, delivered, bounced or complained.
    pub feedback: String,
    /// How often it was claimed.
    pub attempts: u32,
    /// How many attempts were nobody's fault.
    pub excused: u32,
    /// The code of the last failure or decision.
    pub last_error_code: Option<String>,
    /// What the other side said, redacted.
    pub last_error_message: Option<String>,
    /// Which transport had it last.
    pub provider: Option<String>,
    /// What the provider calls it.
    pub provider_message_id: Option<String>,
    /// Its Message-ID, once it is frozen.
    pub message_id: Option<String>,
    /// What in the application caused it, by kind.
    pub source_type: Option<String>,
    /// What in the application caused it, by id.
    pub source_id: Option<String>,
    /// The application's own notes.
    pub metadata: Map<String, Value>,
    /// When it was enqueued.
    #[schema(format = DateTime)]
    pub queued_at: String,
    /// When it is looked at again; null where nothing happens by itself any more.
    #[schema(format = DateTime)]
    pub due_at: Option<String>,
    /// When it is worthless.
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
    /// When it was claimed last.
    #[schema(format = DateTime)]
    pub last_attempted_at: Option<String>,
    /// When the provider accepted it.
    #[schema(format = DateTime)]
    pub sent_at: Option<String>,
    /// When its record changed last.
    #[schema(format = DateTime)]
    pub updated_at: String,
}

/// One row of the audit trail.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Its number, rising per delivery.
    pub id: i64,
    /// The status after it.
    pub status: String,
    /// The attempt that it belongs to.
    pub attempt: u32,
    /// What happened.
    pub error_code: Option<String>,
    /// What the other side said, redacted.
    pub error_message: Option<String>,
    /// What else is known: transport, receipt, feedback, …
    pub payload: Value,
    /// When.
    #[schema(format = DateTime)]
    pub created_at: String,
}

/// A delivery with its whole history.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Dossier {
    /// The delivery itself.
    #[serde(flatten)]
    pub delivery: Delivery,
    /// Its events, in the order in which they were committed.
    pub events: Vec<Event>,
    /// Why it is held back by configuration or by a person, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
}

/// A page of deliveries, the newest first.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Page {
    /// The deliveries.
    pub deliveries: Vec<Delivery>,
    /// Where the next page begins: give it back as `after`; null at the end.
    pub next: Option<String>,
}

/// Something that a person holds back for a while.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Pause {
    /// transport, workflow or tenant.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Since when.
    #[schema(format = DateTime)]
    pub since: String,
    /// When it ends by itself; null: when somebody resumes it.
    #[schema(format = DateTime)]
    pub until: Option<String>,
    /// Why, where the person said so.
    pub reason: Option<String>,
}

impl Delivery {
    /// The document of a delivery, its address shown as `view` allows.
    #[must_use]
    pub fn of(delivery: &tracker::Delivery, view: AddressView) -> Self {
        Self {
            delivery_id: delivery.delivery_id.to_string(),
            workflow: delivery.workflow.to_string(),
            template: delivery.template.as_ref().map(TemplateName::to_string),
            recipient: view.show(&delivery.recipient),
            tenant_id: delivery.tenant_id.as_ref().map(TenantId::to_string),
            priority: delivery.priority.get(),
            status: delivery.status.to_string(),
            simple_status: delivery.status.simple(delivery.feedback).as_str().to_owned(),
            feedback: delivery.feedback.as_str().to_owned(),
            attempts: delivery.attempts,
            excused: delivery.excused,
            last_error_code: delivery.last_error_code.as_ref().map(Code::to_string),
            last_error_message: filled(delivery.last_error_message.as_str()),
            provider: delivery.provider.as_ref().map(TransportName::to_string),
            provider_message_id: delivery.provider_message_id.as_ref().map(ProviderMessageId::to_string),
            message_id: delivery.message_id.clone(),
            source_type: delivery.source_type.clone(),
            source_id: delivery.source_id.clone(),
            metadata: delivery.metadata.clone(),
            queued_at: time(delivery.queued_at),
            due_at: delivery.due_at.map(time),
            expires_at: delivery.expires_at.map(time),
            last_attempted_at: delivery.last_attempted_at.map(time),
            sent_at: delivery.sent_at.map(time),
            updated_at: time(delivery.updated_at),
        }
    }
}

impl From<&tracker::DeliveryEvent> for Event {
    fn from(event: &tracker::DeliveryEvent) -> Self {
        Self {
            id: event.id,
            status: event.status.to_string(),
            attempt: event.attempt,
            error_code: event.error_code.as_ref().map(Code::to_string),
            error_message: filled(event.error_message.as_str()),
            payload: event.payload.clone(),
            created_at: time(event.created_at),
        }
    }
}

impl From<&pauses::Pause> for Pause {
    fn from(pause: &pauses::Pause) -> Self {
        Self {
            kind: pause.what.kind().to_owned(),
            name: pause.what.name().to_owned(),
            since: time(pause.since),
            until: pause.until.map(time),
            reason: pause.reason.as_ref().map(PauseReason::to_string),
        }
    }
}

impl Page {
    /// The document of a page.
    #[must_use]
    pub fn of(page: &tracker::Page, view: AddressView) -> Self {
        Self {
            deliveries: page.deliveries.iter().map(|delivery| Delivery::of(delivery, view)).collect(),
            next: page.next.as_ref().map(cursor),
        }
    }
}

/// RFC 3339 in UTC, to the millisecond.
#[must_use]
pub fn time(at: Timestamp) -> String {
    written(at, "%Y-%m-%dT%H:%M:%S%.3fZ")
}

/// Where the next page begins, as one word; to the microsecond, which is as precise as a store is.
#[must_use]
pub fn cursor(cursor: &tracker::Cursor) -> String {
    format!("{}/{}", written(cursor.queued_at, "%Y-%m-%dT%H:%M:%S%.6fZ"), cursor.delivery_id)
}

fn written(at: Timestamp, form: &str) -> String {
    jiff::Timestamp::from_microsecond(at.as_micros())
        .map_or_else(|_| format!("{} µs", at.as_micros()), |time| time.strftime(form).to_string())
}

fn filled(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}
