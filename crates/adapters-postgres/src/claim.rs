//! How letters are taken: one statement takes them, another reads what was taken.

use std::collections::HashMap;
use std::time::Duration;

use postroom_domain::detail::Detail;
use postroom_domain::failure::Code;
use postroom_domain::id::WorkerId;
use postroom_domain::lifecycle::{Alarm, DeliveryState, Effect, Transition};
use postroom_domain::status::Status;
use postroom_domain::time::Timestamp;
use postroom_ports::error::PortError;
use postroom_ports::queue::{Among, Batch, ClaimRequest};
use uuid::Uuid;

use crate::commit::{Write, commit};
use crate::connections::Connections;
use crate::error::port_error;
use crate::row::{ClaimedRow, Undecodable, micros, time};
use crate::session::again;

/// How often an empty claim looks again while other workers are just taking what it saw.
const ROUNDS: u32 = 4;

/// One row that was taken: its key, its fence, and the status it had.
#[derive(Debug)]
struct Taken {
    seq: i64,
    token: Uuid,
    before: String,
}

/// Whose letters are asked for, as the statements take it.
#[derive(Debug)]
struct Wanted {
    held_tenants: Vec<String>,
    workflows: Vec<String>,
    these_alone: bool,
}

impl Wanted {
    fn by(request: &ClaimRequest) -> Self {
        Self {
            held_tenants: request.held_tenants.iter().map(|tenant| tenant.as_str().to_owned()).collect(),
            workflows: request.among.named().iter().map(|workflow| workflow.as_str().to_owned()).collect(),
            these_alone: matches!(request.among, Among::Only(_)),
        }
    }
}

/// Claims of workers, on one pool and for one operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claims<'a> {
    pub(crate) work: &'a Connections,
    pub(crate) operation: &'static str,
}

impl Claims<'_> {
    /// Waiting letters that are due.
    pub(crate) async fn due(&self, request: &ClaimRequest) -> Result<Batch, PortError> {
        let wanted = Wanted::by(request);
        for _ in 1..ROUNDS {
            let taken = again(async || self.take(request, &wanted).await).await?;
            if !taken.is_empty() {
                return self.read(&taken).await;
            }
            let (now, waiting) = self.waiting(&wanted).await?;
            if !waiting || request.limit == 0 {
                return Ok(Batch { now, claims: Vec::new() });
            }
        }
        self.read(&again(async || self.take(request, &wanted).await).await?).await
    }

    async fn take(&self, request: &ClaimRequest, wanted: &Wanted) -> Result<Vec<Taken>, PortError> {
        let failed = port_error(self.operation);
        let mut turn = self.work.turn().await.map_err(&failed)?;
        let taken = sqlx::query_file_as!(
            Taken,
            "queries/outbox/claim.sql",
            request.worker.as_uuid(),
            i64::from(request.limit),
            i64::from(request.lane_share),
            micros(request.lease),
            &wanted.held_tenants,
            &wanted.workflows,
            wanted.these_alone,
        )
        .fetch_all(turn.session())
        .await
        .map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        Ok(taken)
    }

    /// Letters whose claim is dead.
    pub(crate) async fn lapsed(&self, worker: WorkerId, limit: u32, lease: Duration) -> Result<Batch, PortError> {
        let failed = port_error(self.operation);
        let mut turn = self.work.turn().await.map_err(&failed)?;
        let (worker, limit, lease) = (worker.as_uuid(), i64::from(limit), micros(lease));
        let taken = sqlx::query_file_as!(Taken, "queries/outbox/lapse.sql", worker, limit, lease)
            .fetch_all(turn.session())
            .await
            .map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        self.read(&taken).await
    }

    /// Letters in doubt that are due for an answer.
    pub(crate) async fn doubtful(&self, worker: WorkerId, limit: u32, lease: Duration) -> Result<Batch, PortError> {
        let failed = port_error(self.operation);
        let mut turn = self.work.turn().await.map_err(&failed)?;
        let (worker, limit, lease) = (worker.as_uuid(), i64::from(limit), micros(lease));
        let taken = sqlx::query_file_as!(Taken, "queries/outbox/doubt.sql", worker, limit, lease)
            .fetch_all(turn.session())
            .await
            .map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        self.read(&taken).await
    }

    /// The time, and whether letters wait that could be claimed.
    async fn waiting(&self, wanted: &Wanted) -> Result<(Timestamp, bool), PortError> {
        let failed = port_error(self.operation);
        let mut turn = self.work.turn().await.map_err(&failed)?;
        let Wanted { held_tenants, workflows, these_alone } = wanted;
        let seen = sqlx::query_file!("queries/outbox/waiting.sql", held_tenants, workflows, *these_alone)
            .fetch_one(turn.session())
            .await
            .map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        Ok((time(seen.now), seen.waiting))
    }

    async fn now(&self) -> Result<Timestamp, PortError> {
        let failed = port_error(self.operation);
        let mut turn = self.work.turn().await.map_err(&failed)?;
        let now =
            sqlx::query_file_scalar!("queries/clock/read.sql").fetch_one(turn.session()).await.map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        Ok(time(now))
    }

    /// Reads what was taken. A letter that does not decode must not keep the others from going out, nor come back for
    /// ever: it fails by itself, and says why.
    async fn read(&self, taken: &[Taken]) -> Result<Batch, PortError> {
        let before: HashMap<i64, &str> = taken.iter().map(|taken| (taken.seq, taken.before.as_str())).collect();
        let rows = self.rows(taken).await?;
        let Some(now) = rows.first().map(|row| time(row.now)) else {
            return Ok(Batch { now: self.now().await?, claims: Vec::new() });
        };
        let (mut claims, mut broken) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in rows {
            let key = (row.seq, row.token);
            let corrupt =
                |Undecodable(column): Undecodable| PortError::corrupt(self.operation, "deliveries", column, key.0);
            let state = row.state().map_err(corrupt)?;
            let taken_from = before.get(&key.0).and_then(|name| Status::parse(name)).unwrap_or(state.status);
            match row.decode(taken_from) {
                Ok(claim) => claims.push(claim),
                Err(Undecodable(column)) => broken.push((key, quarantine(&state, column))),
            }
        }
        self.fail(&broken).await?;
        Ok(Batch { now, claims })
    }

    async fn rows(&self, taken: &[Taken]) -> Result<Vec<ClaimedRow>, PortError> {
        if taken.is_empty() {
            return Ok(Vec::new());
        }
        let failed = port_error(self.operation);
        let (seqs, tokens): (Vec<i64>, Vec<Uuid>) = taken.iter().map(|taken| (taken.seq, taken.token)).unzip();
        let mut turn = self.work.turn().await.map_err(&failed)?;
        let rows = sqlx::query_file_as!(ClaimedRow, "queries/deliveries/read.sql", &seqs, &tokens)
            .fetch_all(turn.session())
            .await
            .map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        Ok(rows)
    }

    async fn fail(&self, broken: &[((i64, Uuid), Transition)]) -> Result<(), PortError> {
        if broken.is_empty() {
            return Ok(());
        }
        for ((seq, _), transition) in broken {
            tracing::error!(delivery.seq = seq, reason = %transition.detail, "a stored letter cannot be read; it failed");
        }
        let writes: Vec<Write<'_>> = broken
            .iter()
            .map(|((seq, token), transition)| Write { token: Some(*token), ..Write::of(*seq, transition) })
            .collect();
        let failed = port_error(self.operation);
        let mut turn = self.work.turn().await.map_err(&failed)?;
        commit(turn.session(), &writes).await.map_err(&failed)?;
        turn.end().await.map_err(failed)
    }
}

/// The end of a letter whose row a program or a person damaged.
fn quarantine(state: &DeliveryState, column: &str) -> Transition {
    Transition {
        from: state.status,
        next: DeliveryState { status: Status::Failed, ..state.clone() },
        due_in: None,
        code: Some(Code::new(Code::CORRUPT)),
        detail: Detail::redacted(&format!("the stored column {column} does not decode")),
        effects: vec![Effect::Raise(Alarm::DeadLetter)],
    }
}
