//! The read side, and the door for what providers report.

use async_trait::async_trait;
use jiff_sqlx::Timestamp as Stored;
use postroom_domain::address::EmailAddress;
use postroom_domain::detail::Detail;
use postroom_domain::failure::Code;
use postroom_domain::feedback::Feedback;
use postroom_domain::id::{DeliveryId, TenantId, Workflow};
use postroom_domain::lifecycle::Event;
use postroom_domain::status::Status;
use postroom_ports::error::{PortError, PortErrorKind};
use postroom_ports::queue::ProviderReport;
use postroom_ports::tracker::{Counts, Cursor, Delivery, DeliveryEvent, DeliveryTracker, Page, Recorded, Search};
use serde_json::{Map, Value};

use crate::change::lock;
use crate::commit::{Write, commit};
use crate::connections::Connections;
use crate::error::port_error;
use crate::row::{DeliveryRow, Undecodable, count, stored, time};
use crate::session::{Session, again};

/// Where each letter is, and what happened to it.
#[derive(Clone, Debug)]
pub struct PostgresTracker {
    front: Connections,
}

impl PostgresTracker {
    pub(crate) const fn new(front: Connections) -> Self {
        Self { front }
    }

    /// Records by their ids, newest first.
    async fn read(&self, operation: &'static str, ids: &[String]) -> Result<Vec<Delivery>, PortError> {
        let failed = port_error(operation);
        let mut turn = self.front.turn().await.map_err(&failed)?;
        let rows = sqlx::query_file_as!(DeliveryRow, "queries/deliveries/find.sql", ids)
            .fetch_all(turn.session())
            .await
            .map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        let decode = |row: DeliveryRow| {
            let id = row.delivery_id.clone();
            row.decode().map_err(|Undecodable(column)| PortError::corrupt(operation, "deliveries", column, id))
        };
        rows.into_iter().map(decode).collect()
    }

    async fn record_once(&self, id: &DeliveryId, report: &ProviderReport) -> Result<Recorded, PortError> {
        const OPERATION: &str = "tracker.record";
        let failed = port_error(OPERATION);
        let mut turn = self.front.transaction().await.map_err(&failed)?;
        let locked = lock(turn.session(), OPERATION, std::slice::from_ref(id)).await?;
        let Some(letter) = locked.get(id) else { return Ok(Recorded::Unknown) };
        let transition = letter
            .decide(&Event::Reported(report.feedback))
            .map_err(|refused| PortError::new(PortErrorKind::Other, OPERATION, refused.to_string()))?;
        let noted =
            sqlx::query_file!("queries/reports/insert.sql", report.transport.as_str(), report.event_id, id.as_str())
                .execute(turn.session())
                .await
                .map_err(&failed)?;
        if noted.rows_affected() == 0 {
            return Ok(Recorded::Duplicate);
        }
        let event = remembered(report);
        if transition.next.status == transition.from {
            reported(turn.session(), letter.seq, report.feedback, &event).await.map_err(&failed)?;
        } else {
            let write = Write { payload: Some(&event), ..Write::of(letter.seq, &transition) };
            commit(turn.session(), &[write]).await.map_err(&failed)?;
        }
        turn.end().await.map_err(failed)?;
        Ok(Recorded::Done(Box::new(letter.committed(id, transition))))
    }
}

/// A report that moves the second axis only.
async fn reported(session: Session<'_>, seq: i64, feedback: Feedback, event: &Value) -> sqlx::Result<()> {
    sqlx::query_file!("queries/deliveries/report.sql", seq, feedback.as_str(), event).execute(session).await.map(drop)
}

/// What the report's event remembers.
fn remembered(report: &ProviderReport) -> Value {
    let mut event = match &report.payload {
        Value::Object(fields) => fields.clone(),
        _ => Map::new(),
    };
    for (name, value) in [
        ("feedback", report.feedback.as_str()),
        ("transport", report.transport.as_str()),
        ("event_id", report.event_id.as_str()),
    ] {
        event.insert(name.to_owned(), Value::from(value));
    }
    Value::Object(event)
}

#[async_trait]
impl DeliveryTracker for PostgresTracker {
    async fn record(&self, id: &DeliveryId, report: &ProviderReport) -> Result<Recorded, PortError> {
        again(async || self.record_once(id, report).await).await
    }

    async fn find(&self, id: &DeliveryId) -> Result<Option<Delivery>, PortError> {
        Ok(self.read("tracker.find", &[id.as_str().to_owned()]).await?.pop())
    }

    async fn history(&self, id: &DeliveryId) -> Result<Vec<DeliveryEvent>, PortError> {
        const OPERATION: &str = "tracker.history";
        let failed = port_error(OPERATION);
        let mut turn = self.front.turn().await.map_err(&failed)?;
        let rows = sqlx::query_file!("queries/delivery_events/history.sql", id.as_str())
            .fetch_all(turn.session())
            .await
            .map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        let mut events = Vec::with_capacity(rows.len());
        for row in rows {
            let corrupt = || PortError::corrupt(OPERATION, "delivery_events", "status", row.id);
            events.push(DeliveryEvent {
                id: row.id,
                status: Status::parse(&row.status).ok_or_else(corrupt)?,
                attempt: count(row.attempt),
                error_code: row.error_code.as_deref().map(Code::new),
                error_message: Detail::redacted(&row.error_message.unwrap_or_default()),
                payload: row.payload,
                created_at: time(row.created_at),
            });
        }
        Ok(events)
    }

    async fn search<'a>(&self, search: &Search, after: Option<&'a Cursor>, limit: u32) -> Result<Page, PortError> {
        const OPERATION: &str = "tracker.search";
        let failed = port_error(OPERATION);
        let statuses: Vec<&str> = search.statuses.iter().map(|status| status.as_str()).collect();
        let mut turn = self.front.turn().await.map_err(&failed)?;
        let mut found = sqlx::query_file!(
            "queries/deliveries/search.sql",
            search.recipient.as_ref().map(EmailAddress::as_str),
            search.workflow.as_ref().map(Workflow::as_str),
            search.tenant_id.as_ref().map(TenantId::as_str),
            &statuses as &[&str],
            search.source_type.as_deref(),
            search.source_id.as_deref(),
            search.from.map(stored) as Option<Stored>,
            search.until.map(stored) as Option<Stored>,
            after.map(|cursor| stored(cursor.queued_at)) as Option<Stored>,
            after.map(|cursor| cursor.delivery_id.as_str()),
            // One more tells whether there is a next page.
            i64::from(limit) + 1,
        )
        .fetch_all(turn.session())
        .await
        .map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        let page = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = found.len() > page;
        found.truncate(page);
        let ids: Vec<String> = found.iter().map(|row| row.delivery_id.clone()).collect();
        let next = match found.pop() {
            Some(last) if more => {
                let corrupt = |_| PortError::corrupt(OPERATION, "deliveries", "delivery_id", "of a page's end");
                let delivery_id = DeliveryId::parse(last.delivery_id).map_err(corrupt)?;
                Some(Cursor { queued_at: time(last.queued_at), delivery_id })
            }
            _ => None,
        };
        let deliveries = if ids.is_empty() { Vec::new() } else { self.read(OPERATION, &ids).await? };
        Ok(Page { deliveries, next })
    }

    async fn counts(&self) -> Result<Counts, PortError> {
        const OPERATION: &str = "tracker.counts";
        let failed = port_error(OPERATION);
        let mut turn = self.front.turn().await.map_err(&failed)?;
        let by_status = sqlx::query_file!("queries/deliveries/count.sql").fetch_all(turn.session()).await;
        let by_status = by_status.map_err(&failed)?;
        let queue = sqlx::query_file!("queries/outbox/count.sql").fetch_one(turn.session()).await.map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        let whole = |count: i64| u64::try_from(count).unwrap_or(0);
        let mut counts = Counts {
            by_status: by_status
                .iter()
                .filter_map(|row| Some((Status::parse(&row.status)?, whole(row.count))))
                .collect(),
            due: whole(queue.due),
            in_flight: whole(queue.in_flight),
            oldest_due_at: queue.oldest_due_at.map(time),
            now: Some(time(queue.now)),
        };
        counts.by_status.sort_by_key(|(status, _)| *status);
        Ok(counts)
    }
}
