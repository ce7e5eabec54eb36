//! How it goes, counted from memory.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use postroom_domain::failure::Code;
use postroom_domain::id::{DeliveryId, TransportName, Workflow};
use postroom_domain::status::Status;
use postroom_domain::time::Timestamp;

use super::MemoryStore;
use super::store::{Record, Tables};
use crate::error::PortError;
use crate::statistics::{
    Bucket, ErrorFigures, Latency, Lifetime, MOST_ERRORS, ProviderFigures, Statistics, Summary, Window,
    WorkflowFigures, series_of,
};
use crate::tracker::DeliveryEvent;

#[async_trait]
impl Statistics for MemoryStore {
    async fn summary(&self, window: &Window) -> Result<Summary, PortError> {
        let (tables, now) = self.begin();
        Ok(tables.summary(window, now))
    }

    async fn series(&self, window: &Window, buckets: u32) -> Result<Vec<Bucket>, PortError> {
        let (tables, now) = self.begin();
        let letters: Vec<Lifetime> = tables.of(window).filter_map(lifetime).collect();
        Ok(series_of(window, buckets, now, &letters))
    }
}

fn lifetime(record: &Record) -> Option<Lifetime> {
    (record.state.status != Status::InDoubt).then(|| Lifetime {
        age_from: record.state.age_from,
        ended: record.final_at.map(|at| (at, record.state.status)),
    })
}

impl Tables {
    /// The letters that count.
    fn of<'a>(&'a self, window: &'a Window) -> impl Iterator<Item = &'a Record> {
        let counts = |record: &&Record| {
            window.tenant_id.is_none() || record.delivery.tenant_id.as_ref() == window.tenant_id.as_ref()
        };
        self.records.values().filter(counts)
    }

    fn summary(&self, window: &Window, now: Timestamp) -> Summary {
        let took = |record: &Record| {
            let at = record.final_at.filter(|at| record.state.status == Status::Sent && window.has(*at));
            at.map(|at| at.since(record.state.age_from))
        };
        let in_status = |wanted: fn(Status) -> bool| {
            self.of(window).filter(|record| wanted(record.state.status)).count().try_into().unwrap_or(u64::MAX)
        };
        let due: Vec<Timestamp> = self
            .of(window)
            .filter(|record| record.state.status.is_waiting())
            .filter_map(|record| record.delivery.due_at.filter(|due| *due <= now))
            .collect();
        Summary {
            now,
            workflows: self.workflows(window),
            errors: self.errors(window),
            latency: Latency::of(self.of(window).filter_map(took).collect()),
            providers: self.providers(window),
            dead_letters: in_status(|status| status == Status::DeadLetter),
            in_doubt: in_status(|status| status == Status::InDoubt),
            waiting: in_status(Status::is_waiting),
            due: due.len().try_into().unwrap_or(u64::MAX),
            in_flight: in_status(|status| status == Status::InProgress),
            oldest_due_at: due.into_iter().min(),
        }
    }

    fn workflows(&self, window: &Window) -> Vec<WorkflowFigures> {
        let mut figures = BTreeMap::<Workflow, WorkflowFigures>::new();
        for record in self.of(window).filter(|record| window.has(record.delivery.queued_at)) {
            let workflow = record.delivery.workflow.clone();
            let empty = WorkflowFigures { workflow: workflow.clone(), enqueued: 0, sent: 0, failed: 0, attempts: 0 };
            let of = figures.entry(workflow).or_insert(empty);
            of.enqueued += 1;
            let ended = match record.state.status {
                Status::Sent => &mut of.sent,
                Status::Failed | Status::DeadLetter => &mut of.failed,
                _ => continue,
            };
            *ended += 1;
            of.attempts += u64::from(record.state.attempts);
        }
        figures.into_values().collect()
    }

    /// What came of attempts in the window: neither reports of providers nor what was decided.
    fn outcomes<'a>(&'a self, window: &'a Window) -> impl Iterator<Item = (&'a DeliveryId, &'a DeliveryEvent)> {
        let all =
            self.of(window).flat_map(|record| record.events.iter().map(|event| (&record.delivery.delivery_id, event)));
        all.filter(|(_, event)| {
            let decided = event.error_code.as_ref().is_some_and(Code::is_decision);
            window.has(event.created_at) && event.payload.get("feedback").is_none() && !decided
        })
    }

    fn errors(&self, window: &Window) -> Vec<ErrorFigures> {
        let mut attempts = BTreeMap::<&str, (&Code, BTreeSet<(&DeliveryId, u32)>)>::new();
        for (id, event) in self.outcomes(window) {
            let is_failure =
                matches!(event.status, Status::Retrying | Status::InDoubt | Status::Failed | Status::DeadLetter);
            if let Some(code) = event.error_code.as_ref().filter(|_| is_failure) {
                attempts.entry(code.as_str()).or_insert((code, BTreeSet::new())).1.insert((id, event.attempt));
            }
        }
        let figures = |(code, attempts): (&Code, BTreeSet<_>)| ErrorFigures {
            code: code.clone(),
            count: attempts.len().try_into().unwrap_or(u64::MAX),
        };
        let mut errors: Vec<ErrorFigures> = attempts.into_values().map(figures).collect();
        // The sort keeps codes of one count in the order of the alphabet.
        errors.sort_by_key(|error| std::cmp::Reverse(error.count));
        errors.truncate(MOST_ERRORS.try_into().unwrap_or(usize::MAX));
        errors
    }

    fn providers(&self, window: &Window) -> Vec<ProviderFigures> {
        let mut figures = BTreeMap::<TransportName, ProviderFigures>::new();
        let mut in_doubt = BTreeSet::new();
        for (id, event) in self.outcomes(window) {
            let named = event.payload.get("transport").and_then(|name| TransportName::parse(name.as_str()?).ok());
            let Some(transport) = named else { continue };
            let last_at = event.created_at;
            let empty = ProviderFigures {
                transport: transport.clone(),
                accepted: 0,
                deferred: 0,
                refused: 0,
                in_doubt: 0,
                last_at,
            };
            let of = figures.entry(transport.clone()).or_insert(empty);
            match event.status {
                Status::Sent => of.accepted += 1,
                Status::Retrying | Status::DeadLetter => of.deferred += 1,
                Status::Failed => of.refused += 1,
                Status::InDoubt if in_doubt.insert((transport, id, event.attempt)) => of.in_doubt += 1,
                _ => {}
            }
            of.last_at = of.last_at.max(last_at);
        }
        figures.into_values().collect()
    }
}
