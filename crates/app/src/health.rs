//! How each way out is doing, as one worker finds it: who may be given a letter now.
//!
//! A letter takes a [`Slot`] before it begins and returns it with what it says about the way
//! out. A slot that is dropped says nothing, so that a letter that is given up blocks nobody.

mod breaker;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use postroom_domain::failure::{Failure, FailureClass, Scope};
use postroom_domain::id::TransportName;
use postroom_domain::retry::Jitter;

pub use self::breaker::{Breaker, Change, Patience, Role, Sign};

/// The breakers of all ways out, on the worker's own monotonic clock.
#[derive(Debug, Default)]
pub struct Health {
    patience: Patience,
    ways: Mutex<BTreeMap<TransportName, Breaker>>,
}

impl Health {
    /// Every way out is open.
    #[must_use]
    pub fn new(patience: Patience) -> Self {
        Self { patience, ways: Mutex::default() }
    }

    /// How many more letters may go by `transport` at `now`.
    #[must_use]
    pub fn room(&self, transport: &TransportName, now: Duration) -> u32 {
        self.lock().get(transport).map_or(u32::MAX, |breaker| breaker.room(now))
    }

    /// How much longer no letter may go by `transport`; `None` where one may.
    #[must_use]
    pub fn rest(&self, transport: &TransportName, now: Duration) -> Option<Duration> {
        self.lock().get(transport).and_then(|breaker| breaker.rest(now))
    }

    /// Whether `transport` is in trouble.
    #[must_use]
    pub fn is_troubled(&self, transport: &TransportName) -> bool {
        self.lock().get(transport).is_some_and(Breaker::is_troubled)
    }

    /// A place for one letter, where there is one.
    pub fn take(self: &Arc<Self>, transport: &TransportName, now: Duration) -> Option<Slot> {
        let mut ways = self.lock();
        let breaker = ways.entry(transport.clone()).or_insert_with(|| Breaker::new(self.patience));
        if breaker.room(now) == 0 {
            return None;
        }
        let role = breaker.begin(now);
        Some(Slot { health: Arc::clone(self), transport: transport.clone(), role, began: now, open: true })
    }

    fn end(&self, slot: &Slot, sign: Sign, now: Duration, jitter: Jitter) -> Change {
        self.lock().get_mut(&slot.transport).map_or(Change::None, |breaker| breaker.end(slot.role, sign, now, jitter))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<TransportName, Breaker>> {
        self.ways.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One letter's place on its way out.
#[derive(Debug)]
pub struct Slot {
    health: Arc<Health>,
    transport: TransportName,
    role: Role,
    began: Duration,
    open: bool,
}

impl Slot {
    /// Whether the way out has come into trouble since the place was taken, so that the letter
    /// had better not begin. The letter that is to find out begins all the same.
    #[must_use]
    pub fn is_too_late(&self) -> bool {
        self.role == Role::Regular && self.health.is_troubled(&self.transport)
    }

    /// Returns the place with what the letter says about the way out.
    pub fn end(mut self, sign: Sign, now: Duration, jitter: Jitter) -> Change {
        self.open = false;
        self.health.end(&self, sign, now, jitter)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if self.open {
            self.health.end(self, Sign::Nothing, self.began, Jitter::NONE);
        }
    }
}

/// What an answer says about the way out; one that needs a person rests for `pause`.
#[must_use]
pub fn sign_of(failure: &Failure, pause: Duration) -> Sign {
    match failure.class {
        FailureClass::Deferred { scope: Scope::Provider, retry_after } => Sign::Trouble(retry_after),
        FailureClass::Misconfigured => Sign::Barred(pause),
        // Whether it has the letter or not, it stopped answering: one after the other must not
        // be left in doubt.
        FailureClass::InDoubt => Sign::Trouble(None),
        FailureClass::Deferred { scope: Scope::Letter, .. } | FailureClass::Rejected => Sign::Well,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_is_dropped_lets_the_next_letter_find_out() {
        let (health, smtp) = (Arc::new(Health::default()), TransportName::parse("smtp").unwrap());
        let minute = Duration::from_mins(1);
        let slot = health.take(&smtp, Duration::ZERO).unwrap();
        assert_eq!(slot.end(Sign::Barred(minute), Duration::ZERO, Jitter::NONE), Change::Closed);
        assert!(health.take(&smtp, Duration::ZERO).is_none());
        drop(health.take(&smtp, minute).unwrap());
        let probe = health.take(&smtp, minute).unwrap();
        assert!(health.take(&smtp, minute).is_none(), "the probe is on its way");
        assert!(!probe.is_too_late());
    }
}
