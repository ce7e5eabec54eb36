//! What no worker holds any more: lapsed claims, letters in doubt, what is past its time.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::future::{FutureExt as _, join_all};
use postroom_domain::failure::{Failure, FailureClass};
use postroom_domain::id::WorkerId;
use postroom_domain::lifecycle::{Event, Evidence};
use postroom_ports::error::PortError;
use postroom_ports::queue::{Batch, Claim, Content, Retention, Swept};
use postroom_ports::transport::Outgoing;
use tokio_util::sync::CancellationToken;

use crate::dispatcher::{Dispatcher, Outcome};
use crate::store_time::StoreTime;

/// How many letters one round takes on.
const ROUND: u32 = 100;
/// About how many letters in doubt a round asks, all at once: lapsed claims wait no longer than for the slowest answer.
const ASKED: u32 = 20;
/// When to ask again where the provider does not say.
const ASK_AGAIN: Duration = Duration::from_mins(1);

/// The janitor: any worker's, as many as there are; each letter is taken by one of them.
#[derive(Clone, Debug)]
pub struct Janitor {
    dispatcher: Dispatcher,
    retention: Retention,
    ending: CancellationToken,
}

impl Janitor {
    /// A janitor that settles through `dispatcher`.
    #[must_use]
    pub fn new(dispatcher: Dispatcher, retention: Retention) -> Self {
        Self { dispatcher, retention, ending: CancellationToken::new() }
    }

    /// Waits for no provider's answer any more once `ending` is cancelled: what it asked about stays in doubt, for
    /// whoever comes next.
    #[must_use]
    pub fn until(self, ending: CancellationToken) -> Self {
        Self { ending, ..self }
    }

    /// Under whose name it takes letters over.
    #[must_use]
    pub const fn worker(&self) -> WorkerId {
        self.dispatcher.worker()
    }

    /// One round over letters whose worker is gone and letters in doubt. Returns how many
    /// were settled.
    ///
    /// # Errors
    /// Those of the queue.
    pub async fn round(&self) -> Result<usize, PortError> {
        Ok(self.take_over().await? + self.resolve_doubt().await?)
    }

    /// Forgets what is past its time.
    ///
    /// # Errors
    /// Those of the queue.
    pub async fn sweep(&self) -> Result<Swept, PortError> {
        let room = self.dispatcher.room();
        let swept = room.queue.sweep(self.retention, 10 * ROUND).await?;
        for committed in &swept.expired {
            room.observer.committed(&committed.delivery_id, &committed.workflow, None, &committed.transition);
        }
        Ok(swept)
    }

    async fn take_over(&self) -> Result<usize, PortError> {
        let (room, lease) = (self.dispatcher.room(), self.dispatcher.limits().lease);
        let batch = room.queue.lapsed(self.dispatcher.worker(), ROUND, lease).await?;
        let time = StoreTime::read(batch.now, &*room.clock);
        self.settle(batch, |claim| Outcome::of(claim, Event::LeaseLapsed, time)).await
    }

    async fn settle(&self, batch: Batch, outcome: impl FnMut(Claim) -> Outcome) -> Result<usize, PortError> {
        self.dispatcher.settle(batch.claims.into_iter().map(outcome).collect()).await
    }

    /// Asks the provider first; only where it cannot tell does the workflow's policy decide.
    async fn resolve_doubt(&self) -> Result<usize, PortError> {
        let (room, lease) = (self.dispatcher.room(), self.dispatcher.limits().lease);
        let batch = room.queue.doubtful(self.dispatcher.worker(), ASKED, lease).await?;
        let time = StoreTime::read(batch.now, &*room.clock);
        let answers = join_all(batch.claims.iter().map(|claim| self.ask(claim)));
        let Some(events) = self.ending.run_until_cancelled(answers).await else { return Ok(0) };
        let outcome = |(claim, event): (Claim, Event)| {
            let transport = claim.provider.clone();
            Outcome { transport, ..Outcome::of(claim, event, time) }
        };
        self.dispatcher.settle(batch.claims.into_iter().zip(events).map(outcome).collect()).await
    }

    async fn ask(&self, claim: &Claim) -> Event {
        let transports = &self.dispatcher.room().transports;
        let asked = transports.iter().find(|transport| Some(transport.name()) == claim.provider);
        let (Some(transport), Content::Frozen(letter)) = (asked, &claim.content) else {
            return Event::Reconciled(Evidence::Unknown);
        };
        // Longer than its lease no answer is worth anything, and one letter must not hold up the others.
        let patience = self.dispatcher.limits().lease / 2;
        let unheard = |code| {
            Err(Failure::new(
                FailureClass::PROVIDER_DEFERRED,
                code,
                "the provider does not say whether it has the letter",
            ))
        };
        let asking = transport.reconcile(Outgoing { delivery_id: &claim.fence.delivery_id, letter });
        let answer = tokio::select! {
            biased;
            // A panic stays with its letter, too.
            answer = AssertUnwindSafe(asking).catch_unwind() => answer.unwrap_or_else(|_| unheard("PANIC")),
            () = self.dispatcher.room().clock.sleep(patience) => unheard("TIMEOUT"),
        };
        match answer {
            Ok(evidence) => Event::Reconciled(evidence),
            Err(failure) => {
                tracing::warn!(delivery.id = %claim.fence.delivery_id, code = %failure.code, "the provider could not be asked");
                match failure.class {
                    FailureClass::Deferred { retry_after, .. } => Event::Postponed(retry_after.unwrap_or(ASK_AGAIN)),
                    _ => Event::Reconciled(Evidence::Unknown),
                }
            }
        }
    }
}
