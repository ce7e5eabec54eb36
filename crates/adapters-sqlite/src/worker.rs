//! Who is at work, and how an idle worker hears of new letters.
//!
//! A file cannot call anybody. Inside one process an enqueue rings a bell; across processes a
//! waiting worker looks, five times a second, whether the highest number of a letter has risen:
//! one step in an index, and no write.

use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::id::WorkerId;
use postroom_ports::error::PortError;
use postroom_ports::worker::{Presence, Woken, WorkerRegistry};

use crate::error::failed;
use crate::store::SqliteStore;

/// How often a waiting worker looks for letters of other processes.
const LOOK_EVERY: Duration = Duration::from_millis(200);
const WAIT: &str = "workers.wait";

/// The workers of a store.
#[derive(Clone, Debug)]
pub struct SqliteWorkers {
    store: SqliteStore,
}

#[async_trait]
impl WorkerRegistry for SqliteWorkers {
    async fn register(&self, worker: WorkerId, label: &str) -> Result<(), PortError> {
        const OPERATION: &str = "workers.register";
        let mut write = self.store.begin_ahead(OPERATION).await?;
        sqlx::query_file!("queries/workers/register.sql", worker.as_uuid(), label)
            .execute(write.connection())
            .await
            .map_err(failed(OPERATION))?;
        write.commit().await
    }

    async fn beat(&self, worker: WorkerId) -> Result<(), PortError> {
        const OPERATION: &str = "workers.beat";
        let mut write = self.store.begin_ahead(OPERATION).await?;
        sqlx::query_file!("queries/workers/beat.sql", worker.as_uuid())
            .execute(write.connection())
            .await
            .map_err(failed(OPERATION))?;
        write.commit().await
    }

    async fn set_presence(&self, worker: WorkerId, presence: Presence) -> Result<(), PortError> {
        const OPERATION: &str = "workers.set_presence";
        let mut write = self.store.begin(OPERATION).await?;
        sqlx::query_file!("queries/workers/presence.sql", worker.as_uuid(), presence == Presence::Idle)
            .execute(write.connection())
            .await
            .map_err(failed(OPERATION))?;
        write.commit().await?;
        match presence {
            // What comes in from here on wakes it, also before it begins to wait.
            Presence::Idle => {
                let last = self.last(OPERATION).await?;
                self.store.seen().insert(worker, last);
            }
            Presence::Busy => {
                self.store.seen().remove(&worker);
            }
        }
        Ok(())
    }

    async fn wait(&self, worker: WorkerId, longest: Duration) -> Result<Woken, PortError> {
        tokio::time::timeout(longest, self.woken(worker)).await.unwrap_or(Ok(Woken::ByTime))
    }

    async fn retire(&self, worker: WorkerId) -> Result<(), PortError> {
        const OPERATION: &str = "workers.retire";
        let mut write = self.store.begin(OPERATION).await?;
        sqlx::query_file!("queries/workers/retire.sql", worker.as_uuid())
            .execute(write.connection())
            .await
            .map_err(failed(OPERATION))?;
        write.commit().await?;
        self.store.seen().remove(&worker);
        Ok(())
    }
}

impl SqliteWorkers {
    pub(crate) const fn new(store: SqliteStore) -> Self {
        Self { store }
    }

    /// Ends once a letter came in that this worker has not heard of.
    async fn woken(&self, worker: WorkerId) -> Result<Woken, PortError> {
        let known = self.store.seen().get(&worker).copied();
        let seen = match known {
            Some(seen) => seen,
            None => self.last(WAIT).await?,
        };
        loop {
            let rung = self.store.enqueued().notified();
            let last = self.last(WAIT).await?;
            if last != seen {
                self.store.seen().insert(worker, last);
                return Ok(Woken::ByEnqueue);
            }
            // Whether rung or not, the next look decides.
            let _ = tokio::time::timeout(LOOK_EVERY, rung).await;
        }
    }

    async fn last(&self, operation: &'static str) -> Result<i64, PortError> {
        let mut read = self.store.read(operation).await?;
        sqlx::query_file_scalar!("queries/deliveries/last.sql").fetch_one(&mut *read).await.map_err(failed(operation))
    }
}
