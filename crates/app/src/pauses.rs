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

    /// How much longer `transport` rests at `now`; `None` where it does not.
    #[must_use]
    pub fn rest(&self, transport: &TransportName, now: Duration) -> Option<Duration> {
        let pauses = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        pauses.get(transport).and_then(|end| end.checked_sub(now)).filter(|rest| !rest.is_zero())
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
        assert_eq!(pauses.rest(&smtp, 5 * second), Some(second));
        assert_eq!(pauses.rest(&smtp, 6 * second), None);
        assert_eq!(pauses.pause(&smtp, 7 * second, 9 * second), Paused::Now);
    }
}
