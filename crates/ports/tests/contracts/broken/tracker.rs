use async_trait::async_trait;
use postroom_domain::feedback::Feedback;
use postroom_domain::id::DeliveryId;
use postroom_domain::status::Status;
use postroom_domain::time::Timestamp;
use postroom_ports::contract::letters::delivery_id;
use postroom_ports::error::{PortError, PortErrorKind};
use postroom_ports::queue::ProviderReport;
use postroom_ports::tracker::{Counts, Cursor, Delivery, DeliveryEvent, DeliveryTracker, Page, Recorded, Search};

use super::store::{BrokenStore, Fault};

#[async_trait]
impl DeliveryTracker for BrokenStore {
    async fn record(&self, id: &DeliveryId, report: &ProviderReport) -> Result<Recorded, PortError> {
        let mut report = report.clone();
        let remembered = self.notes().reports.contains(&report.event_id);
        if self.is(Fault::RemembersUnknownReports) && remembered {
            return Ok(Recorded::Duplicate);
        }
        let number = {
            let mut notes = self.notes();
            notes.reports.insert(report.event_id.clone());
            notes.last_report = Some(report.feedback);
            notes.ids.push(id.clone());
            notes.ids.len()
        };
        match self.fault {
            Fault::ReportsMoveNoStatus => report.feedback = Feedback::None,
            Fault::RepeatsReports => report.event_id = format!("{} for the {number}th time", report.event_id),
            _ => {}
        }
        let mut answer = self.inner.record(id, &report).await?;
        if let (Recorded::Done(committed), Fault::AnswersForgetAttempts) = (&mut answer, self.fault) {
            committed.transition.next.attempts = 0;
        }
        Ok(answer)
    }

    async fn find(&self, id: &DeliveryId) -> Result<Option<Delivery>, PortError> {
        let mut found = self.inner.find(id).await?;
        if found.is_none() && self.is(Fault::MissingIsAFailure) {
            return Err(PortError::new(PortErrorKind::Other, "tracker.find", "no rows"));
        }
        let last_report = self.notes().last_report;
        if let Some(seen) = &mut found {
            match self.fault {
                Fault::RecordForgetsTemplate => seen.template = None,
                Fault::SettleForgetsFeedback if seen.status == Status::Sent => seen.feedback = Feedback::None,
                Fault::ReportClearsCode if seen.feedback != Feedback::None => seen.last_error_code = None,
                Fault::LastReportWins => seen.feedback = last_report.unwrap_or_default(),
                _ => {}
            }
        }
        Ok(found)
    }

    async fn history(&self, id: &DeliveryId) -> Result<Vec<DeliveryEvent>, PortError> {
        let mut events = self.inner.history(id).await?;
        let (ids, handed) = {
            let notes = self.notes();
            (notes.ids.clone(), notes.handed.contains(id))
        };
        match self.fault {
            Fault::HistoryRunsBackwards => events.reverse(),
            Fault::HistoryOfEverybody => {
                for other in ids.iter().filter(|other| *other != id) {
                    events.extend(self.inner.history(other).await?);
                }
            }
            Fault::HandoverIsAnEvent if handed => events.extend(events.last().cloned()),
            Fault::WritesTwoEvents if events.len() > 2 => events.extend(events.last().cloned()),
            Fault::ReportsLeaveNoEvent => events.retain(|event| event.payload.get("feedback").is_none()),
            _ => {}
        }
        Ok(events)
    }

    async fn search<'a>(&self, search: &Search, after: Option<&'a Cursor>, limit: u32) -> Result<Page, PortError> {
        let mut search = search.clone();
        match self.fault {
            Fault::IgnoresSourceId => search.source_id = None,
            Fault::UntilIsIncluded => {
                search.until = search.until.map(|until| Timestamp::from_micros(until.as_micros() + 1));
            }
            _ => {}
        }
        let mut page = self.inner.search(&search, after, limit).await?;
        match (self.fault, &mut page.next, page.deliveries.last()) {
            (Fault::OldestFirst, ..) => page.deliveries.reverse(),
            (Fault::CursorForgetsTheId, Some(next), _) => next.delivery_id = delivery_id("!"),
            (Fault::AlwaysAnotherPage, next @ None, Some(last)) => {
                *next = Some(Cursor { queued_at: last.queued_at, delivery_id: last.delivery_id.clone() });
            }
            _ => {}
        }
        Ok(page)
    }

    async fn counts(&self) -> Result<Counts, PortError> {
        let mut counts = self.inner.counts().await?;
        if self.is(Fault::CountsScheduledAsDue) {
            let queued = counts.by_status.iter().find(|(status, _)| *status == Status::Queued);
            counts.due = queued.map_or(0, |(_, count)| *count);
        }
        Ok(counts)
    }
}
