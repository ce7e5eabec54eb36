use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::attachment::Attachment;
use postroom_domain::id::{Actor, DeliveryId, LeaseToken, WorkerId};
use postroom_domain::invalid::Invalid;
use postroom_domain::letter::Priority;
use postroom_domain::lifecycle::{DeliveryState, Resolution, Transition};
use postroom_domain::status::{Stage, Status};
use postroom_domain::time::Timestamp;
use postroom_ports::contract::letters::delivery;
use postroom_ports::error::PortError;
use postroom_ports::letter::NewDelivery;
use postroom_ports::pauses::PauseBoard;
use postroom_ports::queue::{
    Among, Batch, Changed, ClaimRequest, Committed, Content, DeliveryQueue, Enqueued, Fence, Fenced, QueueCapabilities,
    Ready, Request, Retention, Settlement, Swept,
};
use postroom_ports::tracker::DeliveryTracker;
use postroom_ports::worker::WorkerRegistry;

use super::store::{BrokenStore, Fault};

#[async_trait]
impl DeliveryQueue for BrokenStore {
    fn capabilities(&self) -> QueueCapabilities {
        self.inner.capabilities()
    }

    async fn enqueue(&self, letters: &[NewDelivery]) -> Result<Vec<Enqueued>, PortError> {
        if self.is(Fault::BatchIsAllOrNothing) && self.any_taken(letters).await? {
            let refusal = Enqueued::Refused(Invalid::new("delivery_id", "one of the batch is taken"));
            return Ok(vec![refusal; letters.len()]);
        }
        let mut answers = Vec::new();
        let mut keys = HashSet::new();
        for new in letters {
            let mut stored = self.mangled(new);
            if self.is(Fault::BatchIgnoresItsOwnKeys) && !keys.insert(new.idempotency_key.clone()) {
                stored.idempotency_key = None;
            }
            answers.extend(self.enqueue_one(new, &stored).await?);
        }
        let mut notes = self.notes();
        notes.ids.extend(letters.iter().map(|new| new.delivery_id.clone()));
        notes.attachments.extend(letters.iter().map(|new| (new.delivery_id.clone(), new.attachments.clone())));
        drop(notes);
        if self.is(Fault::AnswersInReverse) {
            answers.reverse();
        }
        Ok(answers)
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Batch, PortError> {
        let mut request = request.clone();
        match self.fault {
            Fault::IgnoresHolds => request.held_tenants.clear(),
            Fault::IgnoresWorkflows => request.among = Among::default(),
            Fault::ClaimsWhatIsPaused => return self.claimed_and_kept_back(&request).await,
            Fault::PausedWorkflowsHoldTheirLane if !self.inner.paused().await?.is_empty() => request.limit = 0,
            Fault::IgnoresLimit => request.limit = u32::MAX,
            Fault::IgnoresLanes => request.lane_share = u32::MAX,
            Fault::HardShares => request.limit = request.limit.min(request.lane_share),
            Fault::RevivesFinalLetters => {
                let ids = self.notes().ids.clone();
                self.inner.request(&ids, Request::Redrive, None).await?;
            }
            _ => {}
        }
        Ok(self.tampered(self.inner.claim(&request).await?))
    }

    async fn attachments(&self, fence: &Fence) -> Result<Vec<Attachment>, PortError> {
        let id = &fence.delivery_id;
        let kept = self.notes().attachments.get(id).cloned().unwrap_or_default();
        let mut attachments = self.inner.attachments(fence).await?;
        match self.fault {
            Fault::AttachmentsIgnoreFence => attachments = kept,
            Fault::KeepsAttachments if self.notes().handed.contains(id) => attachments = kept,
            Fault::FailureDropsAttachments if self.notes().failed.contains(id) => attachments.clear(),
            Fault::ReversesAttachments => attachments.reverse(),
            _ => {}
        }
        Ok(attachments)
    }

    async fn ready(&self, letters: &[Ready]) -> Result<Vec<Fenced>, PortError> {
        let mut letters = letters.to_vec();
        for letter in &mut letters {
            let id = letter.fence.delivery_id.clone();
            let handed_before = !self.notes().handed.insert(id.clone());
            if self.is(Fault::ReadyOnce) && handed_before {
                letter.fence.token = LeaseToken::new(uuid::Uuid::nil());
            }
            if let Some(frozen) = &letter.frozen {
                self.notes().frozen.insert(id, frozen.clone());
            }
            if self.is(Fault::ForgetsBytes) {
                letter.frozen = None;
            }
            if self.is(Fault::ReadyIgnoresFence) {
                letter.fence = self.current(&letter.fence);
            }
        }
        Ok(self.said(self.inner.ready(&letters).await?))
    }

    async fn extend(&self, fences: &[Fence], lease: Duration) -> Result<Vec<Fenced>, PortError> {
        let mut fences = fences.to_vec();
        if self.is(Fault::ExtendIgnoresFence) {
            fences = fences.iter().map(|fence| self.current(fence)).collect();
        }
        Ok(self.said(self.inner.extend(&fences, lease).await?))
    }

    async fn settle(&self, settlements: &[Settlement]) -> Result<Vec<Fenced>, PortError> {
        let mut settlements = settlements.to_vec();
        for settlement in &mut settlements {
            if settlement.transition.next.status == Status::Failed {
                self.notes().failed.insert(settlement.fence.delivery_id.clone());
            }
            let settled_before = !self.notes().settled.insert(settlement.fence.clone());
            let due_in = &mut settlement.transition.due_in;
            match self.fault {
                Fault::SettleIgnoresFence => settlement.fence = self.current(&settlement.fence),
                Fault::ForgetsSettlements if settled_before => {
                    settlement.fence.token = LeaseToken::new(uuid::Uuid::nil());
                }
                Fault::LosesReceipts => settlement.receipt = None,
                Fault::RetriesAtOnce => *due_in = due_in.map(|_| Duration::ZERO),
                Fault::WaitsLongerThanTold => *due_in = due_in.map(|wait| wait + Duration::from_hours(1)),
                Fault::HeldIsDue => *due_in = Some(due_in.unwrap_or_default()),
                _ => {}
            }
        }
        Ok(self.said(self.inner.settle(&settlements).await?))
    }

    async fn lapsed(&self, worker: WorkerId, limit: u32, lease: Duration) -> Result<Batch, PortError> {
        let others: Vec<WorkerId> = self.notes().workers.iter().copied().filter(|other| *other != worker).collect();
        for other in others {
            match self.fault {
                Fault::JanitorRetiresTheLiving => self.inner.retire(other).await?,
                Fault::BeatsForEverybody => self.inner.beat(other).await?,
                _ => {}
            }
        }
        Ok(self.taken_over(self.inner.lapsed(worker, limit, lease).await?))
    }

    async fn doubtful(&self, worker: WorkerId, limit: u32, lease: Duration) -> Result<Batch, PortError> {
        let mut batch = self.taken_over(self.inner.doubtful(worker, limit, lease).await?);
        if self.is(Fault::DoubtfulFindsNothing) {
            batch.claims.clear();
        }
        Ok(batch)
    }

    async fn request<'a>(
        &self,
        ids: &[DeliveryId],
        request: Request,
        by: Option<&'a Actor>,
    ) -> Result<Vec<Changed>, PortError> {
        let by = by.filter(|_| !self.is(Fault::ForgetsWhoAsked));
        let mut request = request;
        match (self.fault, request) {
            (Fault::CancelOnlySaysSo, Request::Cancel) => return self.only_said(ids, Status::Cancelled).await,
            (Fault::RetryOnlySaysSo, Request::Retry) => return self.only_said(ids, Status::Retrying).await,
            (Fault::HeldStaysHeld, Request::Resolve(_)) => {
                let held = Changed::Not(Status::InDoubt);
                return Ok(vec![held; ids.len()]);
            }
            (Fault::ResolvesAsSent, Request::Resolve(_)) => request = Request::Resolve(Resolution::Sent),
            _ => {}
        }
        let answers = self.inner.request(ids, request, by).await?.into_iter().zip(ids);
        let answers = answers.map(|(answer, id)| match (answer, self.fault, request) {
            (Changed::Not(from), Fault::CancelsAnything, Request::Cancel) => granted(id, from, Status::Cancelled),
            (Changed::Not(from), Fault::RetriesAnything, Request::Retry) => granted(id, from, Status::Retrying),
            (Changed::Not(from), Fault::ResolvesAnything, Request::Resolve(_)) => granted(id, from, Status::Sent),
            (Changed::ContentGone, Fault::RedrivesWithoutContent, _) => granted(id, Status::Failed, Status::Queued),
            (Changed::Done(_), Fault::RedriveNeedsBytes, Request::Redrive) => Changed::ContentGone,
            (answer, ..) => answer,
        });
        Ok(self.answered(answers.collect()))
    }

    async fn sweep(&self, retention: Retention, limit: u32) -> Result<Swept, PortError> {
        let (mut retention, mut limit) = (retention, limit);
        match self.fault {
            Fault::NeverSweeps => return Ok(Swept::default()),
            Fault::ForgetsContentAtOnce => retention.payloads = Duration::ZERO,
            Fault::IgnoresLimit => limit = u32::MAX,
            Fault::KeyGoesWithContent => self.notes().has_swept = Some(()),
            _ => {}
        }
        let mut swept = self.inner.sweep(retention, limit).await?;
        for committed in &mut swept.expired {
            self.retold(committed);
        }
        Ok(swept)
    }
}

impl BrokenStore {
    /// Grants everything and does nothing.
    async fn only_said(&self, ids: &[DeliveryId], to: Status) -> Result<Vec<Changed>, PortError> {
        let mut answers = Vec::new();
        for id in ids {
            let status = self.inner.find(id).await?.map_or(Status::Queued, |seen| seen.status);
            answers.push(granted(id, status, to));
        }
        Ok(answers)
    }

    async fn any_taken(&self, letters: &[NewDelivery]) -> Result<bool, PortError> {
        for new in letters {
            if self.inner.find(&new.delivery_id).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The letter as the fault lets it arrive.
    fn mangled(&self, new: &NewDelivery) -> NewDelivery {
        let mut new = new.clone();
        let rounded = |at: Timestamp| Timestamp::from_micros(at.as_micros() / 1000 * 1000);
        match self.fault {
            Fault::LosesLocale => new.letter.locale = None,
            Fault::LosesMaxAttempts => new.max_attempts = None,
            Fault::LosesMetadata => new.letter.metadata.clear(),
            Fault::RoundsToMilliseconds => {
                new.due_at = new.due_at.map(rounded);
                new.expires_at = new.expires_at.map(rounded);
            }
            Fault::IgnoresKeys => new.idempotency_key = None,
            Fault::KeyGoesWithContent if self.notes().has_swept.is_some() => new.idempotency_key = None,
            Fault::ForgetsDueTime => new.due_at = None,
            Fault::ForgetsExpiry => new.expires_at = None,
            Fault::IgnoresPriority => new.letter.priority = Priority::DEFAULT,
            Fault::ChecksNothing => {
                new.attachments.truncate(1);
                new.max_attempts = None;
                (new.due_at, new.expires_at, new.letter.source_id) = (None, None, None);
            }
            _ => {}
        }
        new
    }

    async fn enqueue_one(&self, new: &NewDelivery, stored: &NewDelivery) -> Result<Vec<Enqueued>, PortError> {
        let first = new.idempotency_key.as_ref().and_then(|key| self.notes().keys.get(key).cloned());
        if let (Fault::KeysAreGlobal, Some(first)) = (self.fault, &first) {
            return Ok(vec![Enqueued::Existing(first.clone())]);
        }
        if let Some(key) = &new.idempotency_key {
            self.notes().keys.entry(key.clone()).or_insert_with(|| new.delivery_id.clone());
        }
        let answers = self.inner.enqueue(std::slice::from_ref(stored)).await?.into_iter();
        let answers = answers.map(|answer| match (answer, self.fault, &first) {
            (Enqueued::Refused(_), Fault::ComparesNoContent, Some(first)) => Enqueued::Existing(first.clone()),
            (Enqueued::Refused(_), Fault::TakenIdIsSuccess, _) => Enqueued::New(new.delivery_id.clone()),
            (answer, ..) => answer,
        });
        Ok(answers.collect())
    }

    /// The fence that holds a letter now, whatever fence was shown.
    fn current(&self, fence: &Fence) -> Fence {
        self.notes().fences.get(&fence.delivery_id).unwrap_or(fence).clone()
    }

    /// A batch of claims as the fault shows it.
    fn tampered(&self, mut batch: Batch) -> Batch {
        if self.is(Fault::HandsOutTwice) {
            let mut notes = self.notes();
            notes.claims.extend(batch.claims.clone());
            if batch.claims.is_empty() {
                batch.claims.extend(notes.claims.first().cloned());
            }
        }
        for claim in &mut batch.claims {
            let id = claim.fence.delivery_id.clone();
            let given = self.notes().frozen.get(&id).cloned();
            self.notes().fences.insert(id, claim.fence.clone());
            match (self.fault, given) {
                (Fault::CountsTwoAttempts, _) => claim.state.attempts += 1,
                (Fault::RedriveKeepsTheOldBudget, _) => claim.state.excused = 0,
                (Fault::RepeatsTokens, _) => claim.fence.token = LeaseToken::new(uuid::Uuid::nil()),
                (Fault::ReplacesBytes, Some(given)) => claim.content = Content::Frozen(given),
                (Fault::LapsedForgetsStage, _) => claim.state.stage = Stage::Claimed,
                _ => {}
            }
        }
        match self.fault {
            Fault::ClaimSaysItsOwnTime => batch.now = Timestamp::EPOCH,
            Fault::ReversesBatches => batch.claims.reverse(),
            _ => {}
        }
        batch
    }

    /// What a janitor took, as the fault shows it.
    fn taken_over(&self, mut batch: Batch) -> Batch {
        if self.is(Fault::TakesOverOnce) {
            batch.claims.retain(|claim| self.notes().taken_over.insert(claim.fence.delivery_id.clone()));
        }
        self.tampered(batch)
    }

    /// Answers to fenced writes as the fault gives them.
    fn said(&self, mut answers: Vec<Fenced>) -> Vec<Fenced> {
        let spoiled = self.is(Fault::StaleSpoilsBatch) && answers.contains(&Fenced::Stale);
        if spoiled || self.is(Fault::NeverStale) {
            answers.fill(if spoiled { Fenced::Stale } else { Fenced::Done });
        }
        answers
    }

    /// Answers to requests as the fault gives them.
    fn answered(&self, mut answers: Vec<Changed>) -> Vec<Changed> {
        if self.is(Fault::AnswersInReverse) {
            answers.reverse();
        }
        for answer in &mut answers {
            if let Changed::Done(committed) = answer {
                self.retold(committed);
            }
        }
        answers
    }

    fn retold(&self, committed: &mut Committed) {
        match self.fault {
            Fault::AnswersWithoutCode => committed.transition.code = None,
            Fault::RedriveForgetsAge => committed.transition.next.age_from = Timestamp::EPOCH,
            _ => {}
        }
    }
}

/// An answer that grants what was not done.
fn granted(id: &DeliveryId, from: Status, to: Status) -> Changed {
    let next = DeliveryState { status: to, ..DeliveryState::queued(Timestamp::EPOCH) };
    let transition =
        Transition { from, next, due_in: None, code: None, detail: String::new().into(), effects: Vec::new() };
    let workflow = delivery().letter.workflow;
    Changed::Done(Box::new(Committed { delivery_id: id.clone(), workflow, transition }))
}
