//! Taking letters under a lease: new ones, those of a dead worker, those in doubt.

use std::time::Duration;

use postroom_domain::id::{TenantId, WorkerId, Workflow};
use postroom_domain::lifecycle::Event;
use postroom_domain::time::Timestamp;
use postroom_ports::error::PortError;
use postroom_ports::queue::{Among, Batch, Claim, ClaimRequest};
use postroom_ports::worker::BEAT_STALE;
use sqlx::SqliteConnection;

use crate::error::failed;
use crate::row::{Place, TakenRow};
use crate::store::{SqliteStore, list, micros, now};
use crate::transition::decide;

const CLAIM: &str = "queue.claim";
const LAPSED: &str = "queue.lapsed";
const DOUBTFUL: &str = "queue.doubtful";

/// Who takes letters over, how many, and for how long.
#[derive(Clone, Copy)]
pub(crate) struct TakeOver {
    pub(crate) worker: WorkerId,
    pub(crate) limit: u32,
    pub(crate) lease: Duration,
}

pub(crate) async fn claim(store: &SqliteStore, request: &ClaimRequest) -> Result<Batch, PortError> {
    let mut write = store.begin(CLAIM).await?;
    let now = now(write.connection()).await.map_err(failed(CLAIM))?;
    let held = list(request.held_tenants.iter().map(TenantId::as_str));
    let (limit, share) = (request.limit, request.lane_share.max(1));
    let named = list(request.among.named().iter().map(Workflow::as_str));
    let these_alone = matches!(request.among, Among::Only(_));
    let seqs =
        sqlx::query_file_scalar!("queries/outbox/due.sql", now.as_micros(), limit, share, held, named, these_alone)
            .fetch_all(write.connection())
            .await
            .map_err(failed(CLAIM))?;
    if seqs.is_empty() {
        // Nothing to commit: an idle worker writes nothing.
        return Ok(Batch { now, claims: Vec::new() });
    }
    let seqs = list(seqs);
    let until = now.plus(request.lease);
    let rows = lease(write.connection(), &seqs, request.worker, until).await.map_err(failed(CLAIM))?;
    sqlx::query_file!("queries/deliveries/claim.sql", seqs, now.as_micros())
        .execute(write.connection())
        .await
        .map_err(failed(CLAIM))?;
    let claims = sound(write.connection(), CLAIM, rows, |claim| counted(claim, now)).await?;
    write.commit().await?;
    Ok(Batch { now, claims })
}

pub(crate) async fn lapsed(store: &SqliteStore, by: TakeOver) -> Result<Batch, PortError> {
    let mut write = store.begin(LAPSED).await?;
    let now = now(write.connection()).await.map_err(failed(LAPSED))?;
    let seqs = sqlx::query_file_scalar!("queries/outbox/lapsed.sql", now.as_micros(), micros(BEAT_STALE), by.limit)
        .fetch_all(write.connection())
        .await
        .map_err(failed(LAPSED))?;
    let rows = lease(write.connection(), &list(seqs), by.worker, now.plus(by.lease)).await.map_err(failed(LAPSED))?;
    let claims = sound(write.connection(), LAPSED, rows, Ok).await?;
    write.commit().await?;
    Ok(Batch { now, claims })
}

pub(crate) async fn doubtful(store: &SqliteStore, by: TakeOver) -> Result<Batch, PortError> {
    let mut write = store.begin(DOUBTFUL).await?;
    let now = now(write.connection()).await.map_err(failed(DOUBTFUL))?;
    let seqs = sqlx::query_file_scalar!("queries/outbox/doubtful.sql", now.as_micros(), micros(BEAT_STALE), by.limit)
        .fetch_all(write.connection())
        .await
        .map_err(failed(DOUBTFUL))?;
    let rows = lease(write.connection(), &list(seqs), by.worker, now.plus(by.lease)).await.map_err(failed(DOUBTFUL))?;
    let claims = sound(write.connection(), DOUBTFUL, rows, Ok).await?;
    write.commit().await?;
    Ok(Batch { now, claims })
}

/// Puts these letters under a lease with a fence of their own; everything that is known of them.
async fn lease(
    connection: &mut SqliteConnection,
    seqs: &str,
    worker: WorkerId,
    until: Timestamp,
) -> sqlx::Result<Vec<TakenRow>> {
    sqlx::query_file!("queries/outbox/lease.sql", seqs, worker.as_uuid(), until.as_micros())
        .execute(&mut *connection)
        .await?;
    sqlx::query_file_as!(TakenRow, "queries/outbox/taken.sql", seqs).fetch_all(connection).await
}

/// The claims among the rows. A letter that does not decode must not hold up the others at
/// every claim from now on, so it fails here, on record and in the log.
async fn sound(
    connection: &mut SqliteConnection,
    operation: &'static str,
    rows: Vec<TakenRow>,
    finish: impl Fn(Claim) -> Result<Claim, PortError>,
) -> Result<Vec<Claim>, PortError> {
    let mut claims = Vec::with_capacity(rows.len());
    for row in rows {
        let seq = row.seq;
        match row.decode(operation).and_then(&finish) {
            Ok(claim) => claims.push(claim),
            Err(error) => {
                tracing::error!(%error, "a letter is quarantined as failed with the code CORRUPT");
                sqlx::query_file!("queries/deliveries/quarantine.sql", seq, error.to_string())
                    .execute(&mut *connection)
                    .await
                    .map_err(failed(operation))?;
            }
        }
    }
    Ok(claims)
}

/// The claim as the statement has just counted it: by the domain's own rule.
fn counted(claim: Claim, now: Timestamp) -> Result<Claim, PortError> {
    let id = claim.fence.delivery_id.as_str();
    let corrupt = || Place { operation: CLAIM, table: "outbox", row: id }.corrupt("status");
    let state = decide(&claim.state, &Event::Claimed, now).ok_or_else(corrupt)?.next;
    Ok(Claim { state, ..claim })
}
