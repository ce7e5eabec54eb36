//! The queue: what each call of the port is made of.

use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::attachment::Attachment;
use postroom_domain::id::{Actor, DeliveryId, WorkerId};
use postroom_ports::error::PortError;
use postroom_ports::letter::NewDelivery;
use postroom_ports::queue::{
    Batch, Changed, ClaimRequest, DeliveryQueue, Enqueued, Fence, Fenced, Hosts, QueueCapabilities, Ready, Request,
    Retention, Settlement, Support, Swept,
};

use crate::claim::{self, TakeOver};
use crate::store::SqliteStore;
use crate::{change, enqueue, settle, sweep};

/// The queue of a store.
#[derive(Clone, Debug)]
pub struct SqliteQueue {
    store: SqliteStore,
}

impl SqliteQueue {
    pub(crate) const fn new(store: SqliteStore) -> Self {
        Self { store }
    }
}

#[async_trait]
impl DeliveryQueue for SqliteQueue {
    fn capabilities(&self) -> QueueCapabilities {
        QueueCapabilities { hosts: Hosts::One, caller_transaction: Support::Yes }
    }

    async fn enqueue(&self, letters: &[NewDelivery]) -> Result<Vec<Enqueued>, PortError> {
        let mut write = self.store.begin("queue.enqueue").await?;
        let answers = enqueue::take_in(write.connection(), letters).await?;
        write.commit().await?;
        self.store.enqueued().notify_waiters();
        Ok(answers)
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Batch, PortError> {
        claim::claim(&self.store, request).await
    }

    async fn attachments(&self, fence: &Fence) -> Result<Vec<Attachment>, PortError> {
        settle::attachments(&self.store, fence).await
    }

    async fn ready(&self, letters: &[Ready]) -> Result<Vec<Fenced>, PortError> {
        settle::ready(&self.store, letters).await
    }

    async fn extend(&self, fences: &[Fence], lease: Duration) -> Result<Vec<Fenced>, PortError> {
        settle::extend(&self.store, fences, lease).await
    }

    async fn settle(&self, settlements: &[Settlement]) -> Result<Vec<Fenced>, PortError> {
        settle::settle(&self.store, settlements).await
    }

    async fn lapsed(&self, worker: WorkerId, limit: u32, lease: Duration) -> Result<Batch, PortError> {
        claim::lapsed(&self.store, TakeOver { worker, limit, lease }).await
    }

    async fn doubtful(&self, worker: WorkerId, limit: u32, lease: Duration) -> Result<Batch, PortError> {
        claim::doubtful(&self.store, TakeOver { worker, limit, lease }).await
    }

    async fn request<'a>(
        &self,
        ids: &[DeliveryId],
        request: Request,
        by: Option<&'a Actor>,
    ) -> Result<Vec<Changed>, PortError> {
        change::change(&self.store, ids, request, by).await
    }

    async fn sweep(&self, retention: Retention, limit: u32) -> Result<Swept, PortError> {
        sweep::sweep(&self.store, retention, limit).await
    }
}
