//! What has had its time: letters past their expiry, content past its retention, old keys,
//! workers that are gone.

use postroom_domain::id::DeliveryId;
use postroom_domain::lifecycle::Event;
use postroom_ports::error::PortError;
use postroom_ports::queue::{Changed, Committed, Retention, Swept};
use sqlx::SqliteConnection;

use crate::change::change_one;
use crate::error::failed;
use crate::row::Place;
use crate::store::{SqliteStore, micros};

const OPERATION: &str = "queue.sweep";

pub(crate) async fn sweep(store: &SqliteStore, retention: Retention, limit: u32) -> Result<Swept, PortError> {
    let mut write = store.begin(OPERATION).await?;
    let expired = expire(write.connection(), limit).await?;
    let connection = write.connection();
    let payloads = sqlx::query_file!("queries/payloads/forget.sql", micros(retention.payloads), limit)
        .execute(&mut *connection)
        .await
        .map_err(failed(OPERATION))?;
    let keys = sqlx::query_file!("queries/idempotency/forget.sql", limit)
        .execute(&mut *connection)
        .await
        .map_err(failed(OPERATION))?;
    let workers = sqlx::query_file!("queries/workers/forget.sql", micros(retention.workers), limit)
        .execute(connection)
        .await
        .map_err(failed(OPERATION))?;
    write.commit().await?;
    Ok(Swept {
        expired,
        payloads: payloads.rows_affected(),
        keys: keys.rows_affected(),
        workers: workers.rows_affected(),
    })
}

/// Cancels waiting letters that nobody needs any more.
async fn expire(connection: &mut SqliteConnection, limit: u32) -> Result<Vec<Committed>, PortError> {
    let ids = sqlx::query_file_scalar!("queries/outbox/expired.sql", limit)
        .fetch_all(&mut *connection)
        .await
        .map_err(failed(OPERATION))?;
    let mut expired = Vec::with_capacity(ids.len());
    for text in ids {
        let at = Place { operation: OPERATION, table: "deliveries", row: &text };
        let id = at.parsed("delivery_id", DeliveryId::parse(text.as_str()))?;
        if let Changed::Done(committed) = change_one(connection, OPERATION, &id, &Event::Expired, None).await? {
            expired.push(*committed);
        }
    }
    Ok(expired)
}
