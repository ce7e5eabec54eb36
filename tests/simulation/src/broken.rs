//! The store in memory, with one mistake built in where a run wants one.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::attachment::Attachment;
use postroom_domain::id::{Actor, DeliveryId, WorkerId};
use postroom_domain::lifecycle::{DeliveryState, Transition};
use postroom_domain::status::{Stage, Status};
use postroom_ports::error::PortError;
use postroom_ports::letter::NewDelivery;
use postroom_ports::memory::MemoryStore;
use postroom_ports::queue::{
    Batch, Changed, Claim, ClaimRequest, Committed, DeliveryQueue, Enqueued, Fence, Fenced, QueueCapabilities, Ready,
    Request, Retention, Settlement, Swept,
};
use postroom_ports::tracker::DeliveryTracker;
use postroom_ports::worker::{Presence, Woken, WorkerRegistry};

use crate::Bug;

/// The store, sound or not.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) store: MemoryStore,
    bug: Option<Bug>,
    memory: Mutex<Memory>,
}

/// What mistakes are made of.
#[derive(Debug, Default)]
struct Memory {
    latest: BTreeMap<DeliveryId, Claim>,
    late: Vec<Settlement>,
}

impl Broken {
    pub(crate) fn new(store: MemoryStore, bug: Option<Bug>) -> Self {
        Self { store, bug, memory: Mutex::default() }
    }

    fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, batch: &Batch) {
        let mut memory = self.memory();
        for claim in &batch.claims {
            memory.latest.insert(claim.fence.delivery_id.clone(), claim.clone());
        }
    }

    /// One that somebody else holds by now.
    async fn claimed_by_another(&self) -> Option<Claim> {
        let known: Vec<Claim> = self.memory().latest.values().cloned().collect();
        for claim in known {
            let found = self.store.find(&claim.fence.delivery_id).await.ok().flatten()?;
            if found.status == Status::InProgress {
                return Some(claim);
            }
        }
        None
    }

    /// What *ready* would answer, and nothing is on record.
    async fn looked_at(&self, letters: &[Ready]) -> Vec<Fenced> {
        let mut answers = Vec::with_capacity(letters.len());
        for letter in letters {
            let latest = self.memory().latest.get(&letter.fence.delivery_id).map(|claim| claim.fence.token);
            let status = self.store.find(&letter.fence.delivery_id).await.ok().flatten().map(|found| found.status);
            let held = latest == Some(letter.fence.token) && status == Some(Status::InProgress);
            answers.push(if held { Fenced::Done } else { Fenced::Stale });
        }
        answers
    }

    fn spoiled(&self, settlement: &Settlement) -> Settlement {
        let mut spoiled = settlement.clone();
        let next = &mut spoiled.transition;
        let code = next.code.as_ref().map(postroom_domain::failure::Code::as_str);
        match self.bug {
            Some(Bug::NoFence) => {
                if let Some(latest) = self.memory().latest.get(&settlement.fence.delivery_id) {
                    spoiled.fence = latest.fence.clone();
                }
            }
            Some(Bug::GiveBackLost) if code == Some(postroom_domain::failure::Code::GIVEN_BACK) => next.due_in = None,
            Some(Bug::RetryWithoutWait) if next.next.status == Status::Retrying => next.due_in = Some(Duration::ZERO),
            _ => {}
        }
        spoiled
    }

    /// Cancels what is on its way, as if nothing of it had left.
    async fn cancelled_in_flight(&self, id: &DeliveryId) -> Option<Changed> {
        let found = self.store.find(id).await.ok().flatten()?;
        if found.status != Status::InProgress {
            return None;
        }
        let claim = self.memory().latest.get(id).cloned()?;
        let next = DeliveryState { status: Status::Cancelled, ..claim.state.clone() };
        let detail = postroom_domain::detail::Detail::default();
        let transition =
            Transition { from: Status::InProgress, next, due_in: None, code: None, detail, effects: Vec::new() };
        let settlement = Settlement {
            fence: claim.fence.clone(),
            transition: transition.clone(),
            transport: None,
            receipt: None,
            payload: serde_json::Value::Null,
        };
        let done = self.store.settle(&[settlement]).await.ok()?;
        let committed = Committed { delivery_id: id.clone(), workflow: claim.letter.workflow, transition };
        (done == [Fenced::Done]).then(|| Changed::Done(Box::new(committed)))
    }
}

#[async_trait]
impl DeliveryQueue for Broken {
    fn capabilities(&self) -> QueueCapabilities {
        self.store.capabilities()
    }

    async fn enqueue(&self, letters: &[NewDelivery]) -> Result<Vec<Enqueued>, PortError> {
        let mut letters = letters.to_vec();
        if self.has(Bug::DueTimeIgnored) {
            for letter in &mut letters {
                letter.due_at = None;
            }
        }
        self.store.enqueue(&letters).await
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Batch, PortError> {
        let again = if self.has(Bug::ClaimedTwice) { self.claimed_by_another().await } else { None };
        let mut batch = self.store.claim(request).await?;
        self.remember(&batch);
        batch.claims.extend(again);
        Ok(batch)
    }

    async fn attachments(&self, fence: &Fence) -> Result<Vec<Attachment>, PortError> {
        self.store.attachments(fence).await
    }

    async fn ready(&self, letters: &[Ready]) -> Result<Vec<Fenced>, PortError> {
        if self.has(Bug::StageWrittenLate) {
            return Ok(self.looked_at(letters).await);
        }
        let mut letters = letters.to_vec();
        if self.has(Bug::ComposedAnew) {
            for letter in &mut letters {
                letter.frozen = None;
            }
        }
        self.store.ready(&letters).await
    }

    async fn extend(&self, fences: &[Fence], lease: Duration) -> Result<Vec<Fenced>, PortError> {
        self.store.extend(fences, lease).await
    }

    async fn settle(&self, settlements: &[Settlement]) -> Result<Vec<Fenced>, PortError> {
        if self.has(Bug::SettleAcknowledgedEarly) {
            let late = std::mem::replace(&mut self.memory().late, settlements.to_vec());
            self.store.settle(&late).await?;
            return Ok(vec![Fenced::Done; settlements.len()]);
        }
        let spoiled: Vec<Settlement> = settlements.iter().map(|settlement| self.spoiled(settlement)).collect();
        self.store.settle(&spoiled).await
    }

    async fn lapsed(&self, worker: WorkerId, limit: u32, lease: Duration) -> Result<Batch, PortError> {
        let limit = if self.has(Bug::LapsedForgotten) { 0 } else { limit };
        let mut batch = self.store.lapsed(worker, limit, lease).await?;
        for claim in &mut batch.claims {
            if self.has(Bug::HandoverOverlooked) {
                claim.state.stage = Stage::Claimed;
            }
            if self.has(Bug::AttemptCountedAtSettle) {
                claim.state.attempts -= 1;
            }
        }
        self.remember(&batch);
        Ok(batch)
    }

    async fn doubtful(&self, worker: WorkerId, limit: u32, lease: Duration) -> Result<Batch, PortError> {
        let limit = if self.has(Bug::DoubtForgotten) { 0 } else { limit };
        let batch = self.store.doubtful(worker, limit, lease).await?;
        self.remember(&batch);
        Ok(batch)
    }

    async fn request<'a>(
        &self,
        ids: &[DeliveryId],
        request: Request,
        by: Option<&'a Actor>,
    ) -> Result<Vec<Changed>, PortError> {
        if self.has(Bug::CancelledInFlight)
            && let ([id], Request::Cancel) = (ids, request)
            && let Some(done) = self.cancelled_in_flight(id).await
        {
            return Ok(vec![done]);
        }
        self.store.request(ids, request, by).await
    }

    async fn sweep(&self, retention: Retention, limit: u32) -> Result<Swept, PortError> {
        self.store.sweep(retention, limit).await
    }
}

#[async_trait]
impl WorkerRegistry for Broken {
    async fn register(&self, worker: WorkerId, label: &str) -> Result<(), PortError> {
        self.store.register(worker, label).await
    }

    async fn beat(&self, worker: WorkerId) -> Result<(), PortError> {
        if self.has(Bug::HeartbeatForgotten) {
            return Ok(());
        }
        self.store.beat(worker).await
    }

    async fn set_presence(&self, worker: WorkerId, presence: Presence) -> Result<(), PortError> {
        self.store.set_presence(worker, presence).await
    }

    async fn wait(&self, worker: WorkerId, longest: Duration) -> Result<Woken, PortError> {
        self.store.wait(worker, longest).await
    }

    async fn retire(&self, worker: WorkerId) -> Result<(), PortError> {
        self.store.retire(worker).await
    }
}
