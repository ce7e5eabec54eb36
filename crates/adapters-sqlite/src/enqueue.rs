//! How letters come in: through the port, or inside a caller's own transaction.

use std::time::Duration;

use postroom_domain::address::EmailAddress;
use postroom_domain::attachment::Attachment;
use postroom_domain::id::{DeliveryId, TenantId};
use postroom_domain::invalid::Invalid;
use postroom_domain::letter::Subject;
use postroom_domain::locale::Locale;
use postroom_domain::time::Timestamp;
use postroom_ports::error::PortError;
use postroom_ports::letter::NewDelivery;
use postroom_ports::queue::Enqueued;
use sqlx::{Connection, SqliteConnection};

use crate::error::failed;
use crate::fingerprint::fingerprint;
use crate::row::Place;
use crate::store::micros;

const OPERATION: &str = "queue.enqueue";

/// How long an idempotency key is remembered.
pub const KEY_LIFE: Duration = Duration::from_hours(24);

/// Enqueues through the caller's own connection: inside its transaction, where it began one, so
/// that the letters come and go with whatever else it writes to the same file. Where it began
/// none, the letters are stored at once.
///
/// The connection MUST enforce foreign keys (sqlx does by default). A worker of another
/// connection finds the letters within a fraction of a second after the commit.
///
/// # Errors
/// `Unavailable` while another process writes, `NotMigrated` where the tables are missing. A
/// letter at fault is no error but [`Enqueued::Refused`], and leaves nothing behind.
pub async fn enqueue_in(
    connection: &mut SqliteConnection,
    letters: &[NewDelivery],
) -> Result<Vec<Enqueued>, PortError> {
    // Taking the write lock first spares a transaction of ours from a stale read; inside the
    // caller's transaction this is a savepoint.
    let mut transaction = if connection.is_in_transaction() {
        connection.begin().await
    } else {
        connection.begin_with("BEGIN IMMEDIATE").await
    }
    .map_err(failed(OPERATION))?;
    let answers = take_in(&mut transaction, letters).await?;
    transaction.commit().await.map_err(failed(OPERATION))?;
    Ok(answers)
}

/// Takes letters in, one after the other, each with its answer.
pub(crate) async fn take_in(
    connection: &mut SqliteConnection,
    letters: &[NewDelivery],
) -> Result<Vec<Enqueued>, PortError> {
    let mut answers = Vec::with_capacity(letters.len());
    for new in letters {
        answers.push(take_in_one(connection, new).await?);
    }
    Ok(answers)
}

async fn take_in_one(connection: &mut SqliteConnection, new: &NewDelivery) -> Result<Enqueued, PortError> {
    if let Err(invalid) = new.check() {
        return Ok(Enqueued::Refused(invalid));
    }
    if let Some(answer) = known_key(connection, new).await? {
        return Ok(answer);
    }
    let Some(seq) = insert_delivery(connection, new).await.map_err(failed(OPERATION))? else {
        return Ok(Enqueued::Refused(Invalid::new("delivery_id", "is taken; use a new one or leave it out")));
    };
    insert_content(connection, seq, new).await.map_err(failed(OPERATION))?;
    Ok(Enqueued::New(new.delivery_id.clone()))
}

/// The answer to a key that was there before.
async fn known_key(connection: &mut SqliteConnection, new: &NewDelivery) -> Result<Option<Enqueued>, PortError> {
    let Some(key) = &new.idempotency_key else { return Ok(None) };
    let found = sqlx::query_file!("queries/idempotency/find.sql", tenant(new), key.as_str())
        .fetch_optional(connection)
        .await
        .map_err(failed(OPERATION))?;
    let Some(found) = found else { return Ok(None) };
    // Without a fingerprint the content is gone, and there is nothing left to compare with.
    if found.fingerprint.is_some_and(|first| first != fingerprint(new)) {
        let reason = "names a letter with other content; use a new key for a new letter";
        return Ok(Some(Enqueued::Refused(Invalid::new("idempotency_key", reason))));
    }
    let at = Place { operation: OPERATION, table: "idempotency", row: key.as_str() };
    at.parsed("delivery", DeliveryId::parse(found.delivery)).map(Enqueued::Existing).map(Some)
}

/// The record and, by a trigger, its first event; `None` where the id is taken.
async fn insert_delivery(connection: &mut SqliteConnection, new: &NewDelivery) -> sqlx::Result<Option<i64>> {
    let letter = &new.letter;
    sqlx::query_file_scalar!(
        "queries/deliveries/insert.sql",
        new.delivery_id.as_str(),
        letter.workflow.as_str(),
        letter.template.as_str(),
        letter.recipient.address().as_str(),
        letter.recipient.name(),
        letter.tenant_id.as_ref().map(TenantId::as_str),
        letter.priority.get(),
        new.max_attempts,
        letter.source_type.as_deref(),
        letter.source_id.as_deref(),
        json(&letter.metadata)?,
        new.due_at.map(Timestamp::as_micros),
        new.expires_at.map(Timestamp::as_micros),
    )
    .fetch_optional(connection)
    .await
}

/// What makes the record a letter that will be sent, and its key.
async fn insert_content(connection: &mut SqliteConnection, seq: i64, new: &NewDelivery) -> sqlx::Result<()> {
    let letter = &new.letter;
    sqlx::query_file!(
        "queries/payloads/insert.sql",
        seq,
        json(&letter.data)?,
        letter.locale.as_ref().map(Locale::as_str),
        letter.subject.as_ref().map(Subject::as_str),
        letter.reply_to.as_ref().map(EmailAddress::as_str),
        json(&letter.headers)?,
        i64::try_from(new.attachments.len()).unwrap_or(i64::MAX),
    )
    .execute(&mut *connection)
    .await?;
    for (position, attachment) in (0_i64..).zip(&new.attachments) {
        insert_attachment(connection, seq, position, attachment).await?;
    }
    sqlx::query_file!("queries/outbox/insert.sql", seq).execute(&mut *connection).await?;
    if let Some(key) = &new.idempotency_key {
        let (id, content) = (new.delivery_id.as_str(), fingerprint(new));
        sqlx::query_file!("queries/idempotency/insert.sql", tenant(new), key.as_str(), id, content, micros(KEY_LIFE))
            .execute(connection)
            .await?;
    }
    Ok(())
}

async fn insert_attachment(
    connection: &mut SqliteConnection,
    seq: i64,
    position: i64,
    attachment: &Attachment,
) -> sqlx::Result<()> {
    sqlx::query_file!(
        "queries/attachments/insert.sql",
        seq,
        position,
        attachment.filename(),
        attachment.content_type(),
        attachment.content_id(),
        attachment.bytes(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// No tenant is '', which no tenant can be called.
fn tenant(new: &NewDelivery) -> &str {
    new.letter.tenant_id.as_ref().map_or("", TenantId::as_str)
}

fn json(value: &impl serde::Serialize) -> sqlx::Result<String> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(error.into()))
}
