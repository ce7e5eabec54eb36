//! The queue: three batched, fenced statements a round.

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::attachment::Attachment;
use postroom_domain::id::{Actor, DeliveryId, ProviderMessageId, TransportName, WorkerId};
use postroom_ports::error::PortError;
use postroom_ports::letter::NewDelivery;
use postroom_ports::queue::{
    Batch, Changed, ClaimRequest, DeliveryQueue, Enqueued, Fence, Fenced, Hosts, QueueCapabilities, Ready, Request,
    Retention, Settlement, Support, Swept,
};
use uuid::Uuid;

use crate::change::change;
use crate::claim::Claims;
use crate::commit::{Write, commit, settled};
use crate::connections::Connections;
use crate::enqueue::{enqueue, statements};
use crate::error::port_error;
use crate::handover;
use crate::row::micros;
use crate::session::again;
use crate::sweep::sweep;

/// The queue of undone letters.
#[derive(Clone, Debug)]
pub struct PostgresQueue {
    work: Connections,
    front: Connections,
}

impl PostgresQueue {
    pub(crate) const fn new(work: Connections, front: Connections) -> Self {
        Self { work, front }
    }
}

#[async_trait]
impl DeliveryQueue for PostgresQueue {
    fn capabilities(&self) -> QueueCapabilities {
        QueueCapabilities { hosts: Hosts::Many, caller_transaction: Support::Yes }
    }

    async fn enqueue(&self, letters: &[NewDelivery]) -> Result<Vec<Enqueued>, PortError> {
        again(async || {
            let failed = port_error("queue.enqueue");
            let statements = statements(letters);
            let together = statements.len() > 1;
            let turn = if together { self.front.transaction().await } else { self.front.turn().await };
            let mut turn = turn.map_err(&failed)?;
            let answers = enqueue(turn.session(), &statements).await?;
            turn.end().await.map_err(failed)?;
            Ok(answers)
        })
        .await
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Batch, PortError> {
        Claims { work: &self.work, operation: "queue.claim" }.due(request).await
    }

    async fn attachments(&self, fence: &Fence) -> Result<Vec<Attachment>, PortError> {
        handover::attachments(&self.work, fence).await
    }

    async fn ready(&self, letters: &[Ready]) -> Result<Vec<Fenced>, PortError> {
        handover::ready(&self.work, letters).await
    }

    async fn extend(&self, fences: &[Fence], lease: Duration) -> Result<Vec<Fenced>, PortError> {
        let failed = port_error("queue.extend");
        let (seqs, tokens) = keys(fences.iter());
        let mut turn = self.work.turn().await.map_err(&failed)?;
        let done = sqlx::query_file!("queries/outbox/extend.sql", &seqs, &tokens, micros(lease))
            .fetch_all(turn.session())
            .await
            .map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        Ok(answers(fences.iter(), &done.into_iter().map(|row| (row.seq, row.token)).collect()))
    }

    async fn settle(&self, settlements: &[Settlement]) -> Result<Vec<Fenced>, PortError> {
        let failed = port_error("queue.settle");
        let writes: Vec<Write<'_>> = settlements
            .iter()
            .map(|settlement| Write {
                seq: settlement.fence.seq,
                token: Some(settlement.fence.token.as_uuid()),
                transition: &settlement.transition,
                transport: settlement.transport.as_ref().map(TransportName::as_str),
                receipt: settlement.receipt.as_ref().map(ProviderMessageId::as_str),
                payload: Some(&settlement.payload),
            })
            .collect();
        let mut moved = again(async || {
            let mut turn = self.work.turn().await.map_err(&failed)?;
            let moved = commit(turn.session(), &writes).await.map_err(&failed)?;
            turn.end().await.map_err(&failed)?;
            Ok(moved)
        })
        .await?;
        // A claim ends once: where a batch ends it twice, the first counts.
        let first: Vec<bool> = writes.iter().map(|write| moved.remove(&(write.seq, write.token))).collect();
        let rest = || writes.iter().zip(&first).filter(|(_, first)| !**first).filter_map(|(write, _)| write.end());
        if rest().next().is_none() {
            return Ok(vec![Fenced::Done; writes.len()]);
        }
        // They lost their claims, or were committed by a call that never heard the answer.
        let mut turn = self.work.turn().await.map_err(&failed)?;
        let known = settled(turn.session(), rest().collect()).await.map_err(&failed)?;
        turn.end().await.map_err(&failed)?;
        let is_done = |(write, first): (&Write<'_>, bool)| first || write.end().is_some_and(|end| known.contains(&end));
        let answer = |write| if is_done(write) { Fenced::Done } else { Fenced::Stale };
        Ok(writes.iter().zip(first).map(answer).collect())
    }

    async fn lapsed(&self, worker: WorkerId, limit: u32, lease: Duration) -> Result<Batch, PortError> {
        Claims { work: &self.work, operation: "queue.lapsed" }.lapsed(worker, limit, lease).await
    }

    async fn doubtful(&self, worker: WorkerId, limit: u32, lease: Duration) -> Result<Batch, PortError> {
        Claims { work: &self.work, operation: "queue.doubtful" }.doubtful(worker, limit, lease).await
    }

    async fn request<'a>(
        &self,
        ids: &[DeliveryId],
        request: Request,
        by: Option<&'a Actor>,
    ) -> Result<Vec<Changed>, PortError> {
        const OPERATION: &str = "queue.request";
        let event = request.event();
        again(async || {
            let mut turn = self.front.transaction().await.map_err(port_error(OPERATION))?;
            let answers = change(turn.session(), OPERATION, ids, &event, by).await?;
            turn.end().await.map_err(port_error(OPERATION))?;
            Ok(answers)
        })
        .await
    }

    async fn sweep(&self, retention: Retention, limit: u32) -> Result<Swept, PortError> {
        sweep(&self.work, retention, limit).await
    }
}

pub(crate) fn keys<'a>(fences: impl Iterator<Item = &'a Fence>) -> (Vec<i64>, Vec<Uuid>) {
    fences.map(|fence| (fence.seq, fence.token.as_uuid())).unzip()
}

pub(crate) fn answers<'a>(fences: impl Iterator<Item = &'a Fence>, done: &HashSet<(i64, Uuid)>) -> Vec<Fenced> {
    let answer = |fence: &Fence| {
        if done.contains(&(fence.seq, fence.token.as_uuid())) { Fenced::Done } else { Fenced::Stale }
    };
    fences.map(answer).collect()
}
