//! How letters come in, are taken, and leave: the reference for every store.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::attachment::Attachment;
use postroom_domain::id::{Actor, DeliveryId, TenantId, WorkerId};
use postroom_domain::invalid::Invalid;
use postroom_domain::letter::Priority;
use postroom_domain::lifecycle::Event;
use postroom_domain::status::{Stage, Status};
use postroom_domain::time::Timestamp;
use serde_json::{Map, Value, json};

use super::MemoryStore;
use super::store::{KEY_LIFE, KeyRow, Record, Row, Tables};
use crate::error::{PortError, PortErrorKind};
use crate::letter::NewDelivery;
use crate::queue::{
    Batch, Changed, Claim, ClaimRequest, Committed, Content, DeliveryQueue, Enqueued, Fence, Fenced, Hosts,
    QueueCapabilities, Ready, Request, Retention, Settlement, Support, Swept, asked_by,
};

#[async_trait]
impl DeliveryQueue for MemoryStore {
    fn capabilities(&self) -> QueueCapabilities {
        QueueCapabilities { hosts: Hosts::One, caller_transaction: Support::No }
    }

    async fn enqueue(&self, letters: &[NewDelivery]) -> Result<Vec<Enqueued>, PortError> {
        let (mut tables, now) = self.begin();
        let answers: Vec<Enqueued> = letters.iter().map(|new| tables.take_in(new, now)).collect();
        if answers.iter().any(|answer| matches!(answer, Enqueued::New(_))) {
            tables.ring();
        }
        Ok(answers)
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Batch, PortError> {
        let (mut tables, now) = self.begin();
        let mut claims = Vec::new();
        for seq in tables.claimable(request, now) {
            claims.extend(tables.claim(seq, request, now)?);
        }
        Ok(Batch { now, claims })
    }

    async fn attachments(&self, fence: &Fence) -> Result<Vec<Attachment>, PortError> {
        let (mut tables, _) = self.begin();
        if tables.held(fence).is_none() {
            return Ok(Vec::new());
        }
        let content = tables.records.get(&fence.delivery_id).and_then(|record| record.content.as_ref());
        // Those of a frozen letter stay only to be compared with, under the same key.
        let fresh = content.filter(|content| content.frozen.is_none());
        Ok(fresh.map(|content| content.attachments.clone()).unwrap_or_default())
    }

    async fn ready(&self, letters: &[Ready]) -> Result<Vec<Fenced>, PortError> {
        let (mut tables, now) = self.begin();
        Ok(letters.iter().map(|letter| tables.hand_over(letter, now)).collect())
    }

    async fn extend(&self, fences: &[Fence], lease: Duration) -> Result<Vec<Fenced>, PortError> {
        let (mut tables, now) = self.begin();
        let mut extend = |fence: &Fence| {
            let Some(held) = tables.held(fence).and_then(|row| row.lease.as_mut()) else { return Fenced::Stale };
            held.until = now.plus(lease);
            Fenced::Done
        };
        Ok(fences.iter().map(&mut extend).collect())
    }

    async fn settle(&self, settlements: &[Settlement]) -> Result<Vec<Fenced>, PortError> {
        let (mut tables, now) = self.begin();
        Ok(settlements.iter().map(|settlement| tables.settle(settlement, now)).collect())
    }

    async fn lapsed(&self, worker: WorkerId, limit: u32, lease: Duration) -> Result<Batch, PortError> {
        let (mut tables, now) = self.begin();
        let orphaned = |tables: &Tables, row: &Row, record: &Record| {
            record.state.status == Status::InProgress
                && !row.lease.as_ref().is_some_and(|lease| tables.is_live(lease, now))
        };
        Ok(tables.take_over(orphaned, worker, limit, lease, now))
    }

    async fn doubtful(&self, worker: WorkerId, limit: u32, lease: Duration) -> Result<Batch, PortError> {
        let (mut tables, now) = self.begin();
        let open = |tables: &Tables, row: &Row, record: &Record| {
            record.state.status == Status::InDoubt
                && row.due_at.is_some_and(|due| due <= now)
                && !row.lease.as_ref().is_some_and(|lease| tables.is_live(lease, now))
        };
        Ok(tables.take_over(open, worker, limit, lease, now))
    }

    async fn request<'a>(
        &self,
        ids: &[DeliveryId],
        request: Request,
        by: Option<&'a Actor>,
    ) -> Result<Vec<Changed>, PortError> {
        let (mut tables, now) = self.begin();
        let event = request.event();
        let answers = ids.iter().map(|id| tables.change(id, &event, by, now)).collect();
        tables.ring();
        Ok(answers)
    }

    async fn sweep(&self, retention: Retention, limit: u32) -> Result<Swept, PortError> {
        let (mut tables, now) = self.begin();
        Ok(tables.sweep(retention, limit, now))
    }
}

impl Tables {
    fn take_in(&mut self, new: &NewDelivery, now: Timestamp) -> Enqueued {
        if let Err(invalid) = new.check() {
            return Enqueued::Refused(invalid);
        }
        let key = new.idempotency_key.clone().map(|key| (new.letter.tenant_id.clone(), key));
        if let Some(first) = key.as_ref().and_then(|key| self.keys.get(key)) {
            let content = self.records.get(&first.delivery_id).and_then(|record| record.content.as_ref());
            // Without content there is nothing left to compare with.
            if content.is_some_and(|content| (&content.letter, &content.attachments) != (&new.letter, &new.attachments))
            {
                let reason = "names a letter with other content; use a new key for a new letter";
                return Enqueued::Refused(Invalid::new("idempotency_key", reason));
            }
            return Enqueued::Existing(first.delivery_id.clone());
        }
        if self.records.contains_key(&new.delivery_id) {
            return Enqueued::Refused(Invalid::new("delivery_id", "is taken; use a new one or leave it out"));
        }
        if let Some(key) = key {
            let row = KeyRow { delivery_id: new.delivery_id.clone(), expires_at: now.plus(KEY_LIFE) };
            self.keys.insert(key, row);
        }
        self.insert(new, now);
        Enqueued::New(new.delivery_id.clone())
    }

    /// What may be claimed, most urgent first and with a bounded share per lane. What is left of
    /// the limit once every lane had its share goes to whoever waits.
    fn claimable(&self, request: &ClaimRequest, now: Timestamp) -> Vec<i64> {
        let waiting =
            self.outbox.iter().filter_map(|(seq, row)| Some((*seq, row, self.records.get(&row.delivery_id)?)));
        let mut due: Vec<Candidate<'_>> = waiting
            .filter(|(_, row, record)| may_be_claimed(row, record, request, now) && !self.is_held_back(record, now))
            .map(|(seq, row, record)| Candidate::new(seq, row, record))
            .collect();
        due.sort_by_key(Candidate::rank);
        let (mut shares, mut first, mut rest) = (HashMap::<_, u32>::new(), Vec::new(), Vec::new());
        for candidate in due {
            let taken = shares.entry((candidate.tenant, candidate.priority)).or_default();
            *taken += 1;
            if *taken <= request.lane_share { first.push(candidate) } else { rest.push(candidate) }
        }
        let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
        let mut taken: Vec<_> = first.into_iter().chain(rest).take(limit).collect();
        taken.sort_by_key(Candidate::rank);
        taken.into_iter().map(|candidate| candidate.seq).collect()
    }

    fn claim(&mut self, seq: i64, request: &ClaimRequest, now: Timestamp) -> Result<Option<Claim>, PortError> {
        let Some(id) = self.outbox.get(&seq).map(|row| row.delivery_id.clone()) else { return Ok(None) };
        let Some(record) = self.records.get(&id) else { return Ok(None) };
        let transition = record
            .decide(&Event::Claimed, now)
            .map_err(|refused| PortError::new(PortErrorKind::Other, "queue.claim", refused.to_string()))?;
        self.commit(&id, &transition, Value::Object(Map::new()), now);
        if let Some(record) = self.records.get_mut(&id) {
            record.delivery.last_attempted_at = Some(now);
        }
        let claim = self.taken(seq, request.worker, now.plus(request.lease));
        Ok(claim.map(|claim| Claim { taken_from: transition.from, ..claim }))
    }

    /// Takes a letter under a new lease, and nothing else changes.
    fn taken(&mut self, seq: i64, worker: WorkerId, until: Timestamp) -> Option<Claim> {
        let fence = self.lease(seq, worker, until)?;
        let record = self.records.get(&fence.delivery_id)?;
        let payload = record.content.as_ref()?;
        Some(Claim {
            fence,
            taken_from: record.state.status,
            state: record.state.clone(),
            queued_at: record.delivery.queued_at,
            letter: payload.letter.clone(),
            content: payload.frozen.clone().map_or(Content::Fresh, Content::Frozen),
            attachments: u32::try_from(payload.attachments.len()).unwrap_or(u32::MAX),
            provider: record.delivery.provider.clone(),
        })
    }

    fn take_over(
        &mut self,
        wanted: impl Fn(&Self, &Row, &Record) -> bool,
        worker: WorkerId,
        limit: u32,
        lease: Duration,
        now: Timestamp,
    ) -> Batch {
        let is_wanted = |row: &Row| self.records.get(&row.delivery_id).is_some_and(|record| wanted(self, row, record));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let found: Vec<i64> =
            self.outbox.iter().filter(|(_, row)| is_wanted(row)).map(|(seq, _)| *seq).take(limit).collect();
        let claims = found.into_iter().filter_map(|seq| self.taken(seq, worker, now.plus(lease))).collect();
        Batch { now, claims }
    }

    fn hand_over(&mut self, letter: &Ready, now: Timestamp) -> Fenced {
        if self.held(&letter.fence).is_none() {
            return Fenced::Stale;
        }
        let Some(record) = self.records.get_mut(&letter.fence.delivery_id) else { return Fenced::Stale };
        record.state.stage = Stage::Handover;
        record.delivery.provider = Some(letter.transport.clone());
        record.delivery.updated_at = now;
        if let (Some(frozen), Some(payload)) = (&letter.frozen, &mut record.content) {
            // The first bytes stand: every attempt sends the same.
            let stands = payload.frozen.get_or_insert_with(|| frozen.clone());
            record.delivery.message_id = Some(stands.message_id.clone());
        }
        Fenced::Done
    }

    fn settle(&mut self, settlement: &Settlement, now: Timestamp) -> Fenced {
        let id = &settlement.fence.delivery_id;
        let end = (settlement.fence.token, settlement.transition.next.status);
        if self.held(&settlement.fence).is_none() {
            let repeated = self.records.get(id).is_some_and(|record| record.settled == Some(end));
            return if repeated { Fenced::Done } else { Fenced::Stale };
        }
        let mut payload = match &settlement.payload {
            Value::Object(fields) => fields.clone(),
            _ => Map::new(),
        };
        if let Some(record) = self.records.get_mut(id) {
            record.settled = Some(end);
            if let Some(transport) = &settlement.transport {
                record.delivery.provider = Some(transport.clone());
                payload.insert("transport".to_owned(), json!(transport.as_str()));
            }
            if let Some(receipt) = &settlement.receipt {
                record.delivery.provider_message_id = Some(receipt.clone());
                payload.insert("receipt".to_owned(), json!(receipt.as_str()));
            }
        }
        self.commit(id, &settlement.transition, Value::Object(payload), now);
        Fenced::Done
    }

    /// Brings about what a person asked for, where the domain allows it.
    fn change(&mut self, id: &DeliveryId, event: &Event, by: Option<&Actor>, now: Timestamp) -> Changed {
        let Some(record) = self.records.get(id) else { return Changed::Unknown };
        let Ok(transition) = record.decide(event, now) else { return Changed::Not(record.state.status) };
        if transition.next.status.is_waiting() && record.content.is_none() {
            return Changed::ContentGone;
        }
        let workflow = record.delivery.workflow.clone();
        self.commit(id, &transition, asked_by(by), now);
        Changed::Done(Box::new(Committed { delivery_id: id.clone(), workflow, transition }))
    }

    fn sweep(&mut self, retention: Retention, limit: u32, now: Timestamp) -> Swept {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut swept = Swept::default();
        let is_past = |record: &&Record| record.state.expires_at.is_some_and(|at| at <= now);
        let waits = |record: &&Record| matches!(record.state.status, Status::Queued | Status::Retrying);
        let expired: Vec<DeliveryId> = self
            .records
            .values()
            .filter(waits)
            .filter(is_past)
            .map(|r| r.delivery.delivery_id.clone())
            .take(limit)
            .collect();
        for id in expired {
            if let Changed::Done(committed) = self.change(&id, &Event::Expired, None, now) {
                swept.expired.push(*committed);
            }
        }
        let done_with = |record: &&mut Record| {
            record.content.is_some() && record.final_at.is_some_and(|at| now.since(at) >= retention.payloads)
        };
        for record in self.records.values_mut().filter(done_with).take(limit) {
            record.content = None;
            swept.payloads += 1;
        }
        swept.keys = forget(&mut self.keys, |row| row.expires_at <= now, limit);
        swept.workers = forget(&mut self.workers, |row| now.since(row.beat_at) >= retention.workers, limit);
        swept
    }
}

/// Removes at most `limit` rows that are past their time; how many it were.
fn forget<K: Ord, V>(rows: &mut BTreeMap<K, V>, is_past: impl Fn(&V) -> bool, limit: usize) -> u64 {
    let gone = rows.extract_if(.., |_, row| is_past(row)).take(limit).count();
    u64::try_from(gone).unwrap_or(u64::MAX)
}

fn may_be_claimed(row: &Row, record: &Record, request: &ClaimRequest, now: Timestamp) -> bool {
    let tenant = record.delivery.tenant_id.as_ref();
    matches!(record.state.status, Status::Queued | Status::Retrying)
        && row.due_at.is_some_and(|due| due <= now)
        && record.state.expires_at.is_none_or(|expires| expires > now)
        && !tenant.is_some_and(|tenant| request.held_tenants.contains(tenant))
        && request.among.has(&record.delivery.workflow)
}

/// A letter that may be claimed, with what decides about its turn.
struct Candidate<'a> {
    seq: i64,
    due_at: Option<Timestamp>,
    tenant: Option<&'a TenantId>,
    priority: Priority,
}

impl<'a> Candidate<'a> {
    const fn new(seq: i64, row: &Row, record: &'a Record) -> Self {
        let delivery = &record.delivery;
        Self { seq, due_at: row.due_at, tenant: delivery.tenant_id.as_ref(), priority: delivery.priority }
    }

    const fn rank(&self) -> (std::cmp::Reverse<Priority>, Option<Timestamp>, i64) {
        (std::cmp::Reverse(self.priority), self.due_at, self.seq)
    }
}
