//! One worker's place at the store: the steps that the rules are told in.

use std::sync::Arc;
use std::time::Duration;

use postroom_domain::attachment::Attachment;
use postroom_domain::id::{DeliveryId, WorkerId};
use postroom_domain::lifecycle::{DeliveryState, Event, Transition};
use postroom_domain::status::{Stage, Status};
use postroom_domain::time::Timestamp;
use serde_json::json;

use super::StoreHarness;
use super::letters::{self, decide, transport_name};
use crate::access::TokenBook;
use crate::letter::{FrozenLetter, NewDelivery};
use crate::pauses::{Pause, PauseBoard, Paused, Resumed};
use crate::queue::{
    Among, Batch, Changed, Claim, ClaimRequest, DeliveryQueue, Enqueued, Fence, Fenced, ProviderReport, Ready, Request,
    Retention, Settlement,
};
use crate::statistics::Statistics;
use crate::tracker::{Delivery, DeliveryEvent, DeliveryTracker, Recorded, Search};
use crate::worker::WorkerRegistry;

/// How long a claim holds in the rules.
pub const LEASE: Duration = Duration::from_mins(1);
/// Longer than [`LEASE`].
pub const PAST_LEASE: Duration = Duration::from_secs(90);
/// More letters than any rule enqueues.
pub const MANY: u32 = 100;
/// A retention that forgets nothing within a rule.
pub const KEEP: Retention =
    Retention { payloads: Duration::from_hours(24 * 90), workers: Duration::from_hours(24 * 90) };

/// A registered worker, with everything that it works with.
#[derive(Debug)]
pub struct Desk {
    /// Who sits there.
    pub worker: WorkerId,
    /// The store's queue.
    pub queue: Arc<dyn DeliveryQueue>,
    /// The store's tracker.
    pub tracker: Arc<dyn DeliveryTracker>,
    /// The store's workers.
    pub workers: Arc<dyn WorkerRegistry>,
    /// What is paused there.
    pub pauses: Arc<dyn PauseBoard>,
    /// Who may call there.
    pub tokens: Arc<dyn TokenBook>,
    /// How it goes there.
    pub statistics: Arc<dyn Statistics>,
}

impl Desk {
    /// Registers a new worker at the harness's store.
    pub async fn open<H: StoreHarness>(harness: &H) -> Self {
        let (worker, workers) = (letters::worker_id(), harness.workers());
        workers.register(worker, "contract").await.expect("a worker registers");
        Self {
            worker,
            queue: harness.queue(),
            tracker: harness.tracker(),
            workers,
            pauses: harness.pauses(),
            tokens: harness.tokens(),
            statistics: harness.statistics(),
        }
    }

    /// Says that the worker lives.
    pub async fn beat(&self) {
        self.workers.beat(self.worker).await.expect("a worker beats");
    }

    /// The store's time.
    pub async fn now(&self) -> Timestamp {
        self.tracker.counts().await.expect("the store counts").now.expect("a store says its time")
    }

    /// Enqueues one letter that nothing speaks against.
    pub async fn enqueue(&self, delivery: &NewDelivery) -> DeliveryId {
        match self.enqueued(delivery).await {
            Enqueued::New(id) => id,
            other => panic!("a new letter is taken, but the answer was {other:?}"),
        }
    }

    /// Pauses something until it is resumed.
    pub async fn pause(&self, what: &Paused) -> Pause {
        self.pauses.pause(what, None, None).await.expect("the store pauses")
    }

    /// Pauses something for a while.
    pub async fn pause_for(&self, what: &Paused, lasting: Duration) -> Pause {
        self.pauses.pause(what, Some(lasting), None).await.expect("the store pauses")
    }

    /// The answer to a wish to resume something.
    pub async fn resume(&self, what: &Paused) -> Resumed {
        self.pauses.resume(what).await.expect("the store resumes")
    }

    /// What is paused, in the store's order.
    pub async fn paused(&self) -> Vec<Paused> {
        self.pauses.paused().await.expect("the store says what is paused").into_iter().map(|pause| pause.what).collect()
    }

    /// The answer to one letter.
    pub async fn enqueued(&self, delivery: &NewDelivery) -> Enqueued {
        let answers = self.queue.enqueue(std::slice::from_ref(delivery)).await.expect("the queue takes letters");
        assert_eq!(answers.len(), 1, "one letter has one answer");
        answers.into_iter().next().expect("one answer")
    }

    /// What a claim asks for by default: everything, of every lane.
    #[must_use]
    pub fn request(&self) -> ClaimRequest {
        ClaimRequest {
            worker: self.worker,
            limit: MANY,
            lane_share: MANY,
            lease: LEASE,
            held_tenants: Vec::new(),
            among: Among::default(),
        }
    }

    /// Beats and claims everything that is due.
    pub async fn claim(&self) -> Batch {
        self.claim_as(&self.request()).await
    }

    /// Beats and claims.
    pub async fn claim_as(&self, request: &ClaimRequest) -> Batch {
        self.beat().await;
        self.queue.claim(request).await.expect("the queue hands letters out")
    }

    /// Beats and claims the only letter that is due.
    pub async fn claim_one(&self) -> Claim {
        only(self.claim().await, "claimed")
    }

    /// Claims, and expects that there is nothing.
    pub async fn claim_nothing(&self, why: &str) {
        let claims = self.claim().await.claims;
        assert!(claims.is_empty(), "{why}, but {} letter(s) were claimed", claims.len());
    }

    /// Beats and takes over what lapsed.
    pub async fn lapsed(&self) -> Batch {
        self.beat().await;
        self.queue.lapsed(self.worker, MANY, LEASE).await.expect("the queue finds what lapsed")
    }

    /// Beats and takes over the only letter that lapsed.
    pub async fn lapsed_one(&self) -> Claim {
        only(self.lapsed().await, "lapsed")
    }

    /// Beats and takes the letters in doubt that are due.
    pub async fn doubtful(&self) -> Batch {
        self.beat().await;
        self.queue.doubtful(self.worker, MANY, LEASE).await.expect("the queue finds what is in doubt")
    }

    /// Beats and takes the only letter in doubt that is due.
    pub async fn doubtful_one(&self) -> Claim {
        only(self.doubtful().await, "in doubt and due")
    }

    /// The attachments that a claim gives access to.
    pub async fn attachments(&self, fence: &Fence) -> Vec<Attachment> {
        self.queue.attachments(fence).await.expect("the queue has attachments")
    }

    /// The answer to *ready* for one claim.
    pub async fn ready(&self, fence: &Fence, frozen: Option<FrozenLetter>) -> Fenced {
        let ready = Ready { fence: fence.clone(), frozen, transport: transport_name("contract") };
        first(self.queue.ready(&[ready]).await.expect("the queue records handovers"))
    }

    /// Freezes a claimed letter and puts its handover on record; the state after it.
    pub async fn hand_over(&self, claim: &Claim) -> DeliveryState {
        let frozen = letters::frozen(&claim.fence.delivery_id);
        assert_eq!(self.ready(&claim.fence, Some(frozen)).await, Fenced::Done, "the holder may hand over");
        DeliveryState { stage: Stage::Handover, ..claim.state.clone() }
    }

    /// The answer to one settlement.
    pub async fn settled(&self, fence: &Fence, transition: Transition) -> Fenced {
        first(self.queue.settle(&[settlement(fence, transition)]).await.expect("the queue settles"))
    }

    /// Hands a claimed letter over and settles it with what the domain makes of `event`.
    pub async fn finish(&self, claim: &Claim, event: &Event) -> Transition {
        let state = self.hand_over(claim).await;
        self.conclude(&claim.fence, &state, event).await
    }

    /// Settles `state` with what the domain makes of `event`.
    pub async fn conclude(&self, fence: &Fence, state: &DeliveryState, event: &Event) -> Transition {
        let transition = decide(state, event, self.now().await);
        assert_eq!(self.settled(fence, transition.clone()).await, Fenced::Done, "the holder may settle");
        transition
    }

    /// Enqueues a letter, claims it and leaves it handed over and settled by `event`.
    pub async fn enqueue_and_finish(&self, delivery: &NewDelivery, event: &Event) -> DeliveryId {
        let id = self.enqueue(delivery).await;
        let claim = self.claim_one().await;
        self.finish(&claim, event).await;
        id
    }

    /// The answer to one request to cancel.
    pub async fn cancel(&self, id: &DeliveryId) -> Changed {
        self.ask(id, Request::Cancel).await
    }

    /// The answer to one request to redrive.
    pub async fn redrive(&self, id: &DeliveryId) -> Changed {
        self.ask(id, Request::Redrive).await
    }

    /// The answer to one request.
    pub async fn ask(&self, id: &DeliveryId, request: Request) -> Changed {
        first(self.queue.request(std::slice::from_ref(id), request, None).await.expect("the queue takes requests"))
    }

    /// Records a report, which is new and of a letter that exists; what it made of the letter.
    pub async fn record(&self, id: &DeliveryId, report: &ProviderReport) -> Transition {
        match self.tracker.record(id, report).await.expect("the tracker records") {
            Recorded::Done(committed) => committed.transition,
            other => panic!("a new report is recorded, but the answer was {other:?}"),
        }
    }

    /// The record of a letter that exists.
    pub async fn find(&self, id: &DeliveryId) -> Delivery {
        self.tracker.find(id).await.expect("the tracker finds").expect("the letter has a record")
    }

    /// The status of a letter that exists.
    pub async fn status(&self, id: &DeliveryId) -> Status {
        self.find(id).await.status
    }

    /// The events of a letter.
    pub async fn history(&self, id: &DeliveryId) -> Vec<DeliveryEvent> {
        self.tracker.history(id).await.expect("the tracker has a history")
    }

    /// How many letters there are.
    pub async fn count(&self) -> usize {
        self.tracker.search(&Search::default(), None, MANY).await.expect("the tracker searches").deliveries.len()
    }
}

/// A settlement as the dispatcher writes it.
#[must_use]
pub fn settlement(fence: &Fence, transition: Transition) -> Settlement {
    let transport = Some(transport_name("contract"));
    Settlement { fence: fence.clone(), transition, transport, receipt: None, payload: json!({}) }
}

/// The only claim of a batch.
fn only(batch: Batch, what: &str) -> Claim {
    assert_eq!(batch.claims.len(), 1, "exactly one letter is {what}");
    batch.claims.into_iter().next().expect("one claim")
}

/// The only answer.
fn first<T: std::fmt::Debug>(answers: Vec<T>) -> T {
    assert_eq!(answers.len(), 1, "one request has one answer: {answers:?}");
    answers.into_iter().next().expect("one answer")
}

/// The ids of a batch, in its order.
#[must_use]
pub fn ids(batch: &Batch) -> Vec<DeliveryId> {
    batch.claims.iter().map(|claim| claim.fence.delivery_id.clone()).collect()
}

/// The same ids, in the order of the alphabet.
#[must_use]
pub fn sorted(mut ids: Vec<DeliveryId>) -> Vec<DeliveryId> {
    ids.sort();
    ids
}
