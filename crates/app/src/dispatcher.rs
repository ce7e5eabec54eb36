//! One round of the pipeline, as named steps over one value.
//!
//! ```text
//!  claim ─▶ prepare ─▶ ready ─▶ send ─▶ settle
//!    │         │          │       │        └ state, event, release: one transaction, fenced
//!    │         │          │       └ concurrently; no transaction and no lock is held
//!    │         │          └ on record before any byte of a body leaves
//!    │         └ rendered and frozen on the first attempt; a letter that cannot be: failed
//!    └ under a lease, in the store's time
//! ```

mod prepare;
mod route;
mod send;
mod settle;

use std::sync::Arc;
use std::time::Duration;

use postroom_domain::detail::Detail;
use postroom_domain::failure::{Failure, FailureClass};
use postroom_domain::id::{ProviderMessageId, TransportName, WorkerId};
use postroom_domain::lifecycle::{Event, Transition};
use postroom_ports::error::PortError;
use postroom_ports::letter::FrozenLetter;
use postroom_ports::queue::{Batch, Claim, ClaimRequest};
use postroom_ports::transport::MailTransport;
use serde_json::{Map, Value};

use crate::faults::{self, Point};
use crate::health::{Health, Patience, Slot};
use crate::mailroom::Mailroom;
use crate::store_time::StoreTime;

/// A claimed letter that can travel.
#[derive(Debug)]
pub struct Parcel {
    /// The claim.
    pub claim: Claim,
    /// What travels.
    pub frozen: FrozenLetter,
    /// Its way out.
    pub transport: Arc<dyn MailTransport>,
    /// Its place there.
    pub slot: Slot,
    /// The store's time.
    pub time: StoreTime,
}

/// What happened to a claimed letter, not settled yet.
#[derive(Debug)]
pub struct Outcome {
    /// The claim.
    pub claim: Claim,
    /// What happened.
    pub event: Event,
    /// Which transport answered, where one did.
    pub transport: Option<TransportName>,
    /// What the provider calls it, where it took it.
    pub receipt: Option<ProviderMessageId>,
    /// What else the event should remember.
    pub payload: Map<String, Value>,
    /// The store's time.
    pub time: StoreTime,
}

impl Outcome {
    /// Something that happened without any transport.
    #[must_use]
    pub fn of(claim: Claim, event: Event, time: StoreTime) -> Self {
        Self { claim, event, transport: None, receipt: None, payload: Map::new(), time }
    }

    fn failed(claim: Claim, failure: Failure, time: StoreTime) -> Self {
        Self::of(claim, Event::Failed(failure), time)
    }

    /// What the event remembers: beside the rest all that the decision about a failure depends on, so
    /// that whoever reads the events can decide again and come to the same.
    fn remembered(&self) -> Map<String, Value> {
        let mut payload = self.payload.clone();
        if let Event::Failed(failure) | Event::Diverted(failure) = &self.event {
            payload.insert("class".to_owned(), Value::from(failure.class.as_str()));
            if let FailureClass::Deferred { scope, .. } = failure.class {
                payload.insert("scope".to_owned(), Value::from(scope.as_str()));
            }
        }
        payload
    }
}

/// What *prepare* made of a batch.
#[derive(Debug, Default)]
pub struct Prepared {
    /// Letters that can travel.
    pub parcels: Vec<Parcel>,
    /// Letters that cannot, and why.
    pub outcomes: Vec<Outcome>,
    /// What the store said where it did not hand out a letter's attachments: those letters are
    /// among the outcomes, given back, and whoever goes on waits first.
    pub trouble: Option<PortError>,
}

/// The queue did not take *ready*: the letters go back, so that a store in trouble costs them no
/// attempt and no worker is thought to have died of them.
#[derive(Debug)]
pub struct NotReady {
    /// What the queue said.
    pub error: PortError,
    /// The letters, to be settled once it answers again.
    pub given_back: Vec<Outcome>,
}

impl From<NotReady> for PortError {
    fn from(not_ready: NotReady) -> Self {
        not_ready.error
    }
}

/// How much one worker takes on.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Letters of one lane in one claim.
    pub lane_share: u32,
    /// How long a claim holds unless it is renewed.
    pub lease: Duration,
    /// How long a misconfigured transport rests.
    pub pause: Duration,
    /// When a transport in trouble is given a rest, and for how long.
    pub patience: Patience,
}

impl Default for Limits {
    /// 25 letters of a lane, a minute each for lease and pause.
    fn default() -> Self {
        let minute = Duration::from_mins(1);
        Self { lane_share: 25, lease: minute, pause: minute, patience: Patience::default() }
    }
}

/// The steps, bound to one worker's name.
#[derive(Clone, Debug)]
pub struct Dispatcher {
    room: Mailroom,
    worker: WorkerId,
    limits: Limits,
    health: Arc<Health>,
}

impl Dispatcher {
    /// A dispatcher for `worker`.
    #[must_use]
    pub fn new(room: Mailroom, worker: WorkerId, limits: Limits) -> Self {
        Self { room, worker, limits, health: Arc::new(Health::new(limits.patience)) }
    }

    /// The ports.
    #[must_use]
    pub const fn room(&self) -> &Mailroom {
        &self.room
    }

    /// How each way out is doing.
    #[must_use]
    pub const fn health(&self) -> &Arc<Health> {
        &self.health
    }

    /// Whose name the claims bear.
    #[must_use]
    pub const fn worker(&self) -> WorkerId {
        self.worker
    }

    /// How much it takes on.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// Takes at most `limit` letters, and no more than the transports have room for: none while
    /// all of them rest, one where one of them is tried again.
    ///
    /// # Errors
    /// Those of the queue.
    pub async fn claim(&self, limit: u32) -> Result<Option<(Batch, StoreTime)>, PortError> {
        let limit = limit.min(self.room_outside());
        if limit == 0 {
            return Ok(None);
        }
        let request = ClaimRequest {
            worker: self.worker,
            limit,
            lane_share: self.limits.lane_share,
            lease: self.limits.lease,
            held_tenants: self.room.workflows.held_tenants.clone(),
            among: self.among(),
        };
        let batch = self.room.queue.claim(&request).await?;
        let time = StoreTime::read(batch.now, &*self.room.clock);
        if !batch.claims.is_empty() {
            faults::pass(Point::Claimed);
        }
        for claim in &batch.claims {
            self.room.observer.committed(&claim.fence.delivery_id, &claim.letter.workflow, None, &claimed(claim));
        }
        Ok(Some((batch, time)))
    }

    /// The whole round, one letter after the other: what a test or a small embedder calls.
    ///
    /// # Errors
    /// Those of the queue.
    pub async fn run_once(&self, limit: u32) -> Result<usize, PortError> {
        let Some((batch, time)) = self.claim(limit).await? else { return Ok(0) };
        let count = batch.claims.len();
        let prepared = self.prepare(batch, time).await;
        let mut outcomes = prepared.outcomes;
        for parcel in self.ready(prepared.parcels).await? {
            outcomes.push(self.send(parcel).await);
        }
        self.settle(outcomes).await?;
        prepared.trouble.map_or(Ok(count), Err)
    }
}

/// What the store committed by handing this claim out.
fn claimed(claim: &Claim) -> Transition {
    Transition {
        from: claim.taken_from,
        next: claim.state.clone(),
        due_in: None,
        code: None,
        detail: Detail::default(),
        effects: Vec::new(),
    }
}
