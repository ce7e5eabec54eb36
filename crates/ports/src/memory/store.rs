//! The one table of letters, and the writes that all ports share.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use postroom_domain::access::TokenId;
use postroom_domain::attachment::Attachment;
use postroom_domain::detail::Detail;
use postroom_domain::failure::Code;
use postroom_domain::id::{DeliveryId, IdempotencyKey, LeaseToken, TenantId, TransportName, WorkerId};
use postroom_domain::lifecycle::{Context, DeliveryState, Event, InvalidTransition, Transition, apply};
use postroom_domain::policy::WorkflowPolicy;
use postroom_domain::retry::{Jitter, RetryPolicy};
use postroom_domain::status::Status;
use postroom_domain::time::Timestamp;
use serde_json::Value;
use tokio::sync::Notify;
use uuid::Uuid;

use super::tokens::TokenRow;
use super::{ManualClock, lock};
use crate::clock::Clock;
use crate::letter::{FrozenLetter, Letter, NewDelivery};
use crate::pauses::{Pause, Paused};
use crate::queue::Fence;
use crate::tracker::{Delivery, DeliveryEvent};
use crate::worker::{BEAT_STALE, Presence};

/// A queue and all that a store keeps beside it, in memory and under a clock that moves when told.
/// Clones are the same store.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    pub(super) clock: ManualClock,
    tables: Arc<Mutex<Tables>>,
}

impl MemoryStore {
    /// An empty store whose time is `clock`'s.
    #[must_use]
    pub fn new(clock: ManualClock) -> Self {
        Self { clock, tables: Arc::default() }
    }

    /// The tables, for one transaction, and the time of it.
    pub(super) fn begin(&self) -> (MutexGuard<'_, Tables>, Timestamp) {
        (lock(&self.tables), self.clock.now())
    }
}

/// Everything that is stored, in tables that are walked in the same order in every run.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) records: BTreeMap<DeliveryId, Record>,
    /// Undone letters only, by `seq`.
    pub(super) outbox: BTreeMap<i64, Row>,
    pub(super) keys: BTreeMap<(Option<TenantId>, IdempotencyKey), KeyRow>,
    pub(super) workers: BTreeMap<WorkerId, WorkerRow>,
    pub(super) reports: HashSet<(TransportName, String)>,
    pub(super) pauses: BTreeMap<Paused, Pause>,
    pub(super) tokens: BTreeMap<TokenId, TokenRow>,
    last_seq: i64,
    last_event: i64,
    last_token: u128,
}

/// One letter: its state, what people see of it, its content and its events.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) seq: i64,
    pub(super) state: DeliveryState,
    pub(super) delivery: Delivery,
    pub(super) content: Option<Payload>,
    pub(super) events: Vec<DeliveryEvent>,
    pub(super) final_at: Option<Timestamp>,
    /// Which claim a settlement ended last, and as what.
    pub(super) settled: Option<(LeaseToken, Status)>,
}

/// What a letter is made from, until its retention is over.
#[derive(Debug)]
pub(super) struct Payload {
    pub(super) letter: Letter,
    pub(super) attachments: Vec<Attachment>,
    pub(super) frozen: Option<FrozenLetter>,
}

/// One undone letter.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) delivery_id: DeliveryId,
    pub(super) due_at: Option<Timestamp>,
    pub(super) lease: Option<Lease>,
}

/// Who holds a letter, and until when.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) worker: WorkerId,
    pub(super) token: LeaseToken,
    pub(super) until: Timestamp,
}

/// One idempotency key.
#[derive(Debug)]
pub(super) struct KeyRow {
    pub(super) delivery_id: DeliveryId,
    pub(super) expires_at: Timestamp,
}

/// One start of one worker.
#[derive(Debug)]
pub(super) struct WorkerRow {
    pub(super) beat_at: Timestamp,
    pub(super) presence: Presence,
    pub(super) bell: Arc<Notify>,
}

/// How long an idempotency key is remembered.
pub(super) const KEY_LIFE: Duration = Duration::from_hours(24);

impl Tables {
    /// Stores a letter that nothing speaks against, and its first event.
    pub(super) fn insert(&mut self, new: &NewDelivery, now: Timestamp) {
        self.last_seq += 1;
        let due_at = new.due_at.unwrap_or(now);
        let state = DeliveryState {
            max_attempts: new.max_attempts,
            expires_at: new.expires_at,
            ..DeliveryState::queued(now.max(due_at))
        };
        let record = Record {
            seq: self.last_seq,
            delivery: view(new, &state, now, due_at),
            state,
            content: Some(Payload { letter: new.letter.clone(), attachments: new.attachments.clone(), frozen: None }),
            events: Vec::new(),
            final_at: None,
            settled: None,
        };
        let row = Row { delivery_id: new.delivery_id.clone(), due_at: Some(due_at), lease: None };
        self.outbox.insert(self.last_seq, row);
        self.records.insert(new.delivery_id.clone(), record);
        self.log(&new.delivery_id, None, &Detail::default(), Value::Object(serde_json::Map::new()), now);
    }

    /// Writes what the domain decided: state, code, due time and one event, all or nothing. The
    /// lease ends, and a letter that is final leaves the queue.
    pub(super) fn commit(&mut self, id: &DeliveryId, transition: &Transition, payload: Value, now: Timestamp) {
        let Some(record) = self.records.get_mut(id) else { return };
        let feedback = record.state.feedback.and(transition.next.feedback);
        record.state = DeliveryState { feedback, ..transition.next.clone() };
        record.final_at = record.state.status.is_final().then_some(now);
        let due_at = transition.due_in.map(|wait| now.plus(wait));
        if record.state.status.is_final() {
            self.outbox.remove(&record.seq);
        } else {
            self.outbox.insert(record.seq, Row { delivery_id: id.clone(), due_at, lease: None });
        }
        record.show(transition, due_at, now);
        self.log(id, transition.code.clone(), &transition.detail, payload, now);
    }

    /// Appends one event that says where the letter stands now.
    pub(super) fn log(&mut self, id: &DeliveryId, code: Option<Code>, detail: &Detail, payload: Value, now: Timestamp) {
        let Some(record) = self.records.get_mut(id) else { return };
        self.last_event += 1;
        record.events.push(DeliveryEvent {
            id: self.last_event,
            status: record.state.status,
            attempt: record.state.attempts,
            error_code: code,
            error_message: detail.clone(),
            payload,
            created_at: now,
        });
    }

    /// Puts a letter under a new lease and names it.
    pub(super) fn lease(&mut self, seq: i64, worker: WorkerId, until: Timestamp) -> Option<Fence> {
        self.last_token += 1;
        let token = LeaseToken::new(Uuid::from_u128(self.last_token));
        let row = self.outbox.get_mut(&seq)?;
        row.lease = Some(Lease { worker, token, until });
        Some(Fence { delivery_id: row.delivery_id.clone(), seq, token })
    }

    /// The row that `fence` holds; `None` where the claim was lost.
    pub(super) fn held(&mut self, fence: &Fence) -> Option<&mut Row> {
        let row = self.outbox.get_mut(&fence.seq)?;
        let holds =
            row.delivery_id == fence.delivery_id && row.lease.as_ref().is_some_and(|lease| lease.token == fence.token);
        holds.then_some(row)
    }

    /// Whether a lease still holds: its time is not over and its worker beats.
    pub(super) fn is_live(&self, lease: &Lease, now: Timestamp) -> bool {
        lease.until > now
            && self.workers.get(&lease.worker).is_some_and(|worker| now.since(worker.beat_at) < BEAT_STALE)
    }
}

impl Record {
    /// What the domain makes of `event`.
    pub(super) fn decide(&self, event: &Event, now: Timestamp) -> Result<Transition, InvalidTransition> {
        let policy = WorkflowPolicy::with_retry(RetryPolicy::standard());
        apply(&self.state, event, &Context { now, policy: &policy, jitter: Jitter::NONE })
    }

    /// Carries a transition over into what people see.
    fn show(&mut self, transition: &Transition, due_at: Option<Timestamp>, now: Timestamp) {
        let sent = self.state.status == Status::Sent;
        let seen = &mut self.delivery;
        if sent && seen.status != self.state.status {
            seen.sent_at = Some(now);
        }
        seen.status = self.state.status;
        seen.feedback = self.state.feedback;
        seen.attempts = self.state.attempts;
        seen.excused = self.state.excused;
        seen.last_error_code.clone_from(&transition.code);
        seen.last_error_message = transition.detail.clone();
        seen.due_at = due_at;
        seen.updated_at = now;
    }
}

/// What people see of a new letter.
fn view(new: &NewDelivery, state: &DeliveryState, now: Timestamp, due_at: Timestamp) -> Delivery {
    let letter = &new.letter;
    Delivery {
        delivery_id: new.delivery_id.clone(),
        workflow: letter.workflow.clone(),
        template: Some(letter.template.clone()),
        recipient: letter.recipient.address().clone(),
        tenant_id: letter.tenant_id.clone(),
        priority: letter.priority,
        status: state.status,
        feedback: state.feedback,
        attempts: state.attempts,
        excused: state.excused,
        last_error_code: None,
        last_error_message: Detail::default(),
        provider: None,
        provider_message_id: None,
        message_id: None,
        source_type: letter.source_type.clone(),
        source_id: letter.source_id.clone(),
        metadata: letter.metadata.clone(),
        queued_at: now,
        due_at: Some(due_at),
        expires_at: new.expires_at,
        last_attempted_at: None,
        sent_at: None,
        updated_at: now,
    }
}
