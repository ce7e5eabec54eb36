//! The series as plain arithmetic, for stores that read what they have instead of asking a database to count.

use std::time::Duration;

use postroom_domain::status::Status;
use postroom_domain::time::Timestamp;

use super::{Bucket, Latency, Window};

/// What a series needs to know of one letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// When it could first have gone out.
    pub age_from: Timestamp,
    /// When it ended, and how; `None` for one that is under way.
    pub ended: Option<(Timestamp, Status)>,
}

impl Lifetime {
    /// Whether it waited just before `moment`.
    fn waited_before(&self, moment: Timestamp) -> bool {
        self.age_from < moment && self.ended.is_none_or(|(at, _)| at >= moment)
    }
}

/// The series of a window over `letters`: those of its tenant that are under way and not in doubt, and those that
/// ended since its start. Others may be among them and change nothing but the time that it takes.
#[must_use]
pub fn series_of(window: &Window, buckets: u32, now: Timestamp, letters: &[Lifetime]) -> Vec<Bucket> {
    let parts = window.parts(buckets);
    let ends: Vec<Timestamp> = parts.iter().map(|(_, until)| (*until).min(now)).collect();
    let mut counts: Vec<Counted> = parts.iter().map(|_| Counted::default()).collect();
    for letter in letters {
        if let Some((at, status)) = letter.ended.filter(|(at, _)| window.has(*at)) {
            let place = parts.partition_point(|(_, until)| *until <= at);
            counts[place].end(status, at.since(letter.age_from));
        }
        let first = ends.partition_point(|end| *end <= letter.age_from);
        let waited = ends.iter().zip(&mut counts).skip(first).take_while(|(end, _)| letter.waited_before(**end));
        for (end, counted) in waited {
            counted.wait(end.since(letter.age_from));
        }
    }
    parts.into_iter().zip(counts).map(|(part, counted)| counted.bucket(part)).collect()
}

/// What is known of a bucket so far.
#[derive(Debug, Default)]
struct Counted {
    took: Vec<Duration>,
    failed: u64,
    waiting: u64,
    oldest_age: Option<Duration>,
}

impl Counted {
    fn end(&mut self, status: Status, took: Duration) {
        match status {
            Status::Sent => self.took.push(took),
            Status::Failed | Status::DeadLetter => self.failed += 1,
            _ => {}
        }
    }

    fn wait(&mut self, age: Duration) {
        self.waiting += 1;
        self.oldest_age = self.oldest_age.max(Some(age));
    }

    fn bucket(self, (from, until): (Timestamp, Timestamp)) -> Bucket {
        let Self { took, failed, waiting, oldest_age } = self;
        let latency = Latency::of(took);
        Bucket { from, until, sent: latency.count, failed, latency, waiting, oldest_age }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn parts_are_equal_and_leave_nothing_out() {
        let window = Window { from: at(-7), until: at(i64::MAX), tenant_id: None };
        for buckets in [0, 1, 3, 240, 241, u32::MAX] {
            let parts = window.parts(buckets);
            assert_eq!(parts.len(), usize::try_from(buckets.clamp(1, 240)).unwrap_or(0));
            assert_eq!((parts[0].0, parts[parts.len() - 1].1), (window.from, window.until));
            assert!(parts.windows(2).all(|pair| pair[0].1 == pair[1].0), "each begins where the one before ends");
        }
        let nothing = Window { until: window.from, ..window };
        assert!(nothing.parts(10).is_empty());
    }

    #[test]
    fn a_percentile_is_the_time_of_the_nearest_rank() {
        let seconds =
            |range: std::ops::RangeInclusive<u64>| Latency::of(range.rev().map(Duration::from_secs).collect());
        let hundred = seconds(1..=100);
        let (p50, p95, p99) = (hundred.p50, hundred.p95, hundred.p99);
        assert_eq!([p50, p95, p99], [50, 95, 99].map(|s| Some(Duration::from_secs(s))));
        assert_eq!(seconds(1..=3).p50, Some(Duration::from_secs(2)));
        assert_eq!(Latency::of(Vec::new()), Latency::default());
    }

    #[test]
    fn a_letter_waits_from_its_time_until_it_ends_and_not_beyond_now() {
        let window = Window { from: at(0), until: at(40), tenant_id: None };
        let letters = [
            Lifetime { age_from: at(5), ended: Some((at(20), Status::Sent)) },
            Lifetime { age_from: at(10), ended: None },
            Lifetime { age_from: at(90), ended: None },
        ];
        let series = series_of(&window, 4, at(35), &letters);
        let waiting: Vec<u64> = series.iter().map(|bucket| bucket.waiting).collect();
        assert_eq!(waiting, [1, 2, 1, 1], "one that ends at the end of a bucket waited until then");
        let ages: Vec<_> = series.iter().map(|bucket| bucket.oldest_age.map(|age| age.as_micros())).collect();
        assert_eq!(ages, [Some(5), Some(15), Some(20), Some(25)]);
        let sent: Vec<u64> = series.iter().map(|bucket| bucket.sent).collect();
        assert_eq!(sent, [0, 0, 1, 0]);
    }
}
