//! What somebody asks for from outside: to cancel letters, or to put them back.

use postroom_domain::id::DeliveryId;
use postroom_domain::lifecycle::Event;
use postroom_ports::error::PortError;
use postroom_ports::queue::Changed;
use sqlx::SqliteConnection;

use crate::error::failed;
use crate::store::{SqliteStore, now};
use crate::transition::{Outcome, decide, stored, write};

/// Lets `event` happen to each of these letters, where the domain allows it.
pub(crate) async fn change(
    store: &SqliteStore,
    operation: &'static str,
    ids: &[DeliveryId],
    event: &Event,
) -> Result<Vec<Changed>, PortError> {
    let mut write = store.begin(operation).await?;
    let mut answers = Vec::with_capacity(ids.len());
    for id in ids {
        answers.push(change_one(write.connection(), operation, id, event).await?);
    }
    write.commit().await?;
    if *event == Event::Redriven {
        store.enqueued().notify_waiters();
    }
    Ok(answers)
}

/// Lets `event` happen to one letter.
pub(crate) async fn change_one(
    connection: &mut SqliteConnection,
    operation: &'static str,
    id: &DeliveryId,
    event: &Event,
) -> Result<Changed, PortError> {
    let Some(before) = stored(connection, operation, id).await? else { return Ok(Changed::Unknown) };
    let now = now(connection).await.map_err(failed(operation))?;
    let Some(transition) = decide(&before.state, event, now) else { return Ok(Changed::Not(before.state.status)) };
    if *event == Event::Redriven {
        let content = sqlx::query_file_scalar!("queries/payloads/find.sql", before.seq)
            .fetch_optional(&mut *connection)
            .await
            .map_err(failed(operation))?;
        if content.is_none() {
            return Ok(Changed::ContentGone);
        }
    }
    write(connection, before.seq, Outcome::plain(&transition)).await.map_err(failed(operation))?;
    Ok(Changed::Done(before.committed(transition)))
}
