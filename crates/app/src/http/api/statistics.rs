//! How it goes: figures of a stretch of time, and as a series for plots.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use postroom_domain::id::TenantId;
use postroom_domain::invalid::Invalid;
use postroom_domain::time::Timestamp;
use postroom_ports::clock::Clock as _;
use postroom_ports::statistics::{self as ports, MOST_BUCKETS, Window};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::documents::time;
use crate::fields::parse_moment;
use crate::http::Desk;
use crate::http::access::Caller;
use crate::http::problem::Problem;
use crate::http::read::Params;
use crate::system::SystemClock;

/// How many parts a series has where nobody says.
const USUAL: u32 = 60;

/// Which stretch of time, and whose letters.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Stretch {
    /// From this time on (2030-01-31T12:00:00Z), or within this time until now (2h, 7d); 24h unless said otherwise
    pub since: Option<String>,
    /// Until this time, or so long ago; now unless said otherwise
    pub until: Option<String>,
    /// Of this tenant
    pub tenant: Option<String>,
    /// For a series: in so many equal parts
    #[param(minimum = 1, maximum = 240, default = 60)]
    pub buckets: Option<u32>,
}

/// The figures of a stretch of time, and how the queue stands now.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Summary {
    /// Now, by the database's clock.
    #[schema(format = DateTime)]
    now: String,
    /// Which share was sent of what was sent or failed, 0 to 1; null where nothing was.
    success_rate: Option<f64>,
    /// How many attempts more than one each letter took; null where nothing was sent or failed.
    average_retries: Option<f64>,
    /// Workflow by workflow, by name: the letters that were enqueued.
    workflows: Vec<WorkflowFigures>,
    /// What went wrong, most frequent first; 20 codes at most.
    errors: Vec<ErrorFigures>,
    /// From the moment at which they could first have gone out until they were sent.
    latency: Latency,
    /// Way out by way out.
    providers: Vec<ProviderFigures>,
    /// How many are given up now.
    dead_letters: u64,
    /// How many are in doubt now.
    in_doubt: u64,
    /// How many wait now, due or not.
    waiting: u64,
    /// How many of these are due.
    due: u64,
    /// How many workers hold now.
    in_flight: u64,
    /// For how many seconds the oldest due letter has been due; null without any.
    oldest_due_seconds: Option<f64>,
}

/// How a workflow does.
#[derive(Debug, Serialize, ToSchema)]
struct WorkflowFigures {
    workflow: String,
    enqueued: u64,
    sent: u64,
    failed: u64,
    success_rate: Option<f64>,
    average_retries: Option<f64>,
}

/// How often a code was on record.
#[derive(Debug, Serialize, ToSchema)]
struct ErrorFigures {
    code: String,
    count: u64,
}

/// How long letters took, in seconds; null without letters.
#[derive(Debug, Serialize, ToSchema)]
struct Latency {
    count: u64,
    p50: Option<f64>,
    p95: Option<f64>,
    p99: Option<f64>,
}

/// What a way out made of the letters that it was given.
#[derive(Debug, Serialize, ToSchema)]
struct ProviderFigures {
    transport: String,
    accepted: u64,
    deferred: u64,
    refused: u64,
    in_doubt: u64,
    #[schema(format = DateTime)]
    last_at: String,
}

/// One part of a series.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Bucket {
    /// Its first moment.
    #[schema(format = DateTime)]
    from: String,
    /// The first moment behind it.
    #[schema(format = DateTime)]
    until: String,
    /// How many letters were sent.
    sent: u64,
    /// How many failed or were given up.
    failed: u64,
    /// Of the letters that were sent.
    latency: Latency,
    /// How many waited at its end.
    waiting: u64,
    /// How many seconds the oldest of these had waited; null without any.
    oldest_age: Option<f64>,
}

impl Stretch {
    /// The window that they want, within the caller's tenant.
    ///
    /// # Errors
    /// Names the part at fault.
    pub(in crate::http) fn window(&self, caller: &Caller) -> Result<Window, Problem> {
        self.buckets()?;
        let now = SystemClock::start().now();
        let moment = |field: &str, text: Option<&String>, usual: Timestamp| match text {
            Some(text) => parse_moment(field, text),
            None => Ok(usual),
        };
        let until = moment("until", self.until.as_ref(), now)?;
        let from = moment("since", self.since.as_ref(), until.minus(Duration::from_hours(24)))?;
        if until <= from {
            return Err(Invalid::new("since", "must be before until").into());
        }
        let tenant = self.tenant.as_deref().map(|text| TenantId::parse(text).map_err(|e| e.in_field("tenant")));
        Ok(Window { from, until, tenant_id: caller.within(tenant.transpose()?)? })
    }

    fn buckets(&self) -> Result<u32, Invalid> {
        let buckets = self.buckets.unwrap_or(USUAL);
        let fits = (1..=MOST_BUCKETS).contains(&buckets);
        if fits { Ok(buckets) } else { Err(Invalid::new("buckets", format!("must be 1 to {MOST_BUCKETS}"))) }
    }
}

fn seconds(time: Option<Duration>) -> Option<f64> {
    time.map(|time| time.as_secs_f64())
}

impl From<&ports::Latency> for Latency {
    fn from(latency: &ports::Latency) -> Self {
        let ports::Latency { count, p50, p95, p99 } = *latency;
        Self { count, p50: seconds(p50), p95: seconds(p95), p99: seconds(p99) }
    }
}

impl From<&ports::Summary> for Summary {
    fn from(summary: &ports::Summary) -> Self {
        Self {
            now: time(summary.now),
            success_rate: summary.success_rate(),
            average_retries: summary.average_retries(),
            workflows: summary.workflows.iter().map(WorkflowFigures::from).collect(),
            errors: summary.errors.iter().map(ErrorFigures::from).collect(),
            latency: (&summary.latency).into(),
            providers: summary.providers.iter().map(ProviderFigures::from).collect(),
            dead_letters: summary.dead_letters,
            in_doubt: summary.in_doubt,
            waiting: summary.waiting,
            due: summary.due,
            in_flight: summary.in_flight,
            oldest_due_seconds: seconds(summary.oldest_due_at.map(|due| summary.now.since(due))),
        }
    }
}

impl From<&ports::WorkflowFigures> for WorkflowFigures {
    fn from(figures: &ports::WorkflowFigures) -> Self {
        Self {
            workflow: figures.workflow.to_string(),
            enqueued: figures.enqueued,
            sent: figures.sent,
            failed: figures.failed,
            success_rate: figures.success_rate(),
            average_retries: figures.average_retries(),
        }
    }
}

impl From<&ports::ErrorFigures> for ErrorFigures {
    fn from(figures: &ports::ErrorFigures) -> Self {
        Self { code: figures.code.to_string(), count: figures.count }
    }
}

impl From<&ports::ProviderFigures> for ProviderFigures {
    fn from(figures: &ports::ProviderFigures) -> Self {
        Self {
            transport: figures.transport.to_string(),
            accepted: figures.accepted,
            deferred: figures.deferred,
            refused: figures.refused,
            in_doubt: figures.in_doubt,
            last_at: time(figures.last_at),
        }
    }
}

impl From<&ports::Bucket> for Bucket {
    fn from(bucket: &ports::Bucket) -> Self {
        Self {
            from: time(bucket.from),
            until: time(bucket.until),
            sent: bucket.sent,
            failed: bucket.failed,
            latency: (&bucket.latency).into(),
            waiting: bucket.waiting,
            oldest_age: seconds(bucket.oldest_age),
        }
    }
}

/// How does it go? Success by workflow, errors by code, latency, and how the queue stands.
#[utoipa::path(
    get, path = "/api/stats", tag = "insight", operation_id = "stats", security(("token" = ["read"])),
    params(Stretch),
    responses((status = 200, description = "The figures", body = Summary), super::Refusals)
)]
pub(super) async fn summary(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Params(stretch): Params<Stretch>,
) -> Result<Json<Summary>, Problem> {
    let summary = desk.store.statistics.summary(&stretch.window(&caller)?).await?;
    Ok(Json((&summary).into()))
}

/// How did it go over time? The same stretch in equal parts, empty ones included.
#[utoipa::path(
    get, path = "/api/stats/series", tag = "insight", operation_id = "series", security(("token" = ["read"])),
    params(Stretch),
    responses((status = 200, description = "The parts, in order", body = Vec<Bucket>), super::Refusals)
)]
pub(super) async fn series(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Params(stretch): Params<Stretch>,
) -> Result<Json<Vec<Bucket>>, Problem> {
    let series = desk.store.statistics.series(&stretch.window(&caller)?, stretch.buckets()?).await?;
    Ok(Json(series.iter().map(Bucket::from).collect()))
}
