//! What time does to letters: some expire, and what is done with is forgotten.

use std::time::Duration;

use postroom_domain::id::DeliveryId;
use postroom_domain::lifecycle::Event;
use postroom_ports::error::PortError;
use postroom_ports::queue::{Changed, Committed, Retention, Swept};

use crate::change::change;
use crate::connections::Connections;
use crate::error::port_error;
use crate::row::micros;
use crate::session::again;

const OPERATION: &str = "queue.sweep";

/// What is past its retention: how old at least, where its age decides, and how many at most.
#[derive(Clone, Copy, Debug)]
enum Forget {
    Payloads(Duration, i64),
    Keys(i64),
    Workers(Duration, i64),
}

/// Cancels what expired and forgets what is past its retention, each in small steps of its own.
pub(crate) async fn sweep(work: &Connections, retention: Retention, limit: u32) -> Result<Swept, PortError> {
    let limit = i64::from(limit);
    Ok(Swept {
        expired: again(async || expire(work, limit).await).await?,
        payloads: forget(work, Forget::Payloads(retention.payloads, limit)).await?,
        keys: forget(work, Forget::Keys(limit)).await?,
        workers: forget(work, Forget::Workers(retention.workers, limit)).await?,
    })
}

async fn expire(work: &Connections, limit: i64) -> Result<Vec<Committed>, PortError> {
    let failed = port_error(OPERATION);
    let mut turn = work.transaction().await.map_err(&failed)?;
    let found = sqlx::query_file_scalar!("queries/outbox/expire.sql", limit).fetch_all(turn.session()).await;
    let ids: Vec<DeliveryId> = found
        .map_err(&failed)?
        .into_iter()
        .map(DeliveryId::parse)
        .collect::<Result<_, _>>()
        .map_err(|_| PortError::corrupt(OPERATION, "deliveries", "delivery_id", "past its expiry"))?;
    let changed = change(turn.session(), OPERATION, &ids, &Event::Expired, None).await?;
    turn.end().await.map_err(failed)?;
    let done = |answer| match answer {
        Changed::Done(committed) => Some(*committed),
        Changed::Not(_) | Changed::ContentGone | Changed::Unknown => None,
    };
    Ok(changed.into_iter().filter_map(done).collect())
}

/// Runs one statement that forgets something; how many rows it were.
async fn forget(work: &Connections, what: Forget) -> Result<u64, PortError> {
    let failed = port_error(OPERATION);
    let mut turn = work.turn().await.map_err(&failed)?;
    let session = turn.session();
    let done = match what {
        Forget::Payloads(age, limit) => {
            sqlx::query_file!("queries/payloads/purge.sql", micros(age), limit).execute(session).await
        }
        Forget::Keys(limit) => sqlx::query_file!("queries/idempotency/purge.sql", limit).execute(session).await,
        Forget::Workers(age, limit) => {
            sqlx::query_file!("queries/workers/purge.sql", micros(age), limit).execute(session).await
        }
    };
    let rows = done.map_err(&failed)?.rows_affected();
    turn.end().await.map_err(failed)?;
    Ok(rows)
}
