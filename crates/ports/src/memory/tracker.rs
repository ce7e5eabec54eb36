//! Where it is and what happened to it, from memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use postroom_domain::id::DeliveryId;
use postroom_domain::lifecycle::Event;
use postroom_domain::status::Status;
use serde_json::{Value, json};

use super::MemoryStore;
use crate::error::{PortError, PortErrorKind};
use crate::queue::{Committed, ProviderReport};
use crate::tracker::{Counts, Cursor, Delivery, DeliveryEvent, DeliveryTracker, Page, Recorded, Search};

#[async_trait]
impl DeliveryTracker for MemoryStore {
    async fn record(&self, id: &DeliveryId, report: &ProviderReport) -> Result<Recorded, PortError> {
        let (mut tables, now) = self.begin();
        let Some(record) = tables.records.get(id) else { return Ok(Recorded::Unknown) };
        let transition = record
            .decide(&Event::Reported(report.feedback), now)
            .map_err(|refused| PortError::new(PortErrorKind::Other, "tracker.record", refused.to_string()))?;
        let (payload, workflow) = (with_feedback(report), record.delivery.workflow.clone());
        if !tables.reports.insert((report.transport.clone(), report.event_id.clone())) {
            return Ok(Recorded::Duplicate);
        }
        if transition.next.status != transition.from {
            tables.commit(id, &transition, payload, now);
        } else if let Some(record) = tables.records.get_mut(id) {
            // Only the second axis moves: lease, due time, code and detail stay as they are.
            record.state.feedback = transition.next.feedback;
            record.delivery.feedback = transition.next.feedback;
            record.delivery.updated_at = now;
            tables.log(id, None, &transition.detail, payload, now);
        }
        Ok(Recorded::Done(Box::new(Committed { delivery_id: id.clone(), workflow, transition })))
    }

    async fn find(&self, id: &DeliveryId) -> Result<Option<Delivery>, PortError> {
        Ok(self.begin().0.records.get(id).map(|record| record.delivery.clone()))
    }

    async fn history(&self, id: &DeliveryId) -> Result<Vec<DeliveryEvent>, PortError> {
        Ok(self.begin().0.records.get(id).map(|record| record.events.clone()).unwrap_or_default())
    }

    async fn search<'a>(&self, search: &Search, after: Option<&'a Cursor>, limit: u32) -> Result<Page, PortError> {
        let (tables, _) = self.begin();
        let mut found: Vec<&Delivery> = tables
            .records
            .values()
            .map(|record| &record.delivery)
            .filter(|delivery| matches(search, delivery))
            .collect();
        found.sort_by_key(|delivery| std::cmp::Reverse((delivery.queued_at, &delivery.delivery_id)));
        let behind = |delivery: &&Delivery| {
            after.is_none_or(|cursor| {
                (delivery.queued_at, &delivery.delivery_id) < (cursor.queued_at, &cursor.delivery_id)
            })
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut rest = found.into_iter().filter(behind);
        let deliveries: Vec<Delivery> = rest.by_ref().take(limit).cloned().collect();
        let last = deliveries.last().filter(|_| rest.next().is_some());
        let next = last.map(|last| Cursor { queued_at: last.queued_at, delivery_id: last.delivery_id.clone() });
        Ok(Page { deliveries, next })
    }

    async fn counts(&self) -> Result<Counts, PortError> {
        let (tables, now) = self.begin();
        let mut by_status = BTreeMap::<Status, u64>::new();
        for record in tables.records.values() {
            *by_status.entry(record.state.status).or_default() += 1;
        }
        let mut counts = Counts { by_status: by_status.into_iter().collect(), now: Some(now), ..Counts::default() };
        for row in tables.outbox.values() {
            let Some(record) = tables.records.get(&row.delivery_id) else { continue };
            match (record.state.status, row.due_at) {
                (Status::InProgress, _) => counts.in_flight += 1,
                (Status::Queued | Status::Retrying, Some(due)) if due <= now => {
                    counts.due += 1;
                    counts.oldest_due_at = Some(counts.oldest_due_at.map_or(due, |oldest| oldest.min(due)));
                }
                _ => {}
            }
        }
        Ok(counts)
    }
}

/// What the report's event remembers.
fn with_feedback(report: &ProviderReport) -> Value {
    let mut payload = match &report.payload {
        Value::Object(fields) => fields.clone(),
        _ => serde_json::Map::new(),
    };
    payload.insert("feedback".to_owned(), json!(report.feedback.as_str()));
    payload.insert("transport".to_owned(), json!(report.transport.as_str()));
    payload.insert("event_id".to_owned(), json!(report.event_id));
    Value::Object(payload)
}

/// Whether every part of the search that is given fits.
fn matches(search: &Search, delivery: &Delivery) -> bool {
    fn fits<T: PartialEq>(wanted: Option<&T>, is: Option<&T>) -> bool {
        wanted.is_none_or(|wanted| is == Some(wanted))
    }
    fits(search.recipient.as_ref(), Some(&delivery.recipient))
        && fits(search.workflow.as_ref(), Some(&delivery.workflow))
        && fits(search.tenant_id.as_ref(), delivery.tenant_id.as_ref())
        && (search.statuses.is_empty() || search.statuses.contains(&delivery.status))
        && fits(search.source_type.as_ref(), delivery.source_type.as_ref())
        && fits(search.source_id.as_ref(), delivery.source_id.as_ref())
        && search.from.is_none_or(|from| delivery.queued_at >= from)
        && search.until.is_none_or(|until| delivery.queued_at < until)
}
