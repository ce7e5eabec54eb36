//! How each way out is doing, as one worker finds it: who may be given a letter now.
//!
//! A letter takes a [`Slot`] before it begins and returns it with what it says about the way
//! out. A slot that is dropped says nothing, so that a letter that is given up blocks nobody.
//!
//! Two things close a way out: trouble, which a [`Breaker`] sees and one letter at a time tries
//! again; and a person who paused it, which no letter tries.

mod breaker;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use postroom_domain::failure::{Failure, FailureClass, Scope};
use postroom_domain::id::TransportName;
use postroom_domain::retry::Jitter;
use postroom_ports::pauses::{Pause, Paused};

pub use self::breaker::{Breaker, Change, Patience, Role, Sign};

/// How often a worker reads what people paused.
pub const HEED_EVERY: Duration = Duration::from_secs(2);

/// All ways out, on the worker's own monotonic clock.
#[derive(Debug, Default)]
pub struct Health {
    patience: Patience,
    ways: Mutex<Ways>,
}

#[derive(Debug, Default)]
struct Ways {
    breakers: BTreeMap<TransportName, Breaker>,
    paused: Vec<Pause>,
}

/// What people did since the last look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heeded {
    /// What they paused.
    pub began: Vec<Pause>,
    /// What goes on.
    pub ended: Vec<Pause>,
}

impl Health {
    /// Every way out is open.
    #[must_use]
    pub fn new(patience: Patience) -> Self {
        Self { patience, ways: Mutex::default() }
    }

    /// Takes over what is paused from now on, and says what is new about it.
    pub fn heed(&self, paused: Vec<Pause>) -> Heeded {
        let mut ways = self.lock();
        let missing = |from: &[Pause], than: &[Pause]| -> Vec<Pause> {
            from.iter().filter(|pause| than.iter().all(|other| other.what != pause.what)).cloned().collect()
        };
        let heeded = Heeded { began: missing(&paused, &ways.paused), ended: missing(&ways.paused, &paused) };
        ways.paused = paused;
        heeded
    }

    /// Whether a person paused `transport`.
    #[must_use]
    pub fn is_paused(&self, transport: &TransportName) -> bool {
        self.lock().is_paused(transport)
    }

    /// How many more letters may go by `transport` at `now`.
    #[must_use]
    pub fn room(&self, transport: &TransportName, now: Duration) -> u32 {
        self.lock().room(transport, now)
    }

    /// How much longer no letter may go by `transport`; `None` where one may. How long a person's
    /// pause takes nobody knows: until somebody looks again, at least.
    #[must_use]
    pub fn rest(&self, transport: &TransportName, now: Duration) -> Option<Duration> {
        let ways = self.lock();
        if ways.is_paused(transport) {
            return Some(HEED_EVERY);
        }
        ways.breakers.get(transport).and_then(|breaker| breaker.rest(now))
    }

    /// Whether `transport` is in trouble, whatever people paused: it rests, or one letter at a time tries it again.
    #[must_use]
    pub fn is_resting(&self, transport: &TransportName) -> bool {
        self.lock().breakers.get(transport).is_some_and(Breaker::is_troubled)
    }

    /// Whether letters had better take another way than `transport`: it is in trouble, or paused.
    #[must_use]
    pub fn is_troubled(&self, transport: &TransportName) -> bool {
        let ways = self.lock();
        ways.is_paused(transport) || ways.breakers.get(transport).is_some_and(Breaker::is_troubled)
    }

    /// A place for one letter, where there is one.
    pub fn take(self: &Arc<Self>, transport: &TransportName, now: Duration) -> Option<Slot> {
        let mut ways = self.lock();
        if ways.room(transport, now) == 0 {
            return None;
        }
        let breaker = ways.breakers.entry(transport.clone()).or_insert_with(|| Breaker::new(self.patience));
        let role = breaker.begin(now);
        Some(Slot { health: Arc::clone(self), transport: transport.clone(), role, began: now, open: true })
    }

    fn end(&self, slot: &Slot, sign: Sign, now: Duration, jitter: Jitter) -> Change {
        let mut ways = self.lock();
        let breaker = ways.breakers.get_mut(&slot.transport);
        breaker.map_or(Change::None, |breaker| breaker.end(slot.role, sign, now, jitter))
    }

    fn lock(&self) -> MutexGuard<'_, Ways> {
        self.ways.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ways {
    fn is_paused(&self, transport: &TransportName) -> bool {
        self.paused.iter().any(|pause| matches!(&pause.what, Paused::Transport(name) if name == transport))
    }

    fn room(&self, transport: &TransportName, now: Duration) -> u32 {
        if self.is_paused(transport) {
            return 0;
        }
        self.breakers.get(transport).map_or(u32::MAX, |breaker| breaker.room(now))
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
    /// Whether the way out has come into trouble or was paused since the place was taken, so that
    /// the letter had better not begin. The letter that is to find out about trouble begins all
    /// the same.
    #[must_use]
    pub fn is_too_late(&self) -> bool {
        match self.role {
            Role::Regular => self.health.is_troubled(&self.transport),
            Role::Probe => self.health.is_paused(&self.transport),
        }
    }

    /// Returns the place with what the letter says about the way out.
    #[must_use = "people have to hear of a change"]
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

    fn pause(kind: &str) -> Pause {
        let what = Paused::parse(kind, "smtp").unwrap();
        Pause { what, since: postroom_domain::time::Timestamp::EPOCH, until: None, reason: None }
    }

    #[test]
    fn a_paused_way_takes_no_letter_and_the_one_that_holds_a_place_does_not_begin() {
        let (health, smtp) = (Arc::new(Health::default()), TransportName::parse("smtp").unwrap());
        let slot = health.take(&smtp, Duration::ZERO).unwrap();
        health.heed(vec![pause("workflow"), pause("tenant")]);
        assert!(!health.is_paused(&smtp) && !slot.is_too_late(), "they are somebody else's names");
        health.heed(vec![pause("transport")]);
        assert!(slot.is_too_late() && health.is_troubled(&smtp));
        assert_eq!((health.room(&smtp, Duration::ZERO), health.rest(&smtp, Duration::ZERO)), (0, Some(HEED_EVERY)));
        assert!(health.take(&smtp, Duration::ZERO).is_none());
        health.heed(Vec::new());
        assert!(!slot.is_too_late() && health.take(&smtp, Duration::ZERO).is_some());
    }

    #[test]
    fn nobody_finds_out_about_trouble_during_a_pause() {
        let (health, smtp) = (Arc::new(Health::default()), TransportName::parse("smtp").unwrap());
        let slot = health.take(&smtp, Duration::ZERO).unwrap();
        assert_eq!(slot.end(Sign::Barred(Duration::ZERO), Duration::ZERO, Jitter::NONE), Change::Closed);
        let probe = health.take(&smtp, Duration::ZERO).unwrap();
        health.heed(vec![pause("transport")]);
        assert!(probe.is_too_late());
        drop(probe);
        assert_eq!(health.room(&smtp, Duration::ZERO), 0);
        health.heed(Vec::new());
        assert_eq!(health.room(&smtp, Duration::ZERO), 1, "the next letter finds out");
    }

    #[test]
    fn what_is_paused_and_resumed_is_told_once() {
        let health = Health::default();
        let (way, flow) = (pause("transport"), pause("workflow"));
        let told = |began: &[Pause], ended: &[Pause]| Heeded { began: began.to_vec(), ended: ended.to_vec() };
        assert_eq!(health.heed(vec![way.clone()]), told(std::slice::from_ref(&way), &[]));
        assert_eq!(health.heed(vec![way.clone(), flow.clone()]), told(std::slice::from_ref(&flow), &[]));
        assert_eq!(health.heed(vec![way.clone(), flow.clone()]), told(&[], &[]));
        assert_eq!(health.heed(vec![flow]), told(&[], &[way]));
    }
}
