//! The store's time, carried on between two of its answers.

use std::time::Duration;

use postroom_domain::time::Timestamp;
use postroom_ports::clock::Clock;

/// What the store called `now` at some moment, and which moment that was on our own monotonic
/// clock. Clocks of workers may be wrong; the time since an answer is not.
#[derive(Clone, Copy, Debug)]
pub struct StoreTime {
    at: Timestamp,
    mark: Duration,
}

impl StoreTime {
    /// The store just said that it is `at`.
    #[must_use]
    pub fn read(at: Timestamp, clock: &dyn Clock) -> Self {
        Self { at, mark: clock.elapsed() }
    }

    /// The store's time by now.
    #[must_use]
    pub fn now(self, clock: &dyn Clock) -> Timestamp {
        self.at.plus(clock.elapsed().saturating_sub(self.mark))
    }

    /// Which moment on our own clock that was.
    #[must_use]
    pub const fn mark(self) -> Duration {
        self.mark
    }
}
