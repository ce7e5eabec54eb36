//! What somebody asks for from outside: that letters are not sent, or are sent after all.

use postroom_domain::id::{Actor, DeliveryId};
use postroom_domain::lifecycle::Event;
use postroom_ports::error::PortError;
use postroom_ports::queue::{Changed, Request, asked_by};
use sqlx::SqliteConnection;

use crate::error::failed;
use crate::store::{SqliteStore, now};
use crate::transition::{Outcome, decide, stored, write};

/// Does for each of these letters what was asked for, where the domain allows it.
pub(crate) async fn change(
    store: &SqliteStore,
    ids: &[DeliveryId],
    request: Request,
    by: Option<&Actor>,
) -> Result<Vec<Changed>, PortError> {
    const OPERATION: &str = "queue.request";
    let event = request.event();
    let mut write = store.begin(OPERATION).await?;
    let mut answers = Vec::with_capacity(ids.len());
    for id in ids {
        answers.push(change_one(write.connection(), OPERATION, id, &event, by).await?);
    }
    write.commit().await?;
    // Some of them may be due now.
    store.enqueued().notify_waiters();
    Ok(answers)
}

/// Lets `event` happen to one letter.
pub(crate) async fn change_one(
    connection: &mut SqliteConnection,
    operation: &'static str,
    id: &DeliveryId,
    event: &Event,
    by: Option<&Actor>,
) -> Result<Changed, PortError> {
    let Some(before) = stored(connection, operation, id).await? else { return Ok(Changed::Unknown) };
    let now = now(connection).await.map_err(failed(operation))?;
    let Some(transition) = decide(&before.state, event, now) else { return Ok(Changed::Not(before.state.status)) };
    if transition.next.status.is_waiting() {
        let content = sqlx::query_file_scalar!("queries/payloads/find.sql", before.seq)
            .fetch_optional(&mut *connection)
            .await
            .map_err(failed(operation))?;
        if content.is_none() {
            return Ok(Changed::ContentGone);
        }
    }
    let outcome = Outcome { payload: &asked_by(by), ..Outcome::plain(&transition) };
    write(connection, before.seq, outcome).await.map_err(failed(operation))?;
    Ok(Changed::Done(before.committed(transition)))
}
