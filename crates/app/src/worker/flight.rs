//! Letters on their way: one task each, so that a panic or a stall stays with its letter.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use postroom_domain::failure::{Failure, FailureClass};
use postroom_domain::id::TransportName;
use postroom_domain::lifecycle::Event;
use postroom_ports::error::PortError;
use postroom_ports::queue::{Claim, Fence, Fenced};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::task::coop::unconstrained;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};

use crate::dispatcher::{Dispatcher, Outcome, Parcel};
use crate::store_time::StoreTime;

/// What is remembered of a letter while its task has it.
#[derive(Debug)]
struct Held {
    claim: Claim,
    transport: TransportName,
    time: StoreTime,
    /// Decided once, by whoever comes first: the task that begins, or the worker that leaves.
    fate: Arc<OnceLock<Fate>>,
    task: AbortHandle,
}

/// The right to use one of the connections.
type Permit = Result<OwnedSemaphorePermit, AcquireError>;

/// What becomes of a letter that waits for its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The transport was called: from then on its answer counts, or is lost.
    Begun,
    /// Its turn will not come: it goes back as it was.
    GivenUp,
}

/// The letters in flight of one worker.
#[derive(Debug)]
pub(super) struct Flight {
    dispatcher: Dispatcher,
    sends: JoinSet<Outcome>,
    /// At most twice the open connections, in the order in which they left: the same run does the same things.
    held: Vec<(Id, Held)>,
    permits: Arc<Semaphore>,
    most: usize,
    renewed: Arc<Renewed>,
}

/// When all leases were last renewed, on our own clock, in microseconds: read by the letters
/// that wait for their turn.
#[derive(Debug, Default)]
struct Renewed(AtomicU64);

impl Renewed {
    fn note(&self, now: Duration) {
        self.0.store(u64::try_from(now.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Whether a lease that was taken at `taken` still holds at `now`. A process that was frozen
    /// finds out here, before it sends what is somebody else's by then.
    fn holds(&self, taken: Duration, lease: Duration, now: Duration) -> bool {
        let renewed = Duration::from_micros(self.0.load(Ordering::Relaxed)).max(taken);
        now.saturating_sub(renewed) < lease
    }
}

impl Flight {
    pub(super) fn new(dispatcher: Dispatcher, concurrency: u32) -> Self {
        let concurrency = usize::try_from(concurrency.max(1)).unwrap_or(1);
        Self {
            dispatcher,
            sends: JoinSet::new(),
            held: Vec::new(),
            permits: Arc::new(Semaphore::new(concurrency)),
            most: concurrency.saturating_mul(2),
            renewed: Arc::default(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sends.is_empty()
    }

    /// How many letters are on their way.
    pub(super) fn len(&self) -> usize {
        self.sends.len()
    }

    /// How many more letters may be taken.
    pub(super) fn room(&self) -> u32 {
        u32::try_from(self.most.saturating_sub(self.sends.len())).unwrap_or(u32::MAX)
    }

    /// Sends one parcel off.
    pub(super) fn launch(&mut self, parcel: Parcel) {
        let (dispatcher, permits, fate) = (self.dispatcher.clone(), self.permits.clone(), Arc::new(OnceLock::new()));
        let (claim, transport, time) = (parcel.claim.clone(), parcel.transport.name(), parcel.time);
        let (mine, renewed) = (fate.clone(), self.renewed.clone());
        let turn = in_line(permits);
        let task = self.sends.spawn(async move {
            // The semaphore is never closed; without a permit the letter would merely go earlier.
            let _permit = turn.await;
            let now = dispatcher.room().clock.elapsed();
            if !renewed.holds(time.mark(), dispatcher.limits().lease, now) {
                return Outcome::of(parcel.claim, Event::GivenBack, time);
            }
            if mine.set(Fate::Begun).is_err() {
                // The worker leaves and is about to abort this task.
                std::future::pending::<()>().await;
            }
            dispatcher.send(parcel).await
        });
        self.held.push((task.id(), Held { claim, transport, time, fate, task }));
    }

    /// The next result; `None` when nothing is in flight.
    pub(super) async fn next(&mut self) -> Option<Outcome> {
        loop {
            let joined = self.sends.join_next_with_id().await?;
            if let Some(outcome) = self.land(joined) {
                return Some(outcome);
            }
        }
    }

    /// All results that are there already.
    pub(super) fn landed(&mut self) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        while let Some(joined) = self.sends.try_join_next_with_id() {
            outcomes.extend(self.land(joined));
        }
        outcomes
    }

    /// A task that was given up on purpose leaves nothing; one that panicked leaves a letter
    /// in doubt, because nobody knows how far it came.
    fn land(&mut self, joined: Result<(Id, Outcome), JoinError>) -> Option<Outcome> {
        match joined {
            Ok((id, outcome)) => {
                self.release(id);
                Some(outcome)
            }
            Err(error) => {
                let held = self.release(error.id())?;
                tracing::error!(delivery.id = %held.claim.fence.delivery_id, "a send came to an end without an answer");
                Some(held.unanswered("PANIC"))
            }
        }
    }

    /// What was remembered of a letter whose task is over or given up.
    fn release(&mut self, id: Id) -> Option<Held> {
        let place = self.held.iter().position(|(held, _)| *held == id)?;
        Some(self.held.remove(place).1)
    }

    /// Renews every lease; a letter whose claim is lost is given up at once.
    pub(super) async fn renew(&mut self, lease: Duration) -> Result<(), PortError> {
        let (ids, fences): (Vec<Id>, Vec<Fence>) =
            self.held.iter().map(|(id, held)| (*id, held.claim.fence.clone())).unzip();
        if fences.is_empty() {
            return Ok(());
        }
        // From before the call: the store may have counted from then on.
        let now = self.dispatcher.room().clock.elapsed();
        let answers = self.dispatcher.room().queue.extend(&fences, lease).await?;
        self.renewed.note(now);
        for (id, fenced) in ids.into_iter().zip(answers) {
            if fenced == Fenced::Stale
                && let Some(held) = self.release(id)
            {
                tracing::warn!(delivery.id = %held.claim.fence.delivery_id, "the claim was lost while the letter was on its way");
                held.task.abort();
            }
        }
        Ok(())
    }

    /// Gives up everything: what never began goes back, what did is in doubt.
    pub(super) fn abandon(&mut self) -> Vec<Outcome> {
        // Before the first one is aborted: the permit that it gives back must not let another begin.
        for (_, held) in &self.held {
            // Whoever has begun stays so.
            let _ = held.fate.set(Fate::GivenUp);
        }
        let mut outcomes = self.landed();
        outcomes.extend(self.held.drain(..).map(|(_, held)| {
            held.task.abort();
            held.unanswered("SHUTDOWN")
        }));
        outcomes
    }
}

/// A place in the line for a connection, taken at once: tasks begin in any order, but the letter that was launched first
/// is the most urgent one.
fn in_line(permits: Arc<Semaphore>) -> impl Future<Output = Permit> {
    // A caller that has done much in one go would be told to come again, and get no place.
    let mut turn = Box::pin(unconstrained(permits.acquire_owned()));
    let at_once = turn.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    async move {
        match at_once {
            Poll::Ready(permit) => permit,
            Poll::Pending => turn.await,
        }
    }
}

impl Held {
    fn unanswered(self, code: &str) -> Outcome {
        let begun = self.fate.get() == Some(&Fate::Begun);
        let event = if begun {
            Event::Failed(Failure::new(FailureClass::InDoubt, code, "the send ended without an answer"))
        } else {
            Event::GivenBack
        };
        let transport = begun.then_some(self.transport);
        Outcome { transport, ..Outcome::of(self.claim, event, self.time) }
    }
}
