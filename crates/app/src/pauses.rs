//! Transports that are given a rest because a person has to act first.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use postroom_domain::id::TransportName;

/// Whether a pause began with this call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paused {
    /// It did: say so, once.
    Now,
    /// It was paused already.
    Already,
}

/// Which transports rest until when, on the worker's own monotonic clock.
#[derive(Debug, Default)]
pub struct Pauses {
    until: Mutex<BTreeMap<TransportName, Duration>>,
}

impl Pauses {
    /// Lets `transport` rest until `until`.
    pub fn pause(&self, transport: &TransportName, now: Duration, until: Duration) -> Paused {
        let mut pauses = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let before = pauses.insert(transport.clone(), until);
        if before.is_some_and(|end| end > now) { Paused::Already } else { Paused::Now }
    }

    /// Whether `transport` rests at `now`.
    #[must_use]
    pub fn rests(&self, transport: &TransportName, now: Duration) -> bool {
        let pauses = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        pauses.get(transport).is_some_and(|end| *end > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_announced_once_and_ends() {
        let (pauses, smtp) = (Pauses::default(), TransportName::parse("smtp").unwrap());
        let second = Duration::from_secs(1);
        assert_eq!(pauses.pause(&smtp, Duration::ZERO, 5 * second), Paused::Now);
        assert_eq!(pauses.pause(&smtp, second, 6 * second), Paused::Already);
        assert!(pauses.rests(&smtp, 5 * second));
        assert!(!pauses.rests(&smtp, 6 * second));
        assert_eq!(pauses.pause(&smtp, 7 * second, 9 * second), Paused::Now);
    }
}
