//! Waiting out a store in trouble: said once when it begins, once when it ends.

use std::time::Duration;

use postroom_domain::retry::{Backoff, Jitter};
use postroom_ports::error::PortError;

/// How long the trouble has lasted, in failed calls.
#[derive(Debug, Default)]
pub struct Trouble {
    failures: u32,
}

/// Nobody waits longer than this between two tries.
const LONGEST: Duration = Duration::from_secs(5);
const FIRST: Duration = Duration::from_millis(200);

impl Trouble {
    /// One more failure: logs the first, and says how long to wait.
    pub fn failed(&mut self, error: &PortError, jitter: Jitter) -> Duration {
        self.failures = self.failures.saturating_add(1);
        if self.failures == 1 {
            tracing::error!(%error, "the store does not answer as it should; waiting and trying again");
        }
        let backoff = Backoff::Exponential { base: FIRST, cap: LONGEST };
        // Full jitter may be next to nothing: a floor keeps a broken store from being hammered.
        backoff.after(self.failures, jitter).max(FIRST / 2)
    }

    /// It works: says so if it did not before.
    pub fn over(&mut self) {
        if self.failures > 0 {
            tracing::info!(failures = self.failures, "the store answers again");
            self.failures = 0;
        }
    }
}
