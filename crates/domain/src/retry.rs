//! When to try again, as data.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::invalid::Invalid;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

/// One sample of chance in `[0, 1)`, drawn by whoever owns randomness.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jitter(f64);

impl Jitter {
    /// No jitter at all: for tests and for tables in documents.
    pub const NONE: Self = Self(0.0);

    /// A sample; anything outside `[0, 1)` is cut to it.
    #[must_use]
    pub fn new(sample: f64) -> Self {
        Self(if sample.is_finite() { sample.clamp(0.0, 1.0 - f64::EPSILON) } else { 0.0 })
    }

    fn of(self, duration: Duration) -> Duration {
        duration.mul_f64(self.0)
    }
}

/// How the waits between attempts grow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Backoff {
    /// The wait before each attempt, the first included; the last one repeats. Up to 20 % is
    /// added, so that letters that fail together do not come back together.
    Schedule(Vec<Duration>),
    /// Doubles from `base` up to `cap`, with full jitter: anything from zero to the wait.
    Exponential {
        /// The longest first wait.
        base: Duration,
        /// The longest wait of all.
        cap: Duration,
    },
}

impl Backoff {
    /// The wait after attempt number `attempt` (1 for the first) has failed.
    ///
    /// ```
    /// use postroom_domain::retry::{Jitter, RetryPolicy};
    /// let standard = RetryPolicy::standard();
    /// let minutes = |n| standard.backoff().after(n, Jitter::NONE).as_secs() / 60;
    /// assert_eq!([minutes(1), minutes(2), minutes(3), minutes(4), minutes(99)], [1, 5, 30, 120, 120]);
    /// ```
    #[must_use]
    pub fn after(&self, attempt: u32, jitter: Jitter) -> Duration {
        match self {
            Self::Schedule(waits) => {
                let index = usize::try_from(attempt).unwrap_or(usize::MAX).min(waits.len().saturating_sub(1));
                let wait = waits.get(index).copied().unwrap_or(MINUTE);
                wait.saturating_add(jitter.of(wait / 5))
            }
            Self::Exponential { base, cap } => {
                let doubled = base.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
                jitter.of(doubled.min(*cap))
            }
        }
    }
}

/// How often, how long and how far apart a workflow's letters are tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    backoff: Backoff,
    max_attempts: u32,
    max_age: Duration,
}

impl RetryPolicy {
    /// A policy.
    ///
    /// # Errors
    /// `max_attempts` outside 1–1000, `max_age` of zero, an empty schedule, a base of zero or
    /// one above its cap.
    pub fn new(backoff: Backoff, max_attempts: u32, max_age: Duration) -> Result<Self, Invalid> {
        if !(1..=1000).contains(&max_attempts) {
            return Err(Invalid::new("max_attempts", "must lie between 1 and 1000"));
        }
        if max_age.is_zero() {
            return Err(Invalid::new("max_age", "must be longer than zero"));
        }
        match &backoff {
            Backoff::Schedule(waits) if waits.is_empty() => {
                return Err(Invalid::new(
                    "schedule",
                    "is empty; list the wait before each attempt, such as 0s, 1m, 5m",
                ));
            }
            Backoff::Exponential { base, cap } if base.is_zero() || base > cap => {
                return Err(Invalid::new("base", "must be longer than zero and no longer than the cap"));
            }
            _ => {}
        }
        Ok(Self { backoff, max_attempts, max_age })
    }

    /// The default: at once, then after 1, 5, 30 and 120 minutes; five attempts.
    #[must_use]
    pub fn standard() -> Self {
        let waits = vec![Duration::ZERO, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR];
        Self { backoff: Backoff::Schedule(waits), max_attempts: 5, max_age: 48 * HOUR }
    }

    /// Three attempts over a quarter of an hour, capped exponential with full jitter: for
    /// sign-in codes and whatever is worthless later.
    #[must_use]
    pub fn quarter_hour() -> Self {
        Self { backoff: Backoff::Exponential { base: 5 * MINUTE, cap: 10 * MINUTE }, max_attempts: 3, max_age: HOUR }
    }

    /// Three attempts with doubling waits from a minute up to an hour.
    #[must_use]
    pub fn three() -> Self {
        Self { backoff: Backoff::Exponential { base: MINUTE, cap: HOUR }, max_attempts: 3, max_age: 48 * HOUR }
    }

    /// The preset of that name: `standard`, `quarter-hour` or `three`.
    #[must_use]
    pub fn preset(name: &str) -> Option<Self> {
        match name {
            "standard" => Some(Self::standard()),
            "quarter-hour" => Some(Self::quarter_hour()),
            "three" => Some(Self::three()),
            _ => None,
        }
    }

    /// How the waits grow.
    #[must_use]
    pub const fn backoff(&self) -> &Backoff {
        &self.backoff
    }

    /// How many attempts count before the letter is a dead letter.
    #[must_use]
    pub const fn max_attempts(&self) -> u32 {
        self.max_attempts
    }

    /// How old a letter may grow while it is retried.
    #[must_use]
    pub const fn max_age(&self) -> Duration {
        self.max_age
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_attempt_number_and_no_sample_overflows() {
        for policy in [RetryPolicy::standard(), RetryPolicy::quarter_hour(), RetryPolicy::three()] {
            for attempt in [0, 1, 2, 5, 31, 32, 33, 64, u32::MAX] {
                for sample in [f64::NEG_INFINITY, -1.0, 0.0, 0.5, 1.0, f64::NAN] {
                    assert!(policy.backoff().after(attempt, Jitter::new(sample)) <= 3 * HOUR);
                }
            }
        }
    }

    #[test]
    fn jitter_adds_at_most_a_fifth_to_a_schedule() {
        let wait = RetryPolicy::standard().backoff().after(1, Jitter::new(1.0));
        assert!(wait >= MINUTE && wait <= MINUTE + MINUTE / 5);
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let refused = |backoff, attempts, age| RetryPolicy::new(backoff, attempts, age).unwrap_err().field;
        assert_eq!(refused(Backoff::Schedule(vec![]), 1, HOUR), "schedule");
        assert_eq!(refused(Backoff::Schedule(vec![MINUTE]), 0, HOUR), "max_attempts");
        assert_eq!(refused(Backoff::Schedule(vec![MINUTE]), 1, Duration::ZERO), "max_age");
        assert_eq!(refused(Backoff::Exponential { base: HOUR, cap: MINUTE }, 1, HOUR), "base");
    }
}
