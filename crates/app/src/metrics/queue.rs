//! The queue, whose batches are measured.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::attachment::Attachment;
use postroom_domain::id::{Actor, DeliveryId, WorkerId};
use postroom_domain::status::Status;
use postroom_ports::error::PortError;
use postroom_ports::letter::NewDelivery;
use postroom_ports::queue::{
    Batch, Changed, ClaimRequest, DeliveryQueue, Enqueued, Fence, Fenced, QueueCapabilities, Ready, Request, Retention,
    Settlement, Swept,
};

use super::Metrics;
use super::labels::StepLabel;

#[derive(Debug)]
pub(super) struct CountingQueue {
    pub(super) metrics: Metrics,
    pub(super) next: Arc<dyn DeliveryQueue>,
}

impl CountingQueue {
    #[expect(clippy::cast_precision_loss, reason = "a batch has a thousand letters at most")]
    fn step(&self, step: &'static str, letters: usize) {
        self.metrics.counted().batch_letters.get_or_create(&StepLabel { step }).observe(letters as f64);
    }
}

#[async_trait]
impl DeliveryQueue for CountingQueue {
    fn capabilities(&self) -> QueueCapabilities {
        self.next.capabilities()
    }

    async fn enqueue(&self, letters: &[NewDelivery]) -> Result<Vec<Enqueued>, PortError> {
        self.next.enqueue(letters).await
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Batch, PortError> {
        let batch = self.next.claim(request).await?;
        // Looks that found nothing would say how often an idle worker polls, and nothing else.
        if !batch.claims.is_empty() {
            self.step("claim", batch.claims.len());
        }
        // Later claims wait for a reason that the policy knows.
        let first = |status, attempts| status == Status::Queued && attempts == 1;
        for claim in batch.claims.iter().filter(|claim| first(claim.taken_from, claim.state.attempts)) {
            let waited = batch.now.since(claim.state.age_from);
            self.metrics.counted().queue_seconds.observe(waited.as_secs_f64());
        }
        Ok(batch)
    }

    async fn attachments(&self, fence: &Fence) -> Result<Vec<Attachment>, PortError> {
        self.next.attachments(fence).await
    }

    async fn ready(&self, letters: &[Ready]) -> Result<Vec<Fenced>, PortError> {
        self.next.ready(letters).await
    }

    async fn extend(&self, fences: &[Fence], lease: Duration) -> Result<Vec<Fenced>, PortError> {
        self.next.extend(fences, lease).await
    }

    async fn settle(&self, settlements: &[Settlement]) -> Result<Vec<Fenced>, PortError> {
        let answers = self.next.settle(settlements).await?;
        self.step("settle", settlements.len());
        Ok(answers)
    }

    async fn lapsed(&self, worker: WorkerId, limit: u32, lease: Duration) -> Result<Batch, PortError> {
        self.next.lapsed(worker, limit, lease).await
    }

    async fn doubtful(&self, worker: WorkerId, limit: u32, lease: Duration) -> Result<Batch, PortError> {
        self.next.doubtful(worker, limit, lease).await
    }

    async fn request<'a>(
        &self,
        ids: &[DeliveryId],
        request: Request,
        by: Option<&'a Actor>,
    ) -> Result<Vec<Changed>, PortError> {
        self.next.request(ids, request, by).await
    }

    async fn sweep(&self, retention: Retention, limit: u32) -> Result<Swept, PortError> {
        self.next.sweep(retention, limit).await
    }
}
