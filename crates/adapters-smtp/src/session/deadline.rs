//! How much time is left for one letter.

use std::time::Duration;

use tokio::time::Instant;

/// The end of the time for one letter; every stage is cut short by it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    pub(crate) fn after(whole: Duration) -> Self {
        let now = Instant::now();
        // A year is as good as for ever, where a duration is too long for the clock.
        Self(now.checked_add(whole).unwrap_or_else(|| now + Duration::from_hours(8760)))
    }

    /// What a stage may take: its own time, or what is left of the whole.
    pub(crate) fn allow(self, stage: Duration) -> Duration {
        stage.min(self.0.saturating_duration_since(Instant::now()))
    }
}
