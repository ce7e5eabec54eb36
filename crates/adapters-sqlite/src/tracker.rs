//! Where is it, and what happened to it.

use async_trait::async_trait;
use postroom_domain::address::EmailAddress;
use postroom_domain::id::{DeliveryId, TenantId, Workflow};
use postroom_domain::lifecycle::{Event, Transition};
use postroom_domain::status::Status;
use postroom_domain::time::Timestamp;
use postroom_ports::error::{PortError, PortErrorKind};
use postroom_ports::queue::ProviderReport;
use postroom_ports::tracker::{Counts, Cursor, Delivery, DeliveryEvent, DeliveryTracker, Page, Recorded, Search};
use serde_json::Value;
use sqlx::SqliteConnection;

use crate::error::failed;
use crate::row::{DeliveryRow, EventRow, Place};
use crate::store::{SqliteStore, list, now};
use crate::transition::{Outcome, decide, object, stored, write};

const RECORD: &str = "tracker.record";
const FIND: &str = "tracker.find";
const HISTORY: &str = "tracker.history";
const SEARCH: &str = "tracker.search";
const COUNTS: &str = "tracker.counts";

/// The tracker of a store.
#[derive(Clone, Debug)]
pub struct SqliteTracker {
    store: SqliteStore,
}

impl SqliteTracker {
    pub(crate) const fn new(store: SqliteStore) -> Self {
        Self { store }
    }
}

#[async_trait]
impl DeliveryTracker for SqliteTracker {
    async fn record(&self, id: &DeliveryId, report: &ProviderReport) -> Result<Recorded, PortError> {
        let mut write = self.store.begin(RECORD).await?;
        let recorded = record(write.connection(), id, report).await?;
        write.commit().await?;
        Ok(recorded)
    }

    async fn find(&self, id: &DeliveryId) -> Result<Option<Delivery>, PortError> {
        let mut read = self.store.read(FIND).await?;
        Ok(deliveries(&mut read, FIND, list([id.as_str()])).await?.pop())
    }

    async fn history(&self, id: &DeliveryId) -> Result<Vec<DeliveryEvent>, PortError> {
        let mut read = self.store.read(HISTORY).await?;
        let rows = sqlx::query_file_as!(EventRow, "queries/delivery_events/history.sql", id.as_str())
            .fetch_all(&mut *read)
            .await
            .map_err(failed(HISTORY))?;
        rows.into_iter().map(|row| row.decode(HISTORY)).collect()
    }

    async fn search<'a>(&self, search: &Search, after: Option<&'a Cursor>, limit: u32) -> Result<Page, PortError> {
        let mut read = self.store.read(SEARCH).await?;
        // One more than asked for tells whether there is a next page.
        let mut ids = page(&mut read, search, after, u64::from(limit) + 1).await.map_err(failed(SEARCH))?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = ids.len() > limit;
        ids.truncate(limit);
        let deliveries = deliveries(&mut read, SEARCH, list(ids)).await?;
        let last = deliveries.last().filter(|_| more);
        let next = last.map(|last| Cursor { queued_at: last.queued_at, delivery_id: last.delivery_id.clone() });
        Ok(Page { deliveries, next })
    }

    async fn counts(&self) -> Result<Counts, PortError> {
        let mut read = self.store.read(COUNTS).await?;
        let queue =
            sqlx::query_file!("queries/outbox/counts.sql").fetch_one(&mut *read).await.map_err(failed(COUNTS))?;
        let rows = sqlx::query_file!("queries/deliveries/counts.sql").fetch_all(&mut *read).await;
        let mut by_status = Vec::new();
        for row in rows.map_err(failed(COUNTS))? {
            let at = Place { operation: COUNTS, table: "deliveries", row: "(all)" };
            by_status.push((at.some("status", Status::parse(&row.status))?, count(row.count)));
        }
        by_status.sort();
        Ok(Counts {
            by_status,
            due: count(queue.due),
            in_flight: count(queue.in_flight),
            oldest_due_at: queue.oldest_due_at.map(Timestamp::from_micros),
            now: Some(Timestamp::from_micros(queue.now)),
        })
    }
}

/// Whole records, newest first.
async fn deliveries(
    connection: &mut SqliteConnection,
    operation: &'static str,
    ids: String,
) -> Result<Vec<Delivery>, PortError> {
    let rows = sqlx::query_file_as!(DeliveryRow, "queries/deliveries/find.sql", ids)
        .fetch_all(connection)
        .await
        .map_err(failed(operation))?;
    rows.into_iter().map(|row| row.decode(operation)).collect()
}

/// The ids of one page.
async fn page(
    connection: &mut SqliteConnection,
    search: &Search,
    after: Option<&Cursor>,
    limit: u64,
) -> sqlx::Result<Vec<String>> {
    sqlx::query_file_scalar!(
        "queries/deliveries/search.sql",
        search.recipient.as_ref().map(EmailAddress::as_str),
        search.workflow.as_ref().map(Workflow::as_str),
        search.tenant_id.as_ref().map(TenantId::as_str),
        list(search.statuses.iter().map(|status| status.as_str())),
        search.source_type.as_deref(),
        search.source_id.as_deref(),
        search.from.map(Timestamp::as_micros),
        search.until.map(Timestamp::as_micros),
        after.map(|cursor| cursor.queued_at.as_micros()),
        after.map(|cursor| cursor.delivery_id.as_str()),
        i64::try_from(limit).unwrap_or(i64::MAX),
    )
    .fetch_all(connection)
    .await
}

async fn record(
    connection: &mut SqliteConnection,
    id: &DeliveryId,
    report: &ProviderReport,
) -> Result<Recorded, PortError> {
    let Some(before) = stored(connection, RECORD, id).await? else { return Ok(Recorded::Unknown) };
    let now = now(connection).await.map_err(failed(RECORD))?;
    let transition = decide(&before.state, &Event::Reported(report.feedback), now)
        .ok_or_else(|| PortError::new(PortErrorKind::Other, RECORD, "the lifecycle takes no report for this letter"))?;
    let (transport, event) = (report.transport.as_str(), report.event_id.as_str());
    let first = sqlx::query_file!("queries/reports/insert.sql", transport, event, id.as_str())
        .execute(&mut *connection)
        .await
        .map_err(failed(RECORD))?;
    if first.rows_affected() == 0 {
        return Ok(Recorded::Duplicate);
    }
    keep(connection, before.seq, &transition, remembered(report)).await.map_err(failed(RECORD))?;
    Ok(Recorded::Done(before.committed(transition)))
}

/// Puts a report on record: as a transition, where it moves the letter, else as an event.
async fn keep(
    connection: &mut SqliteConnection,
    seq: i64,
    transition: &Transition,
    payload: Value,
) -> sqlx::Result<()> {
    if transition.next.status != transition.from {
        let outcome = Outcome { payload: &payload, ..Outcome::plain(transition) };
        return write(connection, seq, outcome).await;
    }
    sqlx::query_file!("queries/deliveries/report.sql", seq, transition.next.feedback.as_str())
        .execute(&mut *connection)
        .await?;
    sqlx::query_file!("queries/delivery_events/insert.sql", seq, payload.to_string()).execute(connection).await?;
    Ok(())
}

/// What the report's event remembers.
fn remembered(report: &ProviderReport) -> Value {
    let mut payload = object(&report.payload);
    payload.insert("feedback".to_owned(), Value::from(report.feedback.as_str()));
    payload.insert("transport".to_owned(), Value::from(report.transport.as_str()));
    payload.insert("event_id".to_owned(), Value::from(report.event_id.as_str()));
    Value::Object(payload)
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
