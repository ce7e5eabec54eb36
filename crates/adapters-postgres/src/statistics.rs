//! How it goes, counted by the database.

use std::time::Duration;

use async_trait::async_trait;
use jiff_sqlx::Timestamp as Stored;
use postroom_domain::failure::Code;
use postroom_domain::id::{TenantId, TransportName, Workflow};
use postroom_ports::error::PortError;
use postroom_ports::statistics::{
    Bucket, ErrorFigures, Latency, MOST_ERRORS, ProviderFigures, Statistics, Summary, Window, WorkflowFigures,
};

use crate::connections::Connections;
use crate::error::port_error;
use crate::row::{stored, time};
use crate::session::Session;

const SUMMARY: &str = "statistics.summary";
const SERIES: &str = "statistics.series";

/// The statistics of a database.
#[derive(Clone, Debug)]
pub struct PostgresStatistics {
    front: Connections,
}

/// A window as the statements take it.
struct Within<'a> {
    from: Stored,
    until: Stored,
    tenant: Option<&'a str>,
    decisions: &'a [&'a str],
}

impl PostgresStatistics {
    pub(crate) const fn new(front: Connections) -> Self {
        Self { front }
    }
}

#[async_trait]
impl Statistics for PostgresStatistics {
    async fn summary(&self, window: &Window) -> Result<Summary, PortError> {
        let failed = port_error(SUMMARY);
        let within = Within {
            from: stored(window.from),
            until: stored(window.until),
            tenant: window.tenant_id.as_ref().map(TenantId::as_str),
            decisions: &Code::DECISIONS,
        };
        // One connection for all of it. Each statement sees the letters as they are when it begins, which is near
        // enough for figures, and holds nobody up.
        let mut turn = self.front.turn().await.map_err(&failed)?;
        let mut session = turn.session();
        let workflows = within.workflows(session.next()).await?;
        let errors = within.errors(session.next()).await.map_err(&failed)?;
        let providers = within.providers(session.next()).await?;
        let latency = within.latency(session.next()).await.map_err(&failed)?;
        let stuck = sqlx::query_file!("queries/deliveries/stuck.sql", within.tenant)
            .fetch_one(session.next())
            .await
            .map_err(&failed)?;
        let queue = sqlx::query_file!("queries/outbox/standing.sql", within.tenant)
            .fetch_one(session)
            .await
            .map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        Ok(Summary {
            now: time(queue.now),
            workflows,
            errors,
            latency,
            providers,
            dead_letters: whole(stuck.dead_letters),
            in_doubt: whole(stuck.in_doubt),
            waiting: whole(queue.waiting),
            due: whole(queue.due),
            in_flight: whole(queue.in_flight),
            oldest_due_at: queue.oldest_due_at.map(time),
        })
    }

    async fn series(&self, window: &Window, buckets: u32) -> Result<Vec<Bucket>, PortError> {
        let starts: Vec<Stored> = window.parts(buckets).into_iter().map(|(from, _)| stored(from)).collect();
        if starts.is_empty() {
            return Ok(Vec::new());
        }
        let failed = port_error(SERIES);
        let tenant = window.tenant_id.as_ref().map(TenantId::as_str);
        let until = stored(window.until);
        let mut turn = self.front.turn().await.map_err(&failed)?;
        let rows = sqlx::query_file!("queries/deliveries/series.sql", &starts as &[Stored], until as Stored, tenant)
            .fetch_all(turn.session())
            .await
            .map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        Ok(rows
            .into_iter()
            .map(|row| Bucket {
                from: time(row.from),
                until: time(row.until),
                sent: whole(row.sent),
                failed: whole(row.failed),
                latency: latency(row.sent, row.took),
                waiting: whole(row.waiting),
                oldest_age: row.oldest_age.map(duration),
            })
            .collect())
    }
}

impl Within<'_> {
    async fn workflows(&self, session: Session<'_>) -> Result<Vec<WorkflowFigures>, PortError> {
        let (from, until) = (self.from, self.until);
        let rows =
            sqlx::query_file!("queries/deliveries/by_workflow.sql", from as Stored, until as Stored, self.tenant)
                .fetch_all(session)
                .await
                .map_err(port_error(SUMMARY))?;
        rows.into_iter()
            .map(|row| {
                let corrupt = |_| PortError::corrupt(SUMMARY, "deliveries", "workflow", "of a workflow");
                Ok(WorkflowFigures {
                    workflow: Workflow::parse(row.workflow).map_err(corrupt)?,
                    enqueued: whole(row.enqueued),
                    sent: whole(row.sent),
                    failed: whole(row.failed),
                    attempts: whole(row.attempts),
                })
            })
            .collect()
    }

    async fn errors(&self, session: Session<'_>) -> sqlx::Result<Vec<ErrorFigures>> {
        let rows = sqlx::query_file!(
            "queries/delivery_events/errors.sql",
            self.from as Stored,
            self.until as Stored,
            self.tenant,
            self.decisions as &[&str],
            i64::from(MOST_ERRORS),
        )
        .fetch_all(session)
        .await?;
        Ok(rows.iter().map(|row| ErrorFigures { code: Code::new(&row.code), count: whole(row.count) }).collect())
    }

    async fn providers(&self, session: Session<'_>) -> Result<Vec<ProviderFigures>, PortError> {
        let rows = sqlx::query_file!(
            "queries/delivery_events/providers.sql",
            self.from as Stored,
            self.until as Stored,
            self.tenant,
            self.decisions as &[&str],
        )
        .fetch_all(session)
        .await
        .map_err(port_error(SUMMARY))?;
        rows.into_iter()
            .map(|row| {
                let corrupt = |_| PortError::corrupt(SUMMARY, "delivery_events", "payload", "of a transport");
                Ok(ProviderFigures {
                    transport: TransportName::parse(row.transport).map_err(corrupt)?,
                    accepted: whole(row.accepted),
                    deferred: whole(row.deferred),
                    refused: whole(row.refused),
                    in_doubt: whole(row.in_doubt),
                    last_at: time(row.last_at),
                })
            })
            .collect()
    }

    async fn latency(&self, session: Session<'_>) -> sqlx::Result<Latency> {
        let (from, until) = (self.from, self.until);
        let row = sqlx::query_file!("queries/deliveries/latency.sql", from as Stored, until as Stored, self.tenant)
            .fetch_one(session)
            .await?;
        Ok(latency(row.count, row.took))
    }
}

/// Percentiles in the order in which the statements ask for them.
fn latency(count: i64, took: Option<Vec<i64>>) -> Latency {
    let mut took = took.into_iter().flatten().map(duration);
    Latency { count: whole(count), p50: took.next(), p95: took.next(), p99: took.next() }
}

fn whole(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

fn duration(micros: i64) -> Duration {
    Duration::from_micros(whole(micros))
}
