//! The queue: how letters come in, are taken, and leave.
//!
//! ```text
//!  enqueue ─▶ (queued) ─ claim ─▶ (in_progress) ─ ready ─▶ handover ─ settle ─▶ …
//!                 ▲                    │  ▲                    │
//!                 │                    │  └── extend           │
//!                 └── request          └──── lapsed ◀──────────┘  (worker died)
//! ```
//!
//! Every write after a claim names the claim's [`Fence`]; where it is stale, nothing changes
//! and the answer says so. Only the store's own clock decides what is due, what has lapsed and
//! what has expired.
#![cfg_attr(feature = "mock", expect(clippy::ref_option_ref, reason = "mockall writes its matchers so"))]

use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::attachment::Attachment;
use postroom_domain::feedback::Feedback;
use postroom_domain::id::{
    Actor, DeliveryId, LeaseToken, ProviderMessageId, TenantId, TransportName, WorkerId, Workflow,
};
use postroom_domain::invalid::Invalid;
use postroom_domain::lifecycle::{DeliveryState, Event, Resolution, Transition};
use postroom_domain::status::Status;
use postroom_domain::time::Timestamp;
use serde_json::{Map, Value, json};

use crate::error::PortError;
use crate::letter::{FrozenLetter, Letter, NewDelivery};

/// What became of one letter at the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Enqueued {
    /// It is stored under this id.
    New(DeliveryId),
    /// The same idempotency key with the same content was there before: this is its id.
    Existing(DeliveryId),
    /// Refused, and nothing of it stored: the id is taken, or the idempotency key names a
    /// letter with other content. The field is `delivery_id` or `idempotency_key`.
    Refused(Invalid),
}

/// What names one claim: a write that carries a stale fence changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fence {
    /// The letter.
    pub delivery_id: DeliveryId,
    /// The store's own short key of its row in the queue.
    pub seq: i64,
    /// The claim.
    pub token: LeaseToken,
}

/// What a worker asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRequest {
    /// Who asks.
    pub worker: WorkerId,
    /// How many letters at most.
    pub limit: u32,
    /// How many letters of one lane (tenant and priority) at most in one claim.
    pub lane_share: u32,
    /// How long the claim holds unless it is extended.
    pub lease: Duration,
    /// Tenants whose letters wait.
    pub held_tenants: Vec<TenantId>,
    /// Of which workflows: those that the worker has a way out for.
    pub among: Among,
}

/// Which workflows' letters a worker asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Among {
    /// Those of all workflows but these.
    AllBut(Vec<Workflow>),
    /// Those of these workflows alone.
    Only(Vec<Workflow>),
}

impl Among {
    /// Whether letters of `workflow` are asked for.
    #[must_use]
    pub fn has(&self, workflow: &Workflow) -> bool {
        match self {
            Self::AllBut(others) => !others.contains(workflow),
            Self::Only(these) => these.contains(workflow),
        }
    }

    /// The workflows that are named, whichever way.
    #[must_use]
    pub fn named(&self) -> &[Workflow] {
        match self {
            Self::AllBut(named) | Self::Only(named) => named,
        }
    }
}

impl Default for Among {
    /// All.
    fn default() -> Self {
        Self::AllBut(Vec::new())
    }
}

/// What a claimed letter is made from.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Not rendered yet: the first attempt.
    Fresh,
    /// Rendered and frozen by an earlier *ready*: these bytes go out, and no others.
    Frozen(FrozenLetter),
}

/// One letter under one worker's lease.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// What names this claim.
    pub fence: Fence,
    /// Where it was taken from: `queued` or `retrying` by claim, `in_progress` by lapsed,
    /// `in_doubt` by doubtful.
    pub taken_from: Status,
    /// The letter's state, the claim included.
    pub state: DeliveryState,
    /// When it was enqueued.
    pub queued_at: Timestamp,
    /// The letter as it was handed in.
    pub letter: Letter,
    /// What it is made from.
    pub content: Content,
    /// How many attachments it was handed in with. They are not part of a claim: whoever
    /// renders the letter asks for them.
    pub attachments: u32,
    /// Which transport had it last, where one had.
    pub provider: Option<TransportName>,
}

/// Letters taken in one statement, and the store's time of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The store's `now()`.
    pub now: Timestamp,
    /// The letters, most urgent first.
    pub claims: Vec<Claim>,
}

/// One letter that is about to be handed over.
#[derive(Clone, Debug, PartialEq)]
pub struct Ready {
    /// The claim.
    pub fence: Fence,
    /// The bytes, where this is the first attempt; `None` where they are stored already.
    pub frozen: Option<FrozenLetter>,
    /// To which transport it goes.
    pub transport: TransportName,
}

/// What became of one fenced write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fenced {
    /// It is on record.
    Done,
    /// The claim was lost: nothing changed.
    Stale,
}

/// The end of one claim.
#[derive(Clone, Debug, PartialEq)]
pub struct Settlement {
    /// The claim.
    pub fence: Fence,
    /// What the domain decided.
    pub transition: Transition,
    /// Which transport answered, where one did.
    pub transport: Option<TransportName>,
    /// What the provider calls the letter, where it took it.
    pub receipt: Option<ProviderMessageId>,
    /// What else the event should remember; an object, without addresses or secrets.
    pub payload: Value,
}

/// One transition that a store committed by itself, for those who want to hear of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The letter.
    pub delivery_id: DeliveryId,
    /// The flow that it belongs to.
    pub workflow: Workflow,
    /// What the domain's `apply` makes of the letter and the event.
    pub transition: Transition,
}

/// What a person or an application asks for after the fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// Do not send a letter that is `queued` or `retrying`.
    Cancel,
    /// Put a `failed` or `dead_letter` letter back, with its whole budget and due at once.
    Redrive,
    /// Make the next attempt of a `retrying` letter at once; its budget stays what it is.
    Retry,
    /// A person's decision about a letter `in_doubt`, held or not.
    Resolve(Resolution),
}

impl Request {
    /// What the domain calls it.
    #[must_use]
    pub const fn event(self) -> Event {
        match self {
            Self::Cancel => Event::Cancelled,
            Self::Redrive => Event::Redriven,
            Self::Retry => Event::Hastened,
            Self::Resolve(resolution) => Event::Resolved(resolution),
        }
    }
}

/// What the event of a request remembers, where the caller says who asks.
#[must_use]
pub fn asked_by(by: Option<&Actor>) -> Value {
    by.map_or_else(|| Value::Object(Map::new()), |by| json!({ "by": by.as_str() }))
}

/// What became of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// Done: this is on record.
    Done(Box<Committed>),
    /// It is too late or too early for that: the letter's status, unchanged.
    Not(Status),
    /// Its content is past its retention, so that it cannot be sent any more.
    ContentGone,
    /// No letter of that id.
    Unknown,
}

/// How long what is done with is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Content (data and frozen bytes) after the letter became final.
    pub payloads: Duration,
    /// Rows of workers that are gone.
    pub workers: Duration,
}

/// What one sweep did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Letters cancelled because they expired.
    pub expired: Vec<Committed>,
    /// Contents deleted.
    pub payloads: u64,
    /// Idempotency keys forgotten.
    pub keys: u64,
    /// Rows of workers that are gone.
    pub workers: u64,
}

/// What a queue can do; callers branch on this and never on an adapter's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueCapabilities {
    /// Whether workers on other hosts may share it.
    pub hosts: Hosts,
    /// Whether an application can enqueue inside its own database transaction.
    pub caller_transaction: Support,
}

/// Where the workers of one queue may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hosts {
    /// On one machine.
    One,
    /// Anywhere.
    Many,
}

/// Whether something is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It is.
    Yes,
    /// It is not.
    No,
}

/// The queue of undone letters. The rules are cases of the contract suite.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait DeliveryQueue: std::fmt::Debug + Send + Sync + 'static {
    /// What this adapter can do.
    fn capabilities(&self) -> QueueCapabilities;

    /// Stores letters, each on its own account: one answer per letter, in order. What is
    /// answered [`Enqueued::New`] MUST survive any crash after the call returned; a refused
    /// letter MUST leave nothing behind. Letters that share a key inside one call MUST be
    /// treated as if they came one after the other.
    async fn enqueue(&self, letters: &[NewDelivery]) -> Result<Vec<Enqueued>, PortError>;

    /// Takes letters that are `queued` or `retrying` and due, most urgent first (priority,
    /// then due time, then order of enqueue), at most `lane_share` of one lane as long as
    /// others wait. MUST NOT give one letter to two workers, MUST raise `attempts` by one,
    /// MUST clear code and detail, and MUST NOT return letters of held tenants, of other workflows
    /// than those asked for, of a tenant or workflow that is [paused](crate::pauses) by the
    /// store's clock, or expired ones.
    async fn claim(&self, request: &ClaimRequest) -> Result<Batch, PortError>;

    /// The attachments of a letter that is not frozen yet, in order, for the holder of its claim;
    /// none for whoever lost it. Once a letter is frozen its bytes hold them, and they are gone
    /// from here.
    async fn attachments(&self, fence: &Fence) -> Result<Vec<Attachment>, PortError>;

    /// Puts on record that these letters are about to be handed over, and stores the frozen
    /// bytes where given. No byte of a body may leave before this returned [`Fenced::Done`]. The
    /// holder may call again, say because the answer was lost, and hears the same.
    async fn ready(&self, letters: &[Ready]) -> Result<Vec<Fenced>, PortError>;

    /// Moves the end of each lease to the store's now plus `lease`, for its holder only.
    async fn extend(&self, fences: &[Fence], lease: Duration) -> Result<Vec<Fenced>, PortError>;

    /// Commits what the domain decided: state, event and release of the claim in one
    /// transaction, each letter on its own account. A stale fence MUST change nothing.
    ///
    /// A caller that never heard the answer calls again: for the fence that ended a claim last, and
    /// the same status, the answer MUST be [`Fenced::Done`] once more, and nothing changes.
    async fn settle(&self, settlements: &[Settlement]) -> Result<Vec<Fenced>, PortError>;

    /// Takes over letters whose lease ran out or whose worker stopped beating, under a new
    /// fence of `worker` and without counting an attempt. Status and stage are as the dead
    /// worker left them. The caller settles them with what the domain makes of
    /// `LeaseLapsed`.
    async fn lapsed(&self, worker: WorkerId, limit: u32, lease: Duration) -> Result<Batch, PortError>;

    /// Takes letters in doubt that are due for an answer, under a fence of `worker` and
    /// without counting an attempt. The status stays `in_doubt`. Letters that are held
    /// (settled without a due time) are not returned.
    async fn doubtful(&self, worker: WorkerId, limit: u32, lease: Duration) -> Result<Batch, PortError>;

    /// Does for each letter what was asked for, where the domain's `apply` allows it, each on
    /// its own account; one answer per id, in order. A letter that would be sent again needs
    /// its content. Whoever held a letter that is changed so is stale from then on. The event
    /// MUST remember `by`, in its payload under the same name, where the caller says who asks.
    async fn request<'a>(
        &self,
        ids: &[DeliveryId],
        request: Request,
        by: Option<&'a Actor>,
    ) -> Result<Vec<Changed>, PortError>;

    /// Cancels at most `limit` waiting letters past `expires_at`, and forgets what is past its
    /// retention, at most `limit` of each.
    async fn sweep(&self, retention: Retention, limit: u32) -> Result<Swept, PortError>;
}

/// What a provider reported about a letter, from a webhook or an events API.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderReport {
    /// What it means.
    pub feedback: Feedback,
    /// The provider's own id of the event: the same one is recorded once.
    pub event_id: String,
    /// Which transport it came from.
    pub transport: TransportName,
    /// What else the event should remember; an object, without addresses or secrets.
    pub payload: Value,
}
