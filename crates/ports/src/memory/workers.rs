//! Who is at work.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::id::WorkerId;
use tokio::sync::Notify;

use super::store::{Tables, WorkerRow};
use super::{ManualClock, MemoryStore};
use crate::clock::Clock;
use crate::error::{PortError, PortErrorKind};
use crate::worker::{Presence, Woken, WorkerRegistry};

#[async_trait]
impl WorkerRegistry for MemoryStore {
    async fn register(&self, worker: WorkerId, _label: &str) -> Result<(), PortError> {
        let (mut tables, now) = self.begin();
        let row = WorkerRow { beat_at: now, presence: Presence::Busy, bell: Arc::new(Notify::new()) };
        tables.workers.insert(worker, row);
        Ok(())
    }

    async fn beat(&self, worker: WorkerId) -> Result<(), PortError> {
        let (mut tables, now) = self.begin();
        known(&mut tables, worker, "workers.beat")?.beat_at = now;
        Ok(())
    }

    async fn set_presence(&self, worker: WorkerId, presence: Presence) -> Result<(), PortError> {
        let (mut tables, _) = self.begin();
        known(&mut tables, worker, "workers.set_presence")?.presence = presence;
        Ok(())
    }

    async fn wait(&self, worker: WorkerId, longest: Duration) -> Result<Woken, PortError> {
        let bell = {
            let (mut tables, _) = self.begin();
            Arc::clone(&known(&mut tables, worker, "workers.wait")?.bell)
        };
        Ok(rung(&bell, &self.clock, longest).await)
    }

    async fn retire(&self, worker: WorkerId) -> Result<(), PortError> {
        let (mut tables, _) = self.begin();
        tables.workers.remove(&worker);
        Ok(())
    }
}

impl Tables {
    /// Wakes those who said that they are idle. A bell remembers that it rang.
    pub(super) fn ring(&self) {
        for worker in self.workers.values().filter(|worker| worker.presence == Presence::Idle) {
            worker.bell.notify_one();
        }
    }
}

fn known<'a>(
    tables: &'a mut Tables,
    worker: WorkerId,
    operation: &'static str,
) -> Result<&'a mut WorkerRow, PortError> {
    let missing = || PortError::new(PortErrorKind::Other, operation, "the worker is not registered");
    tables.workers.get_mut(&worker).ok_or_else(missing)
}

async fn rung(bell: &Notify, clock: &ManualClock, longest: Duration) -> Woken {
    tokio::select! {
        biased;
        () = bell.notified() => Woken::ByEnqueue,
        () = clock.sleep(longest) => Woken::ByTime,
    }
}
