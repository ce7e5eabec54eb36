use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::id::WorkerId;
use postroom_ports::error::PortError;
use postroom_ports::worker::{Presence, Woken, WorkerRegistry};

use super::store::{BrokenStore, Fault};

#[async_trait]
impl WorkerRegistry for BrokenStore {
    async fn register(&self, worker: WorkerId, label: &str) -> Result<(), PortError> {
        self.notes().workers.insert(worker);
        self.inner.register(worker, label).await
    }

    async fn beat(&self, worker: WorkerId) -> Result<(), PortError> {
        if self.is(Fault::BeatIsIgnored) { Ok(()) } else { self.inner.beat(worker).await }
    }

    async fn set_presence(&self, worker: WorkerId, presence: Presence) -> Result<(), PortError> {
        if self.is(Fault::RingsNobody) { Ok(()) } else { self.inner.set_presence(worker, presence).await }
    }

    async fn wait(&self, worker: WorkerId, longest: Duration) -> Result<Woken, PortError> {
        if self.is(Fault::WaitsForEver) {
            std::future::pending::<()>().await;
        }
        self.inner.wait(worker, longest).await
    }

    async fn retire(&self, worker: WorkerId) -> Result<(), PortError> {
        if self.is(Fault::RetireIsIgnored) { Ok(()) } else { self.inner.retire(worker).await }
    }
}
