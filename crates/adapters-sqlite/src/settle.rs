//! What the holder of a claim writes: always behind its fence.

use std::time::Duration;

use postroom_domain::attachment::{Attachment, Placement};
use postroom_domain::feedback::Feedback;
use postroom_domain::lifecycle::{DeliveryState, Transition};
use postroom_domain::locale::Locale;
use postroom_domain::status::Status;
use postroom_ports::error::{PortError, PortErrorKind};
use postroom_ports::queue::{Fence, Fenced, Ready, Settlement};
use sqlx::SqliteConnection;

use crate::error::failed;
use crate::row::Place;
use crate::store::{SqliteStore, micros};
use crate::transition::{Outcome, write};

const READY: &str = "queue.ready";
const SETTLE: &str = "queue.settle";
const ATTACHMENTS: &str = "queue.attachments";

/// The attachments of a letter that is not frozen, for the holder of its claim.
pub(crate) async fn attachments(store: &SqliteStore, fence: &Fence) -> Result<Vec<Attachment>, PortError> {
    let mut read = store.read(ATTACHMENTS).await?;
    let rows = sqlx::query_file!("queries/attachments/find.sql", fence.seq, fence.token.as_uuid())
        .fetch_all(&mut *read)
        .await
        .map_err(failed(ATTACHMENTS))?;
    let at = Place { operation: ATTACHMENTS, table: "attachments", row: fence.delivery_id.as_str() };
    let mut attachments = Vec::with_capacity(rows.len());
    for row in rows {
        let placement = row.content_id.map_or(Placement::Beside, Placement::Inline);
        let attachment = Attachment::new(&row.filename, &row.content_type, placement, row.content);
        attachments.push(at.parsed("filename, content_type or content_id", attachment)?);
    }
    Ok(attachments)
}

pub(crate) async fn ready(store: &SqliteStore, letters: &[Ready]) -> Result<Vec<Fenced>, PortError> {
    let mut write = store.begin(READY).await?;
    let mut answers = Vec::with_capacity(letters.len());
    for letter in letters {
        answers.push(hand_over(write.connection(), letter).await?);
    }
    write.commit().await?;
    Ok(answers)
}

async fn hand_over(connection: &mut SqliteConnection, letter: &Ready) -> Result<Fenced, PortError> {
    let seq = letter.fence.seq;
    // Only a letter in progress is handed over, never one that is asked about.
    let holder = holder(connection, READY, &letter.fence).await?;
    if holder.is_none_or(|(status, _)| status != Status::InProgress) {
        return Ok(Fenced::Stale);
    }
    if let Some(frozen) = &letter.frozen {
        sqlx::query_file!(
            "queries/payloads/freeze.sql",
            seq,
            frozen.bytes,
            frozen.mail_from.as_str(),
            frozen.rcpt_to.as_str(),
            frozen.message_id,
            frozen.subject,
            frozen.template_version,
            frozen.locale.as_ref().map(Locale::as_str),
        )
        .execute(&mut *connection)
        .await
        .map_err(failed(READY))?;
    }
    let content = sqlx::query_file_scalar!("queries/payloads/find.sql", seq)
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed(READY))?;
    if content != Some(true) {
        let detail = "a letter without frozen bytes cannot be handed over";
        return Err(PortError::new(PortErrorKind::Other, READY, detail));
    }
    sqlx::query_file!("queries/deliveries/handover.sql", seq, letter.transport.as_str())
        .execute(connection)
        .await
        .map_err(failed(READY))?;
    Ok(Fenced::Done)
}

pub(crate) async fn extend(store: &SqliteStore, fences: &[Fence], lease: Duration) -> Result<Vec<Fenced>, PortError> {
    const OPERATION: &str = "queue.extend";
    let mut write = store.begin(OPERATION).await?;
    let mut answers = Vec::with_capacity(fences.len());
    for fence in fences {
        let done = sqlx::query_file!("queries/outbox/extend.sql", fence.seq, fence.token.as_uuid(), micros(lease))
            .execute(write.connection())
            .await
            .map_err(failed(OPERATION))?;
        answers.push(if done.rows_affected() == 0 { Fenced::Stale } else { Fenced::Done });
    }
    write.commit().await?;
    Ok(answers)
}

pub(crate) async fn settle(store: &SqliteStore, settlements: &[Settlement]) -> Result<Vec<Fenced>, PortError> {
    let mut write = store.begin(SETTLE).await?;
    let mut answers = Vec::with_capacity(settlements.len());
    for settlement in settlements {
        answers.push(settle_one(write.connection(), settlement).await?);
    }
    write.commit().await?;
    Ok(answers)
}

async fn settle_one(connection: &mut SqliteConnection, settlement: &Settlement) -> Result<Fenced, PortError> {
    let Settlement { fence, transition, transport, receipt, payload } = settlement;
    let holder = holder(connection, SETTLE, fence).await?;
    let Some((_, known)) = holder.filter(|(status, _)| *status == transition.from) else {
        return repeated(connection, settlement).await;
    };
    // What the provider reported since the claim stays: the decision is older than it.
    let next = DeliveryState { feedback: known.and(transition.next.feedback), ..transition.next.clone() };
    let transition = &Transition { next, ..transition.clone() };
    let outcome = Outcome {
        transition,
        transport: transport.as_ref(),
        receipt: receipt.as_ref(),
        claim: Some(fence.token),
        payload,
    };
    write(connection, fence.seq, outcome).await.map_err(failed(SETTLE))?;
    Ok(Fenced::Done)
}

/// The answer to a settlement that found no claim: it lost that, or it is on record already.
async fn repeated(connection: &mut SqliteConnection, settlement: &Settlement) -> Result<Fenced, PortError> {
    let (fence, status) = (&settlement.fence, settlement.transition.next.status);
    let settled =
        sqlx::query_file_scalar!("queries/deliveries/settled.sql", fence.seq, fence.token.as_uuid(), status.as_str())
            .fetch_one(connection)
            .await
            .map_err(failed(SETTLE))?;
    Ok(if settled { Fenced::Done } else { Fenced::Stale })
}

/// Where the letter stands that this fence holds; `None` where the claim was lost.
async fn holder(
    connection: &mut SqliteConnection,
    operation: &'static str,
    fence: &Fence,
) -> Result<Option<(Status, Feedback)>, PortError> {
    let row = sqlx::query_file!("queries/outbox/holder.sql", fence.seq, fence.token.as_uuid())
        .fetch_optional(connection)
        .await
        .map_err(failed(operation))?;
    let Some(row) = row else { return Ok(None) };
    let at = Place { operation, table: "deliveries", row: fence.delivery_id.as_str() };
    Ok(Some((at.some("status", Status::parse(&row.status))?, at.some("feedback", Feedback::parse(&row.feedback))?)))
}
