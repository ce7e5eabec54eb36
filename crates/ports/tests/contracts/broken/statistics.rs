use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::failure::Code;
use postroom_domain::time::Timestamp;
use postroom_ports::error::PortError;
use postroom_ports::statistics::{Bucket, ErrorFigures, Latency, Statistics, Summary, Window};

use super::store::{BrokenStore, Fault};

#[async_trait]
impl Statistics for BrokenStore {
    async fn summary(&self, window: &Window) -> Result<Summary, PortError> {
        let mut summary = self.inner.summary(&self.seen(window)).await?;
        if self.is(Fault::EventsIgnoreTheWindow) {
            let all = self.inner.summary(&Window { until: Timestamp::from_micros(i64::MAX), ..window.clone() }).await?;
            (summary.errors, summary.providers) = (all.errors, all.providers);
        }
        self.spoil(&mut summary);
        Ok(summary)
    }

    async fn series(&self, window: &Window, buckets: u32) -> Result<Vec<Bucket>, PortError> {
        if self.is(Fault::AsManyBucketsAsAskedFor) && buckets == 0 {
            return Ok(Vec::new());
        }
        let mut series = self.inner.series(&self.seen(window), buckets).await?;
        match self.fault {
            Fault::LeavesOutEmptyBuckets => series.retain(|bucket| bucket.sent + bucket.waiting > 0),
            Fault::CountsWhereItBegan if series.len() > 1 => series.rotate_left(1),
            Fault::WaitsInTheLastBucketOnly => {
                let last = series.len().saturating_sub(1);
                series[..last].iter_mut().for_each(|bucket| bucket.waiting = 0);
            }
            Fault::RedrivenLettersAreFailed => series.iter_mut().for_each(|bucket| bucket.failed = 1),
            _ => {}
        }
        Ok(series)
    }
}

impl BrokenStore {
    /// The window as the fault understands it.
    fn seen(&self, window: &Window) -> Window {
        let mut seen = window.clone();
        match self.fault {
            Fault::UntilIsIncluded => seen.until = seen.until.plus(Duration::from_micros(1)),
            Fault::FiguresOfEverybody => seen.tenant_id = None,
            _ => {}
        }
        seen
    }

    /// A summary as the fault tells it.
    fn spoil(&self, summary: &mut Summary) {
        match self.fault {
            Fault::AttemptsOfAll => summary.workflows.iter_mut().for_each(|figures| figures.attempts += 1),
            Fault::RarestFirst => summary.errors.reverse(),
            Fault::ListsEveryCode => summary.errors.extend(summary.errors.first().cloned()),
            Fault::DecisionsAreErrors => {
                summary.errors.push(ErrorFigures { code: Code::new(Code::HASTENED), count: 1 });
            }
            Fault::EveryQuestionIsAnAttempt => summary.errors.iter_mut().for_each(|error| error.count += 3),
            Fault::PutOffIsRefused => {
                for provider in &mut summary.providers {
                    std::mem::swap(&mut provider.deferred, &mut provider.refused);
                }
            }
            Fault::ReportsAreAnswers => summary.providers.iter_mut().for_each(|provider| provider.accepted += 1),
            Fault::LatencyFromEnqueue => {
                let latency = &mut summary.latency;
                latency.p50 = latency.p50.map(|took| took + Duration::from_hours(1));
            }
            Fault::MedianIsTheWorst => summary.latency.p50 = summary.latency.p99,
            Fault::CountsScheduledAsDue => summary.due = summary.waiting,
            Fault::NothingIsZero => summary.latency = Latency { p50: Some(Duration::ZERO), ..summary.latency },
            _ => {}
        }
    }
}
