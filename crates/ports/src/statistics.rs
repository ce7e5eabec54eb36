//! Statistics: how it goes. Figures over a stretch of time, and how the queue stands now.
//!
//! Each figure goes by a time of its own:
//!
//! | figure | counts | by the time of |
//! |---|---|---|
//! | workflows | letters that were enqueued | enqueue, and where they stand today |
//! | errors, providers | events | the event |
//! | latency, series: sent, failed | letters that became so and still are | that change |
//! | series: waiting, oldest age | letters whose time had come | the end of the bucket |
//! | dead letters, in doubt, waiting, due, in flight | letters | now, whatever the window |
//!
//! All of them are of one tenant where the window names it. A letter that a person put back counts from then on as
//! if its first life had not been, but for errors, providers and attempts, which stay on record.

use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::failure::Code;
use postroom_domain::id::{TenantId, TransportName, Workflow};
use postroom_domain::time::Timestamp;

use crate::error::PortError;

mod series;

pub use series::{Lifetime, series_of};

/// How many codes a summary lists at most.
pub const MOST_ERRORS: u32 = 20;

/// How many buckets a series has at most.
pub const MOST_BUCKETS: u32 = 240;

/// A stretch of time, and whose letters count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment behind it. Not later than `from`: nothing is in it.
    pub until: Timestamp,
    /// The tenant whose letters alone count; `None`: all letters.
    pub tenant_id: Option<TenantId>,
}

impl Window {
    /// Whether `time` is in it.
    #[must_use]
    pub fn has(&self, time: Timestamp) -> bool {
        self.from <= time && time < self.until
    }

    /// It in equal parts, to the microsecond: `buckets` of them, at least one and [`MOST_BUCKETS`] at most. None
    /// where nothing is in the window.
    #[must_use]
    pub fn parts(&self, buckets: u32) -> Vec<(Timestamp, Timestamp)> {
        if self.until <= self.from {
            return Vec::new();
        }
        let count = buckets.clamp(1, MOST_BUCKETS);
        let (from, until) = (i128::from(self.from.as_micros()), i128::from(self.until.as_micros()));
        let bound = |place: u32| {
            let micros = from + (until - from) * i128::from(place) / i128::from(count);
            // Between `from` and `until`, which fit.
            Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
        };
        (0..count).map(|place| (bound(place), bound(place + 1))).collect()
    }
}

/// How a workflow does: the letters that were enqueued in the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowFigures {
    /// Which.
    pub workflow: Workflow,
    /// How many letters were enqueued.
    pub enqueued: u64,
    /// How many of them are `sent`.
    pub sent: u64,
    /// How many of them are `failed` or `dead_letter`.
    pub failed: u64,
    /// How often those that are sent or failed were claimed, in all.
    pub attempts: u64,
}

impl WorkflowFigures {
    /// Which share was sent of what was sent or failed, from 0 to 1; `None` where nothing was.
    #[must_use]
    pub fn success_rate(&self) -> Option<f64> {
        share(self.sent, self.sent + self.failed)
    }

    /// How many attempts more than one each of them took, on average; `None` where nothing was sent or failed.
    #[must_use]
    pub fn average_retries(&self) -> Option<f64> {
        let ended = self.sent + self.failed;
        share(self.attempts.saturating_sub(ended), ended)
    }
}

/// How often a code was on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorFigures {
    /// What went wrong.
    pub code: Code,
    /// How many attempts ended with it. What people and policies decided ([`Code::DECISIONS`]) is not among them,
    /// and neither are reports of providers.
    pub count: u64,
}

/// How long it took until letters were sent: from the moment at which they could first have gone out (their enqueue
/// or first due time, whichever is later; after a redrive, that).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// How many letters.
    pub count: u64,
    /// Half of them took at most this long; `None` without letters, as with the others.
    pub p50: Option<Duration>,
    /// 95 in 100 took at most this long.
    pub p95: Option<Duration>,
    /// 99 in 100 took at most this long.
    pub p99: Option<Duration>,
}

impl Latency {
    /// That of letters which took so long each, in any order. A percentile is the time of a letter (the nearest
    /// rank), never one between two.
    #[must_use]
    pub fn of(mut took: Vec<Duration>) -> Self {
        took.sort_unstable();
        let rank = |percent: usize| took.get((took.len() * percent).div_ceil(100).saturating_sub(1)).copied();
        let count = u64::try_from(took.len()).unwrap_or(u64::MAX);
        Self { count, p50: rank(50), p95: rank(95), p99: rank(99) }
    }
}

/// What a way out made of the letters that it was given, attempt by attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderFigures {
    /// Which.
    pub transport: TransportName,
    /// How many it accepted.
    pub accepted: u64,
    /// How many it put off, or could not take: those that were given up for it among them.
    pub deferred: u64,
    /// How many it refused for good.
    pub refused: u64,
    /// How many attempts ended without its answer. One that it is asked about again later counts once.
    pub in_doubt: u64,
    /// When it last did any of that in the window.
    pub last_at: Timestamp,
}

/// How it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The store's time.
    pub now: Timestamp,
    /// Workflow by workflow, by name.
    pub workflows: Vec<WorkflowFigures>,
    /// What went wrong, most frequent first, then by code; [`MOST_ERRORS`] at most.
    pub errors: Vec<ErrorFigures>,
    /// Of the letters that were sent in the window.
    pub latency: Latency,
    /// Way out by way out, by name.
    pub providers: Vec<ProviderFigures>,
    /// How many are `dead_letter` now.
    pub dead_letters: u64,
    /// How many are `in_doubt` now.
    pub in_doubt: u64,
    /// How many wait in the queue now, `queued` or `retrying`, due or not.
    pub waiting: u64,
    /// How many of these are due.
    pub due: u64,
    /// How many workers hold now.
    pub in_flight: u64,
    /// When the longest-waiting due letter fell due.
    pub oldest_due_at: Option<Timestamp>,
}

impl Summary {
    /// Which share was sent of what was sent or failed, over all workflows, from 0 to 1; `None` where nothing was.
    #[must_use]
    pub fn success_rate(&self) -> Option<f64> {
        let sent = self.sum(|figures| figures.sent);
        share(sent, sent + self.sum(|figures| figures.failed))
    }

    /// How many attempts more than one each letter took, over all workflows; `None` where nothing was sent or failed.
    #[must_use]
    pub fn average_retries(&self) -> Option<f64> {
        let ended = self.sum(|figures| figures.sent + figures.failed);
        share(self.sum(|figures| figures.attempts).saturating_sub(ended), ended)
    }

    fn sum(&self, figure: impl Fn(&WorkflowFigures) -> u64) -> u64 {
        self.workflows.iter().map(figure).sum()
    }
}

/// One part of a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment behind it.
    pub until: Timestamp,
    /// How many letters were sent.
    pub sent: u64,
    /// How many became `failed` or `dead_letter`, and are so still.
    pub failed: u64,
    /// Of the letters that were sent.
    pub latency: Latency,
    /// Just before its end, or now where that lies ahead: how many letters could have gone out and had not ended.
    /// Those that are in doubt today are left out.
    pub waiting: u64,
    /// How long the oldest of these had waited; `None` without any.
    pub oldest_age: Option<Duration>,
}

/// How it goes. The rules are cases of the contract suite.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Statistics: std::fmt::Debug + Send + Sync + 'static {
    /// The figures of a window, and how the queue stands.
    async fn summary(&self, window: &Window) -> Result<Summary, PortError>;

    /// The window in equal parts, in order, empty ones included: `buckets` of them, at least one and
    /// [`MOST_BUCKETS`] at most; none where nothing is in the window. A store MAY answer
    /// [`Unsupported`](crate::error::PortErrorKind::Unsupported) where more letters ended since the window's start
    /// than it can look at, and MUST NOT leave any out instead.
    async fn series(&self, window: &Window, buckets: u32) -> Result<Vec<Bucket>, PortError>;
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 letters")]
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
