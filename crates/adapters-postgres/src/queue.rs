//! The queue: three batched, fenced statements a round.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::failure::Code;
use postroom_domain::id::{DeliveryId, ProviderMessageId, TransportName, WorkerId};
use postroom_domain::lifecycle::{Alarm, DeliveryState, Effect, Event, Transition};
use postroom_domain::status::Status;
use postroom_domain::time::Timestamp;
use postroom_ports::error::PortError;
use postroom_ports::letter::NewDelivery;
use postroom_ports::queue::{
    Batch, Changed, ClaimRequest, DeliveryQueue, Enqueued, Fence, Fenced, Hosts, QueueCapabilities, Ready, Retention,
    Settlement, Support, Swept,
};
use sqlx::postgres::PgQueryResult;
use uuid::Uuid;

use crate::change::change;
use crate::commit::{Write, commit};
use crate::enqueue::{CHUNK, enqueue};
use crate::error::port_error;
use crate::row::{ClaimedRow, Undecodable, micros, time};
use crate::session::{Connections, again};

/// How often an empty claim looks again while other workers are just taking what it saw.
const ROUNDS: u32 = 4;

/// The queue of undone letters.
#[derive(Clone, Debug)]
pub struct PostgresQueue {
    work: Connections,
    front: Connections,
}

/// One row that was taken: its key, its fence, and where it was taken from.
#[derive(Debug)]
struct Taken {
    seq: i64,
    token: Uuid,
    taken_from: String,
}

impl PostgresQueue {
    pub(crate) const fn new(work: Connections, front: Connections) -> Self {
        Self { work, front }
    }

    async fn take(&self, request: &ClaimRequest, held: &[String]) -> Result<Vec<Taken>, PortError> {
        let failed = port_error("queue.claim");
        let mut turn = self.work.turn().await.map_err(&failed)?;
        let taken = sqlx::query_file_as!(
            Taken,
            "queries/outbox/claim.sql",
            request.worker.as_uuid(),
            i64::from(request.limit),
            i64::from(request.lane_share),
            micros(request.lease),
            held,
        )
        .fetch_all(turn.session())
        .await
        .map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        Ok(taken)
    }

    /// The time, and whether letters wait that could be claimed.
    async fn waiting(&self, operation: &'static str, held: &[String]) -> Result<(Timestamp, bool), PortError> {
        let failed = port_error(operation);
        let mut turn = self.work.turn().await.map_err(&failed)?;
        let seen =
            sqlx::query_file!("queries/outbox/waiting.sql", held).fetch_one(turn.session()).await.map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        Ok((time(seen.now), seen.waiting))
    }

    /// Reads what was taken. A letter that does not decode must not keep the others from going out, nor come back for
    /// ever: it fails by itself, and says why.
    async fn read(&self, operation: &'static str, taken: &[Taken]) -> Result<Batch, PortError> {
        let failed = port_error(operation);
        let (seqs, tokens): (Vec<i64>, Vec<Uuid>) = taken.iter().map(|taken| (taken.seq, taken.token)).unzip();
        let taken_from: HashMap<i64, &str> = taken.iter().map(|t| (t.seq, t.taken_from.as_str())).collect();
        let mut turn = self.work.turn().await.map_err(&failed)?;
        let rows = sqlx::query_file_as!(ClaimedRow, "queries/deliveries/read.sql", &seqs, &tokens)
            .fetch_all(turn.session())
            .await
            .map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        let Some(now) = rows.first().map(|row| time(row.now)) else {
            return Ok(Batch { now: self.waiting(operation, &[]).await?.0, claims: Vec::new() });
        };
        let (mut claims, mut broken) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in rows {
            let corrupt =
                |Undecodable(column): Undecodable| PortError::corrupt(operation, "deliveries", column, row.seq);
            let (seq, token, state) = (row.seq, row.token, row.state().map_err(corrupt)?);
            let from = taken_from.get(&seq).and_then(|name| Status::parse(name)).unwrap_or(state.status);
            match row.decode(from) {
                Ok(claim) => claims.push(claim),
                Err(Undecodable(column)) => broken.push((seq, token, quarantine(state, column))),
            }
        }
        self.fail(operation, &broken).await?;
        Ok(Batch { now, claims })
    }

    async fn fail(&self, operation: &'static str, broken: &[(i64, Uuid, Transition)]) -> Result<(), PortError> {
        if broken.is_empty() {
            return Ok(());
        }
        for (seq, _, transition) in broken {
            tracing::error!(delivery.seq = seq, reason = %transition.detail, "a stored letter cannot be read; it failed");
        }
        let writes: Vec<Write<'_>> = broken
            .iter()
            .map(|(seq, token, transition)| Write { token: Some(*token), ..Write::of(*seq, transition) })
            .collect();
        let failed = port_error(operation);
        let mut turn = self.work.turn().await.map_err(&failed)?;
        commit(turn.session(), &writes).await.map_err(&failed)?;
        turn.end().await.map_err(failed)
    }

    async fn changed(
        &self,
        operation: &'static str,
        ids: &[DeliveryId],
        event: &Event,
    ) -> Result<Vec<Changed>, PortError> {
        again(async || {
            let mut turn = self.front.transaction().await.map_err(port_error(operation))?;
            let answers = change(turn.session(), operation, ids, event).await?;
            turn.end().await.map_err(port_error(operation))?;
            Ok(answers)
        })
        .await
    }

    /// Cancels at most `limit` letters that are past their expiry.
    async fn expire(&self, limit: i64) -> Result<Swept, PortError> {
        const OPERATION: &str = "queue.sweep";
        let mut turn = self.work.transaction().await.map_err(port_error(OPERATION))?;
        let found = sqlx::query_file_scalar!("queries/outbox/expire.sql", limit).fetch_all(turn.session()).await;
        let ids: Vec<DeliveryId> = found
            .map_err(port_error(OPERATION))?
            .into_iter()
            .map(DeliveryId::parse)
            .collect::<Result<_, _>>()
            .map_err(|_| PortError::corrupt(OPERATION, "deliveries", "delivery_id", "past its expiry"))?;
        let changed = change(turn.session(), OPERATION, &ids, &Event::Expired).await?;
        turn.end().await.map_err(port_error(OPERATION))?;
        let expired = changed.into_iter().filter_map(|answer| match answer {
            Changed::Done(committed) => Some(*committed),
            _ => None,
        });
        Ok(Swept { expired: expired.collect(), ..Swept::default() })
    }

    /// Runs one statement that forgets something; how many rows it were.
    async fn forget(&self, statement: Forget) -> Result<u64, PortError> {
        let failed = port_error("queue.sweep");
        let mut turn = self.work.turn().await.map_err(&failed)?;
        let session = turn.session();
        let done: PgQueryResult = match statement {
            Forget::Payloads(age, limit) => {
                sqlx::query_file!("queries/payloads/purge.sql", micros(age), limit).execute(session).await
            }
            Forget::Keys(limit) => sqlx::query_file!("queries/idempotency/purge.sql", limit).execute(session).await,
            Forget::Workers(age, limit) => {
                sqlx::query_file!("queries/workers/purge.sql", micros(age), limit).execute(session).await
            }
        }
        .map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        Ok(done.rows_affected())
    }
}

/// What is past its retention.
#[derive(Clone, Copy, Debug)]
enum Forget {
    Payloads(Duration, i64),
    Keys(i64),
    Workers(Duration, i64),
}

/// The end of a letter whose row a program or a person damaged.
fn quarantine(state: DeliveryState, column: &str) -> Transition {
    let from = state.status;
    Transition {
        from,
        next: DeliveryState { status: Status::Failed, ..state },
        due_in: None,
        code: Some(Code::new("CORRUPT")),
        detail: postroom_domain::detail::Detail::redacted(&format!("the stored column {column} does not decode")),
        effects: vec![Effect::Raise(Alarm::DeadLetter)],
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
            let turn = if letters.len() > CHUNK { self.front.transaction().await } else { self.front.turn().await };
            let mut turn = turn.map_err(&failed)?;
            let answers = enqueue(turn.session(), letters).await?;
            turn.end().await.map_err(failed)?;
            Ok(answers)
        })
        .await
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Batch, PortError> {
        const OPERATION: &str = "queue.claim";
        let held: Vec<String> = request.held_tenants.iter().map(|tenant| tenant.as_str().to_owned()).collect();
        let mut now = None;
        for _ in 0..ROUNDS {
            let taken = again(async || self.take(request, &held).await).await?;
            if !taken.is_empty() {
                return self.read(OPERATION, &taken).await;
            }
            let (at, waiting) = self.waiting(OPERATION, &held).await?;
            now = Some(at);
            if !waiting || request.limit == 0 {
                break;
            }
        }
        let now = match now {
            Some(now) => now,
            None => self.waiting(OPERATION, &held).await?.0,
        };
        Ok(Batch { now, claims: Vec::new() })
    }

    async fn ready(&self, letters: &[Ready]) -> Result<Vec<Fenced>, PortError> {
        let failed = port_error("queue.ready");
        let (seqs, tokens) = keys(letters.iter().map(|letter| &letter.fence));
        let transports: Vec<&str> = letters.iter().map(|letter| letter.transport.as_str()).collect();
        let frozen: Vec<_> = letters.iter().map(|letter| letter.frozen.as_ref()).collect();
        let bytes: Vec<Option<&[u8]>> = frozen.iter().map(|f| f.map(|f| f.bytes.as_slice())).collect();
        let mail_from: Vec<Option<&str>> = frozen.iter().map(|f| f.map(|f| f.mail_from.as_str())).collect();
        let rcpt_to: Vec<Option<&str>> = frozen.iter().map(|f| f.map(|f| f.rcpt_to.as_str())).collect();
        let message_id: Vec<Option<&str>> = frozen.iter().map(|f| f.map(|f| f.message_id.as_str())).collect();
        let subject: Vec<Option<&str>> = frozen.iter().map(|f| f.map(|f| f.subject.as_str())).collect();
        let version: Vec<Option<&str>> = frozen.iter().map(|f| f.map(|f| f.template_version.as_str())).collect();
        let mut turn = self.work.turn().await.map_err(&failed)?;
        let done = sqlx::query_file!(
            "queries/outbox/ready.sql",
            &seqs,
            &tokens,
            &transports as &[&str],
            &bytes as &[Option<&[u8]>],
            &mail_from as &[Option<&str>],
            &rcpt_to as &[Option<&str>],
            &message_id as &[Option<&str>],
            &subject as &[Option<&str>],
            &version as &[Option<&str>],
        )
        .fetch_all(turn.session())
        .await
        .map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        let done = done.into_iter().map(|row| (row.seq, row.token)).collect();
        Ok(answers(letters.iter().map(|letter| &letter.fence), &done))
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
        // A claim ends once: where a batch ends it twice, the second is stale.
        let end =
            |write: &Write<'_>| if moved.remove(&(write.seq, write.token)) { Fenced::Done } else { Fenced::Stale };
        Ok(writes.iter().map(end).collect())
    }

    async fn lapsed(&self, worker: WorkerId, limit: u32, lease: Duration) -> Result<Batch, PortError> {
        const OPERATION: &str = "queue.lapsed";
        let failed = port_error(OPERATION);
        let mut turn = self.work.turn().await.map_err(&failed)?;
        let taken =
            sqlx::query_file_as!(Taken, "queries/outbox/lapse.sql", worker.as_uuid(), i64::from(limit), micros(lease))
                .fetch_all(turn.session())
                .await
                .map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        self.read(OPERATION, &taken).await
    }

    async fn doubtful(&self, worker: WorkerId, limit: u32, lease: Duration) -> Result<Batch, PortError> {
        const OPERATION: &str = "queue.doubtful";
        let failed = port_error(OPERATION);
        let mut turn = self.work.turn().await.map_err(&failed)?;
        let taken =
            sqlx::query_file_as!(Taken, "queries/outbox/doubt.sql", worker.as_uuid(), i64::from(limit), micros(lease))
                .fetch_all(turn.session())
                .await
                .map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        self.read(OPERATION, &taken).await
    }

    async fn cancel(&self, ids: &[DeliveryId]) -> Result<Vec<Changed>, PortError> {
        self.changed("queue.cancel", ids, &Event::Cancelled).await
    }

    async fn redrive(&self, ids: &[DeliveryId]) -> Result<Vec<Changed>, PortError> {
        self.changed("queue.redrive", ids, &Event::Redriven).await
    }

    async fn sweep(&self, retention: Retention, limit: u32) -> Result<Swept, PortError> {
        let limit = i64::from(limit);
        let expired = again(async || self.expire(limit).await).await?;
        Ok(Swept {
            payloads: self.forget(Forget::Payloads(retention.payloads, limit)).await?,
            keys: self.forget(Forget::Keys(limit)).await?,
            workers: self.forget(Forget::Workers(retention.workers, limit)).await?,
            ..expired
        })
    }
}

fn keys<'a>(fences: impl Iterator<Item = &'a Fence>) -> (Vec<i64>, Vec<Uuid>) {
    fences.map(|fence| (fence.seq, fence.token.as_uuid())).unzip()
}

fn answers<'a>(fences: impl Iterator<Item = &'a Fence>, done: &HashSet<(i64, Uuid)>) -> Vec<Fenced> {
    let answer = |fence: &Fence| {
        if done.contains(&(fence.seq, fence.token.as_uuid())) { Fenced::Done } else { Fenced::Stale }
    };
    fences.map(answer).collect()
}
