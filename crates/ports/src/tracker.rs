//! The tracker: where is this letter, and what happened to it?
#![cfg_attr(feature = "mock", expect(clippy::ref_option_ref, reason = "mockall writes its matchers so"))]

use async_trait::async_trait;
use postroom_domain::address::EmailAddress;
use postroom_domain::detail::Detail;
use postroom_domain::failure::Code;
use postroom_domain::feedback::Feedback;
use postroom_domain::id::{DeliveryId, ProviderMessageId, TemplateName, TenantId, TransportName, Workflow};
use postroom_domain::letter::Priority;
use postroom_domain::status::Status;
use postroom_domain::time::Timestamp;
use serde_json::Value;

use crate::error::PortError;
use crate::letter::Data;
use crate::queue::{Committed, ProviderReport};

/// One delivery as its record shows it. `Debug` shows no address.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Its id.
    pub delivery_id: DeliveryId,
    /// The flow that it belongs to.
    pub workflow: Workflow,
    /// What it was rendered from; `None` for a delivery that an outside writer tracks.
    pub template: Option<TemplateName>,
    /// To whom.
    pub recipient: EmailAddress,
    /// On whose behalf.
    pub tenant_id: Option<TenantId>,
    /// How urgent.
    pub priority: Priority,
    /// Where it stands.
    pub status: Status,
    /// What the provider reported.
    pub feedback: Feedback,
    /// How often it was claimed.
    pub attempts: u32,
    /// How many attempts were nobody's fault.
    pub excused: u32,
    /// The code of the last failure or decision.
    pub last_error_code: Option<Code>,
    /// What the other side said.
    pub last_error_message: Detail,
    /// Which transport had it last.
    pub provider: Option<TransportName>,
    /// What the provider calls it.
    pub provider_message_id: Option<ProviderMessageId>,
    /// Its Message-ID, once it is frozen.
    pub message_id: Option<String>,
    /// What in the application caused it, by kind.
    pub source_type: Option<String>,
    /// What in the application caused it, by id.
    pub source_id: Option<String>,
    /// The application's own notes.
    pub metadata: Data,
    /// When it was enqueued.
    pub queued_at: Timestamp,
    /// When it is looked at again; `None` where nothing happens by itself any more.
    pub due_at: Option<Timestamp>,
    /// When it is worthless.
    pub expires_at: Option<Timestamp>,
    /// When it was claimed last.
    pub last_attempted_at: Option<Timestamp>,
    /// When the provider accepted it.
    pub sent_at: Option<Timestamp>,
    /// When its record changed last.
    pub updated_at: Timestamp,
}

/// One row of the audit trail.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveryEvent {
    /// Its number, rising per delivery.
    pub id: i64,
    /// The status after it.
    pub status: Status,
    /// The attempt that it belongs to.
    pub attempt: u32,
    /// What happened.
    pub error_code: Option<Code>,
    /// What the other side said.
    pub error_message: Detail,
    /// What else is known: transport, receipt, feedback, …
    pub payload: Value,
    /// When.
    pub created_at: Timestamp,
}

/// What to look for; every part given must match.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Search {
    /// Letters to this address.
    pub recipient: Option<EmailAddress>,
    /// Letters of this workflow.
    pub workflow: Option<Workflow>,
    /// Letters of this tenant.
    pub tenant_id: Option<TenantId>,
    /// Letters in any of these statuses; none given is any.
    pub statuses: Vec<Status>,
    /// Letters that this caused: its kind.
    pub source_type: Option<String>,
    /// Letters that this caused: its id.
    pub source_id: Option<String>,
    /// Enqueued at this time or later.
    pub from: Option<Timestamp>,
    /// Enqueued before this time.
    pub until: Option<Timestamp>,
}

/// Where a page of a search ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The last row's time of enqueue.
    pub queued_at: Timestamp,
    /// The last row's id.
    pub delivery_id: DeliveryId,
}

/// A page of a search, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The deliveries.
    pub deliveries: Vec<Delivery>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<Cursor>,
}

/// How the queue stands right now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// How many deliveries are in each status that has any.
    pub by_status: Vec<(Status, u64)>,
    /// How many letters are waiting and due.
    pub due: u64,
    /// How many letters workers hold.
    pub in_flight: u64,
    /// When the longest-waiting due letter fell due.
    pub oldest_due_at: Option<Timestamp>,
    /// The store's time.
    pub now: Option<Timestamp>,
}

/// What became of a provider's report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is on record, with what it made of the letter.
    Done(Box<Committed>),
    /// It had been recorded before.
    Duplicate,
    /// No letter of that id.
    Unknown,
}

/// The read side, and the door for what providers report.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait DeliveryTracker: std::fmt::Debug + Send + Sync + 'static {
    /// Records a provider's report: the feedback becomes the maximum, a letter that is
    /// `retrying` or `in_doubt` becomes `sent`, and the event is kept. The same event id of
    /// the same transport MUST be recorded once.
    async fn record(&self, id: &DeliveryId, report: &ProviderReport) -> Result<Recorded, PortError>;

    /// One delivery; `None` where there is none of that id.
    async fn find(&self, id: &DeliveryId) -> Result<Option<Delivery>, PortError>;

    /// Every event of one delivery, in the order in which they were committed.
    async fn history(&self, id: &DeliveryId) -> Result<Vec<DeliveryEvent>, PortError>;

    /// At most `limit` deliveries that match, newest first, starting behind `after`. Pages
    /// MUST neither repeat nor skip a delivery that was there from the first page on.
    async fn search<'a>(&self, search: &Search, after: Option<&'a Cursor>, limit: u32) -> Result<Page, PortError>;

    /// How the queue stands.
    async fn counts(&self) -> Result<Counts, PortError>;
}
