//! Queue, registry and tracker as one process sees them: every call waits for its turn twice,
//! may fail with or without effect, and is written into the ledger.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::attachment::Attachment;
use postroom_domain::id::{Actor, DeliveryId, WorkerId};
use postroom_ports::clock::Clock;
use postroom_ports::error::{PortError, PortErrorKind};
use postroom_ports::letter::NewDelivery;
use postroom_ports::memory::ManualClock;
use postroom_ports::queue::{
    Batch, Changed, ClaimRequest, DeliveryQueue, Enqueued, Fence, Fenced, ProviderReport, QueueCapabilities, Ready,
    Request, Retention, Settlement, Swept,
};
use postroom_ports::tracker::{Counts, Cursor, Delivery, DeliveryEvent, DeliveryTracker, Page, Recorded, Search};
use postroom_ports::worker::{Presence, Woken, WorkerRegistry};

use crate::audit::{audit, record, stands};
use crate::broken::Broken;
use crate::ledger::Ledger;
use crate::stage::{Half, Stage, Verdict};

/// The store as one process reaches it.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    pub(crate) process: usize,
    pub(crate) inner: Arc<Broken>,
    pub(crate) stage: Arc<Stage>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) clock: ManualClock,
}

impl Watched {
    async fn half(&self, call: &'static str, half: Half) -> Result<(), PortError> {
        match self.stage.turn(self.process, call, half).await {
            Verdict::Go => Ok(()),
            Verdict::Fail => Err(PortError::new(PortErrorKind::Unavailable, call, "the connection is gone")),
        }
    }

    /// One call: its turn, its effect, what the ledger makes of it, and its answer's turn.
    async fn call<T>(
        &self,
        call: &'static str,
        effect: impl Future<Output = Result<T, PortError>>,
        note: impl FnOnce(&T),
    ) -> Result<T, PortError> {
        self.half(call, Half::Begin).await?;
        let answer = effect.await;
        if let Ok(answer) = &answer {
            note(answer);
        }
        self.half(call, Half::End).await?;
        answer
    }

    fn audit(&self, id: &DeliveryId) {
        audit(&self.inner.store, &self.ledger, id);
    }

    fn note_taken_over(&self, batch: &Batch, lease: Duration) {
        for claim in &batch.claims {
            self.ledger.taken_over(self.process, claim, batch.now, batch.now.plus(lease));
            self.audit(&claim.fence.delivery_id);
        }
    }

    fn note_settled(&self, settlements: &[Settlement], answers: &[Fenced]) {
        let now = self.clock.now();
        for (settlement, _) in settlements.iter().zip(answers).filter(|(_, fenced)| **fenced == Fenced::Done) {
            let id = &settlement.fence.delivery_id;
            if !self.ledger.settles(&settlement.fence, settlement.transition.next.status) {
                continue;
            }
            self.ledger.written(&settlement.fence, "settle");
            stands(&self.inner.store, &self.ledger, id, &settlement.transition, now);
            self.ledger.released(id);
            self.audit(id);
        }
    }
}

#[async_trait]
impl DeliveryQueue for Watched {
    fn capabilities(&self) -> QueueCapabilities {
        self.inner.capabilities()
    }

    async fn enqueue(&self, letters: &[NewDelivery]) -> Result<Vec<Enqueued>, PortError> {
        let note = |_: &Vec<Enqueued>| {
            for letter in letters {
                self.ledger.enqueued(&letter.delivery_id, letter.due_at);
                self.audit(&letter.delivery_id);
            }
        };
        self.call("enqueue", self.inner.enqueue(letters), note).await
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Batch, PortError> {
        self.half("claim", Half::Begin).await?;
        let due = |id: &DeliveryId| record(&self.inner.store, id).and_then(|(delivery, _)| delivery.due_at);
        let before: Vec<_> = self.ledger.letters().into_iter().map(|id| (due(&id), id)).collect();
        let answer = self.inner.claim(request).await;
        for claim in answer.iter().flat_map(|batch| &batch.claims) {
            let id = &claim.fence.delivery_id;
            let due_at = before.iter().find(|(_, known)| known == id).and_then(|(due, _)| *due);
            let now = self.clock.now();
            self.ledger.claimed(self.process, claim, due_at, now, now.plus(request.lease));
            self.audit(id);
        }
        self.half("claim", Half::End).await?;
        answer
    }

    async fn attachments(&self, fence: &Fence) -> Result<Vec<Attachment>, PortError> {
        self.call("attachments", self.inner.attachments(fence), |_| {}).await
    }

    async fn ready(&self, letters: &[Ready]) -> Result<Vec<Fenced>, PortError> {
        let note = |answers: &Vec<Fenced>| {
            for (letter, _) in letters.iter().zip(answers).filter(|(_, fenced)| **fenced == Fenced::Done) {
                self.ledger.written(&letter.fence, "ready");
                self.ledger.ready(self.process, &letter.fence.delivery_id);
            }
        };
        self.call("ready", self.inner.ready(letters), note).await
    }

    async fn extend(&self, fences: &[Fence], lease: Duration) -> Result<Vec<Fenced>, PortError> {
        let note = |answers: &Vec<Fenced>| {
            let until = self.clock.now().plus(lease);
            for (fence, _) in fences.iter().zip(answers).filter(|(_, fenced)| **fenced == Fenced::Done) {
                self.ledger.written(fence, "extend");
                self.ledger.extended(fence, until);
            }
        };
        self.call("extend", self.inner.extend(fences, lease), note).await
    }

    async fn settle(&self, settlements: &[Settlement]) -> Result<Vec<Fenced>, PortError> {
        let note = |answers: &Vec<Fenced>| self.note_settled(settlements, answers);
        self.call("settle", self.inner.settle(settlements), note).await
    }

    async fn lapsed(&self, worker: WorkerId, limit: u32, lease: Duration) -> Result<Batch, PortError> {
        let note = |batch: &Batch| self.note_taken_over(batch, lease);
        self.call("lapsed", self.inner.lapsed(worker, limit, lease), note).await
    }

    async fn doubtful(&self, worker: WorkerId, limit: u32, lease: Duration) -> Result<Batch, PortError> {
        let note = |batch: &Batch| self.note_taken_over(batch, lease);
        self.call("doubtful", self.inner.doubtful(worker, limit, lease), note).await
    }

    async fn request<'a>(
        &self,
        ids: &[DeliveryId],
        request: Request,
        by: Option<&'a Actor>,
    ) -> Result<Vec<Changed>, PortError> {
        let note = |answers: &Vec<Changed>| {
            for (id, _) in ids.iter().zip(answers).filter(|(_, changed)| matches!(changed, Changed::Done(_))) {
                self.ledger.released(id);
                self.audit(id);
            }
        };
        self.call("request", self.inner.request(ids, request, by), note).await
    }

    async fn sweep(&self, retention: Retention, limit: u32) -> Result<Swept, PortError> {
        self.call("sweep", self.inner.sweep(retention, limit), |_| {}).await
    }
}

#[async_trait]
impl WorkerRegistry for Watched {
    async fn register(&self, worker: WorkerId, label: &str) -> Result<(), PortError> {
        let note = |(): &()| self.ledger.beat(self.process, self.clock.now());
        self.call("register", self.inner.register(worker, label), note).await
    }

    async fn beat(&self, worker: WorkerId) -> Result<(), PortError> {
        let note = |(): &()| self.ledger.beat(self.process, self.clock.now());
        self.call("beat", self.inner.beat(worker), note).await
    }

    async fn set_presence(&self, worker: WorkerId, presence: Presence) -> Result<(), PortError> {
        self.call("set_presence", self.inner.set_presence(worker, presence), |()| {}).await
    }

    async fn wait(&self, worker: WorkerId, longest: Duration) -> Result<Woken, PortError> {
        self.half("wait", Half::Begin).await?;
        self.inner.wait(worker, longest).await
    }

    async fn retire(&self, worker: WorkerId) -> Result<(), PortError> {
        self.call("retire", self.inner.retire(worker), |()| self.ledger.retired(self.process)).await
    }
}

#[async_trait]
impl DeliveryTracker for Watched {
    async fn record(&self, id: &DeliveryId, report: &ProviderReport) -> Result<Recorded, PortError> {
        let note = |recorded: &Recorded| {
            if let Recorded::Done(done) = recorded {
                if done.transition.from != done.transition.next.status {
                    self.ledger.released(id);
                }
                self.audit(id);
            }
        };
        self.call("record", self.inner.store.record(id, report), note).await
    }

    async fn find(&self, id: &DeliveryId) -> Result<Option<Delivery>, PortError> {
        self.call("find", self.inner.store.find(id), |_| {}).await
    }

    async fn history(&self, id: &DeliveryId) -> Result<Vec<DeliveryEvent>, PortError> {
        self.call("history", self.inner.store.history(id), |_| {}).await
    }

    async fn search<'a>(&self, search: &Search, after: Option<&'a Cursor>, limit: u32) -> Result<Page, PortError> {
        self.call("search", self.inner.store.search(search, after, limit), |_| {}).await
    }

    async fn counts(&self) -> Result<Counts, PortError> {
        self.call("counts", self.inner.store.counts(), |_| {}).await
    }
}
