//! How it goes: the figures of a stretch of time, and how the queue stands.

use std::time::Duration;

use askama::Template;
use axum::response::Response;
use postroom_ports::error::PortErrorKind;
use postroom_ports::statistics::{Bucket, ErrorFigures, ProviderFigures, Summary, WorkflowFigures};

use super::asked::Asked;
use super::figures::{count, percent};
use super::page::{Page, Place, Visit, show};
use super::plot::{Form, Plot, Series, Unit};
use super::when::{When, span};
use crate::http::api::Stretch;
use crate::http::problem::Problem;

/// In how many parts the plots show a stretch.
const PARTS: u32 = 60;
/// The stretches that are offered: their name in the address, and in words.
const RANGES: [(&str, &str); 5] =
    [("1h", "1 hour"), ("6h", "6 hours"), ("24h", "24 hours"), ("7d", "7 days"), ("30d", "30 days")];
/// The usual one.
const USUAL: &str = "24h";

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    page: Page,
    ranges: Vec<Range>,
    stretch: Stretch,
    figures: Vec<Figure>,
    plots: Vec<Plot>,
    /// Why there are no plots, where there are none.
    no_plots: Option<&'static str>,
    workflows: Vec<WorkflowRow>,
    errors: Vec<ErrorRow>,
    providers: Vec<ProviderRow>,
    read: When,
}

/// A stretch that is offered.
struct Range {
    path: String,
    words: &'static str,
    is_chosen: bool,
}

/// A number that matters.
struct Figure {
    name: &'static str,
    value: String,
    note: String,
    /// Where to look closer.
    path: Option<&'static str>,
    /// `calm`, `good`, `warn`, `doubt` or `bad`.
    tone: &'static str,
}

struct WorkflowRow {
    name: String,
    enqueued: String,
    sent: String,
    failed: String,
    rate: String,
    /// 0 to 100.
    share: Option<f64>,
    retries: String,
}

struct ErrorRow {
    code: String,
    count: String,
    /// 0 to 100 of the most frequent one.
    share: f64,
}

struct ProviderRow {
    name: String,
    /// What it did, as widths of 0 to 100.
    parts: Vec<Part>,
    accepted: String,
    deferred: String,
    refused: String,
    in_doubt: String,
    last: When,
}

struct Part {
    x: f64,
    width: f64,
    tone: &'static str,
}

pub(super) async fn overview(visit: Visit, Asked { form, .. }: Asked<Stretch>) -> Result<Response, Problem> {
    let window = form.window(&visit.caller)?;
    let statistics = &visit.desk().store.statistics;
    let summary = statistics.summary(&window).await?;
    let series = match statistics.series(&window, form.buckets.unwrap_or(PARTS)).await {
        Ok(series) => Ok(series),
        Err(error) if error.kind() == PortErrorKind::Unsupported => {
            Err("This store cannot look at so many letters at once: choose a shorter range.")
        }
        Err(error) => return Err(error.into()),
    };
    show(&Overview {
        page: visit.page(Place::Overview, "Overview"),
        ranges: ranges(&form),
        figures: figures(&summary),
        no_plots: series.as_ref().err().copied(),
        plots: series.map(|buckets| plots(&buckets)).unwrap_or_default(),
        workflows: summary.workflows.iter().map(WorkflowRow::from).collect(),
        errors: errors(&summary.errors),
        providers: summary.providers.iter().map(|figures| ProviderRow::of(figures, &visit)).collect(),
        read: When::of(summary.now, visit.now),
        stretch: form,
    })
}

fn ranges(stretch: &Stretch) -> Vec<Range> {
    let chosen = match (&stretch.since, &stretch.until) {
        (None, None) => Some(USUAL),
        (Some(since), None) => Some(since.as_str()),
        _ => None,
    };
    let tenant = stretch.tenant.as_ref().map(|tenant| format!("&tenant={tenant}")).unwrap_or_default();
    let range = |(name, words): (&str, &'static str)| Range {
        path: format!("/?since={name}{tenant}"),
        words,
        is_chosen: chosen == Some(name),
    };
    RANGES.into_iter().map(range).collect()
}

fn figures(summary: &Summary) -> Vec<Figure> {
    let oldest = summary.oldest_due_at.map(|due| summary.now.since(due));
    let alarming = |number: u64, tone| if number > 0 { tone } else { "calm" };
    let late = oldest.is_some_and(|age| age > Duration::from_mins(5));
    vec![
        Figure {
            name: "Waiting",
            value: count(summary.waiting),
            note: format!("{} due, {} on the way", count(summary.due), count(summary.in_flight)),
            path: None,
            tone: "calm",
        },
        Figure {
            name: "Oldest due",
            value: oldest.map_or_else(|| "–".to_owned(), span),
            note: if oldest.is_some() { "since it fell due" } else { "nothing is due" }.to_owned(),
            path: None,
            tone: if late { "warn" } else { "calm" },
        },
        Figure {
            name: "Success",
            value: summary.success_rate().map_or_else(|| "–".to_owned(), percent),
            note: summary.average_retries().map_or_else(
                || "nothing came to its end".to_owned(),
                |retries| format!("{retries:.2} retries a letter"),
            ),
            path: None,
            tone: if summary.success_rate().is_some_and(|rate| rate < 0.95) { "warn" } else { "good" },
        },
        Figure {
            name: "Latency, p95",
            value: summary.latency.p95.map_or_else(|| "–".to_owned(), span),
            note: summary
                .latency
                .p50
                .map_or_else(|| "nothing was sent".to_owned(), |p50| format!("half within {}", span(p50))),
            path: None,
            tone: "calm",
        },
        Figure {
            name: "In doubt",
            value: count(summary.in_doubt),
            note: "may have arrived".to_owned(),
            path: Some("/in-doubt"),
            tone: alarming(summary.in_doubt, "doubt"),
        },
        Figure {
            name: "Dead letters",
            value: count(summary.dead_letters),
            note: "were given up".to_owned(),
            path: Some("/dead-letters"),
            tone: alarming(summary.dead_letters, "bad"),
        },
    ]
}

fn plots(buckets: &[Bucket]) -> Vec<Plot> {
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 letters")]
    let counted = |name, class, value: fn(&Bucket) -> u64| Series {
        name,
        class,
        values: buckets.iter().map(|bucket| Some(value(bucket) as f64)).collect(),
    };
    let timed = |name, class, value: fn(&Bucket) -> Option<Duration>| Series {
        name,
        class,
        values: buckets.iter().map(|bucket| value(bucket).map(|time| time.as_secs_f64())).collect(),
    };
    let (columns, lines) = (Form::Columns, Form::Lines);
    // A column says little without its width. Both ends are read from a clock: some microseconds are missing of it.
    let part = buckets.first().map_or(Duration::ZERO, |bucket| bucket.until.since(bucket.from));
    let part = span(part + Duration::from_millis(1));
    let sent = format!("Sent and failed per {}", if part == "1 min" { "minute" } else { &part });
    vec![
        Plot::draw(
            ("plot-sent", &sent),
            (columns, Unit::Letters),
            buckets,
            &[counted("sent", "good", |bucket| bucket.sent), counted("failed", "bad", |bucket| bucket.failed)],
        ),
        Plot::draw(
            ("plot-latency", "Latency until sent"),
            (lines, Unit::Seconds),
            buckets,
            &[
                timed("p50", "first", |bucket| bucket.latency.p50),
                timed("p95", "second", |bucket| bucket.latency.p95),
                timed("p99", "third", |bucket| bucket.latency.p99),
            ],
        ),
        Plot::draw(
            ("plot-waiting", "Waiting in the queue"),
            (columns, Unit::Letters),
            buckets,
            &[counted("waiting", "busy", |bucket| bucket.waiting)],
        ),
        Plot::draw(
            ("plot-oldest", "Age of the oldest"),
            (lines, Unit::Seconds),
            buckets,
            &[timed("oldest", "first", |bucket| bucket.oldest_age)],
        ),
    ]
}

fn errors(figures: &[ErrorFigures]) -> Vec<ErrorRow> {
    let most = figures.iter().map(|figures| figures.count).max().unwrap_or_default();
    let row = |figures: &ErrorFigures| ErrorRow {
        code: figures.code.to_string(),
        count: count(figures.count),
        share: share(figures.count, most),
    };
    figures.iter().map(row).collect()
}

/// 0 to 100.
#[expect(clippy::cast_precision_loss, reason = "a width")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 * 100.0 }
}

impl From<&WorkflowFigures> for WorkflowRow {
    fn from(figures: &WorkflowFigures) -> Self {
        let rate = figures.success_rate();
        Self {
            name: figures.workflow.to_string(),
            enqueued: count(figures.enqueued),
            sent: count(figures.sent),
            failed: count(figures.failed),
            rate: rate.map_or_else(|| "–".to_owned(), percent),
            share: rate.map(|rate| rate * 100.0),
            retries: figures.average_retries().map_or_else(|| "–".to_owned(), |retries| format!("{retries:.2}")),
        }
    }
}

impl ProviderRow {
    fn of(figures: &ProviderFigures, visit: &Visit) -> Self {
        let ProviderFigures { transport, accepted, deferred, refused, in_doubt, last_at } = figures;
        let all = accepted + deferred + refused + in_doubt;
        let mut x = 0.0;
        let mut parts = Vec::new();
        for (number, tone) in [(accepted, "good"), (deferred, "warn"), (refused, "bad"), (in_doubt, "doubt")] {
            let width = share(*number, all);
            parts.push(Part { x, width, tone });
            x += width;
        }
        Self {
            name: transport.to_string(),
            parts,
            accepted: count(*accepted),
            deferred: count(*deferred),
            refused: count(*refused),
            in_doubt: count(*in_doubt),
            last: When::of(*last_at, visit.now),
        }
    }
}

impl Overview {
    /// Whether somebody narrowed the stretch by hand.
    fn is_narrowed(&self) -> bool {
        self.stretch.until.is_some() || !self.ranges.iter().any(|range| range.is_chosen)
    }
}
