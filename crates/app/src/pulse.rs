//! Whether this process's worker is alive, for whoever watches the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::id::WorkerId;
use postroom_ports::clock::Clock;
use postroom_ports::error::PortError;
use postroom_ports::worker::{BEAT_STALE, Presence, Woken, WorkerRegistry};

/// No beat yet.
const NEVER: u64 = u64::MAX;

/// The last beat of a worker that reached the store.
#[derive(Clone, Debug)]
pub struct Pulse {
    clock: Arc<dyn Clock>,
    /// Milliseconds of the clock's elapsed time.
    beat_at: Arc<AtomicU64>,
}

/// How a worker fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Its beat is fresh.
    Beating,
    /// It has not begun, or its beat has been missing for so long that its letters are taken over.
    Silent,
}

impl Pulse {
    /// The pulse of a worker that has not begun.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, beat_at: Arc::new(AtomicU64::new(NEVER)) }
    }

    /// The same registry, whose beats this pulse takes note of.
    #[must_use]
    pub fn on(&self, workers: Arc<dyn WorkerRegistry>) -> Arc<dyn WorkerRegistry> {
        Arc::new(Watched { workers, pulse: self.clone() })
    }

    /// How the worker fares.
    #[must_use]
    pub fn condition(&self) -> Condition {
        let beat_at = self.beat_at.load(Ordering::Relaxed);
        let age = self.now().saturating_sub(beat_at);
        if beat_at != NEVER && Duration::from_millis(age) <= BEAT_STALE {
            Condition::Beating
        } else {
            Condition::Silent
        }
    }

    fn note(&self) {
        self.beat_at.store(self.now(), Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.clock.elapsed().as_millis()).unwrap_or(NEVER - 1)
    }
}

#[derive(Debug)]
struct Watched {
    workers: Arc<dyn WorkerRegistry>,
    pulse: Pulse,
}

#[async_trait]
impl WorkerRegistry for Watched {
    async fn register(&self, worker: WorkerId, label: &str) -> Result<(), PortError> {
        self.workers.register(worker, label).await?;
        self.pulse.note();
        Ok(())
    }

    async fn beat(&self, worker: WorkerId) -> Result<(), PortError> {
        self.workers.beat(worker).await?;
        self.pulse.note();
        Ok(())
    }

    async fn set_presence(&self, worker: WorkerId, presence: Presence) -> Result<(), PortError> {
        self.workers.set_presence(worker, presence).await
    }

    async fn wait(&self, worker: WorkerId, longest: Duration) -> Result<Woken, PortError> {
        self.workers.wait(worker, longest).await
    }

    async fn retire(&self, worker: WorkerId) -> Result<(), PortError> {
        self.workers.retire(worker).await
    }
}
