//! What no worker holds any more: lapsed claims, letters in doubt, what is past its time.

use std::time::Duration;

use postroom_domain::failure::FailureClass;
use postroom_domain::lifecycle::{Event, Evidence};
use postroom_ports::error::PortError;
use postroom_ports::queue::{Batch, Claim, Content, Retention, Swept};
use postroom_ports::transport::Outgoing;

use crate::dispatcher::{Dispatcher, Outcome};
use crate::store_time::StoreTime;

/// How many letters one round takes on.
const ROUND: u32 = 100;
/// When to ask again where the provider does not say.
const ASK_AGAIN: Duration = Duration::from_mins(1);

/// The janitor: any worker's, as many as there are; each letter is taken by one of them.
#[derive(Clone, Debug)]
pub struct Janitor {
    dispatcher: Dispatcher,
    retention: Retention,
}

impl Janitor {
    /// A janitor that settles through `dispatcher`.
    #[must_use]
    pub const fn new(dispatcher: Dispatcher, retention: Retention) -> Self {
        Self { dispatcher, retention }
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
        let batch = room.queue.doubtful(self.dispatcher.worker(), ROUND, lease).await?;
        let time = StoreTime::read(batch.now, &*room.clock);
        let mut outcomes = Vec::with_capacity(batch.claims.len());
        for claim in batch.claims {
            let event = self.ask(&claim).await;
            let transport = claim.provider.clone();
            outcomes.push(Outcome { transport, ..Outcome::of(claim, event, time) });
        }
        self.dispatcher.settle(outcomes).await
    }

    async fn ask(&self, claim: &Claim) -> Event {
        let transports = &self.dispatcher.room().transports;
        let asked = transports.iter().find(|transport| Some(transport.name()) == claim.provider);
        let (Some(transport), Content::Frozen(letter)) = (asked, &claim.content) else {
            return Event::Reconciled(Evidence::Unknown);
        };
        match transport.reconcile(Outgoing { delivery_id: &claim.fence.delivery_id, letter }).await {
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
