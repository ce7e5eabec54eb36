//! How it goes. The database counts for a summary; a series is counted here, from a bounded read.

use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::failure::Code;
use postroom_domain::id::{TenantId, TransportName, Workflow};
use postroom_domain::status::Status;
use postroom_domain::time::Timestamp;
use postroom_ports::error::{PortError, PortErrorKind};
use postroom_ports::statistics::{
    Bucket, ErrorFigures, Latency, Lifetime, MOST_ERRORS, ProviderFigures, Statistics, Summary, Window,
    WorkflowFigures, series_of,
};
use sqlx::SqliteConnection;

use crate::error::failed;
use crate::row::Place;
use crate::store::{SqliteStore, list, now};

const SUMMARY: &str = "statistics.summary";
const SERIES: &str = "statistics.series";

/// How many letters a series looks at: about 50 MB of memory while it counts. More in one window are for a larger store.
const MOST_LETTERS: usize = 1_000_000;

/// The statistics of a store.
#[derive(Clone, Debug)]
pub struct SqliteStatistics {
    store: SqliteStore,
}

impl SqliteStatistics {
    pub(crate) const fn new(store: SqliteStore) -> Self {
        Self { store }
    }
}

#[async_trait]
impl Statistics for SqliteStatistics {
    async fn summary(&self, window: &Window) -> Result<Summary, PortError> {
        let within = Within::of(window);
        let mut read = self.store.read(SUMMARY).await?;
        let workflows = within.workflows(&mut read).await?;
        let errors = within.errors(&mut read).await.map_err(failed(SUMMARY))?;
        let providers = within.providers(&mut read).await?;
        let latency = within.latency(&mut read).await.map_err(failed(SUMMARY))?;
        let stuck = sqlx::query_file!("queries/deliveries/stuck.sql", within.tenant)
            .fetch_one(&mut *read)
            .await
            .map_err(failed(SUMMARY))?;
        let queue = sqlx::query_file!("queries/outbox/standing.sql", within.tenant)
            .fetch_one(&mut *read)
            .await
            .map_err(failed(SUMMARY))?;
        Ok(Summary {
            now: now(&mut read).await.map_err(failed(SUMMARY))?,
            workflows,
            errors,
            latency,
            providers,
            dead_letters: whole(stuck.dead_letters),
            in_doubt: whole(stuck.in_doubt),
            waiting: whole(queue.waiting),
            due: whole(queue.due),
            in_flight: whole(queue.in_flight),
            oldest_due_at: queue.oldest_due_at.map(Timestamp::from_micros),
        })
    }

    async fn series(&self, window: &Window, buckets: u32) -> Result<Vec<Bucket>, PortError> {
        let within = Within::of(window);
        let mut read = self.store.read(SERIES).await?;
        let letters = within.lifetimes(&mut read).await?;
        if letters.len() > MOST_LETTERS {
            let detail = format!("more than {MOST_LETTERS} letters ended since then; ask for a later start");
            return Err(PortError::new(PortErrorKind::Unsupported, SERIES, detail));
        }
        let now = now(&mut read).await.map_err(failed(SERIES))?;
        Ok(series_of(window, buckets, now, &letters))
    }
}

/// A window as the statements take it.
struct Within<'a> {
    from: i64,
    until: i64,
    tenant: Option<&'a str>,
}

impl<'a> Within<'a> {
    fn of(window: &'a Window) -> Self {
        let tenant = window.tenant_id.as_ref().map(TenantId::as_str);
        Self { from: window.from.as_micros(), until: window.until.as_micros(), tenant }
    }

    async fn workflows(&self, connection: &mut SqliteConnection) -> Result<Vec<WorkflowFigures>, PortError> {
        let rows = sqlx::query_file!("queries/deliveries/by_workflow.sql", self.from, self.until, self.tenant)
            .fetch_all(connection)
            .await
            .map_err(failed(SUMMARY))?;
        let at = Place { operation: SUMMARY, table: "deliveries", row: "of a workflow" };
        rows.into_iter()
            .map(|row| {
                Ok(WorkflowFigures {
                    workflow: at.parsed("workflow", Workflow::parse(row.workflow))?,
                    enqueued: whole(row.enqueued),
                    sent: whole(row.sent),
                    failed: whole(row.failed),
                    attempts: whole(row.attempts),
                })
            })
            .collect()
    }

    async fn errors(&self, connection: &mut SqliteConnection) -> sqlx::Result<Vec<ErrorFigures>> {
        let (decisions, most) = (list(Code::DECISIONS), MOST_ERRORS);
        let (from, until) = (self.from, self.until);
        let rows = sqlx::query_file!("queries/delivery_events/errors.sql", from, until, self.tenant, decisions, most)
            .fetch_all(connection)
            .await?;
        Ok(rows.iter().map(|row| ErrorFigures { code: Code::new(&row.code), count: whole(row.count) }).collect())
    }

    async fn providers(&self, connection: &mut SqliteConnection) -> Result<Vec<ProviderFigures>, PortError> {
        let (from, until, decisions) = (self.from, self.until, list(Code::DECISIONS));
        let rows = sqlx::query_file!("queries/delivery_events/providers.sql", from, until, self.tenant, decisions)
            .fetch_all(connection)
            .await
            .map_err(failed(SUMMARY))?;
        let at = Place { operation: SUMMARY, table: "delivery_events", row: "of a transport" };
        rows.into_iter()
            .map(|row| {
                Ok(ProviderFigures {
                    transport: at.parsed("payload", TransportName::parse(row.transport))?,
                    accepted: whole(row.accepted),
                    deferred: whole(row.deferred),
                    refused: whole(row.refused),
                    in_doubt: whole(row.in_doubt),
                    last_at: Timestamp::from_micros(row.last_at),
                })
            })
            .collect()
    }

    async fn latency(&self, connection: &mut SqliteConnection) -> sqlx::Result<Latency> {
        let row = sqlx::query_file!("queries/deliveries/latency.sql", self.from, self.until, self.tenant)
            .fetch_one(connection)
            .await?;
        let took = |micros: Option<i64>| micros.map(|micros| Duration::from_micros(whole(micros)));
        Ok(Latency { count: whole(row.count), p50: took(row.p50), p95: took(row.p95), p99: took(row.p99) })
    }

    /// One more than a series may look at, at most.
    async fn lifetimes(&self, connection: &mut SqliteConnection) -> Result<Vec<Lifetime>, PortError> {
        let most = i64::try_from(MOST_LETTERS + 1).unwrap_or(i64::MAX);
        let rows = sqlx::query_file!("queries/deliveries/lifetimes.sql", self.from, self.until, self.tenant, most)
            .fetch_all(connection)
            .await
            .map_err(failed(SERIES))?;
        let at = Place { operation: SERIES, table: "deliveries", row: "of a series" };
        rows.into_iter()
            .map(|row| {
                let status = at.some("status", Status::parse(&row.status))?;
                let ended = row.final_at.map(|at| (Timestamp::from_micros(at), status));
                Ok(Lifetime { age_from: Timestamp::from_micros(row.age_from), ended })
            })
            .collect()
    }
}

fn whole(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}
