//! Time that moves when told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::time::Timestamp;
use tokio::sync::oneshot;

use super::lock;
use crate::clock::Clock;

/// A clock that stands still until [`ManualClock::advance`]. Clones show the same time.
#[derive(Clone, Debug)]
pub struct ManualClock {
    start: Timestamp,
    time: Arc<Mutex<Time>>,
}

/// How far the time has come, and who waits for it: sleepers by the end of their sleep and, where
/// that is the same, by the order in which they lay down. So the same run wakes them in the same order.
#[derive(Debug, Default)]
struct Time {
    elapsed: Duration,
    sleepers: BTreeMap<(Duration, u64), oneshot::Sender<()>>,
    serial: u64,
}

impl ManualClock {
    /// A clock that shows `start`.
    #[must_use]
    pub fn at(start: Timestamp) -> Self {
        Self { start, time: Arc::default() }
    }

    /// Moves the time and wakes those whose sleep is over.
    pub fn advance(&self, by: Duration) {
        let mut time = lock(&self.time);
        let now = time.elapsed.saturating_add(by);
        time.elapsed = now;
        let asleep = time.sleepers.split_off(&(now, u64::MAX));
        let awake = std::mem::replace(&mut time.sleepers, asleep);
        drop(time);
        for sleeper in awake.into_values() {
            // Who gave up waiting need not hear of it.
            let _ = sleeper.send(());
        }
    }

    /// How long it is until the next sleeper wakes; `None` where nobody sleeps.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        let time = lock(&self.time);
        time.sleepers.keys().next().map(|(end, _)| end.saturating_sub(time.elapsed))
    }

    fn lie_down(&self, duration: Duration) -> Option<(Bed, oneshot::Receiver<()>)> {
        let mut time = lock(&self.time);
        let end = time.elapsed.saturating_add(duration);
        if end <= time.elapsed {
            return None;
        }
        time.serial += 1;
        let (place, (alarm, woken)) = ((end, time.serial), oneshot::channel());
        time.sleepers.insert(place, alarm);
        drop(time);
        Some((Bed { clock: self.clone(), place }, woken))
    }
}

/// The place of one sleeper, free again when the sleeper leaves, awake or not.
#[derive(Debug)]
struct Bed {
    clock: ManualClock,
    place: (Duration, u64),
}

impl Drop for Bed {
    fn drop(&mut self) {
        lock(&self.clock.time).sleepers.remove(&self.place);
    }
}

impl Default for ManualClock {
    /// A clock that shows a morning in 2023.
    fn default() -> Self {
        Self::at(Timestamp::from_micros(1_672_653_600_123_457))
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.start.plus(self.elapsed())
    }

    fn elapsed(&self) -> Duration {
        lock(&self.time).elapsed
    }

    async fn sleep(&self, duration: Duration) {
        if let Some((_bed, woken)) = self.lie_down(duration) {
            // It fails where the clock is gone, which `self` rules out.
            let _ = woken.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleeper_wakes_when_its_time_has_come_and_not_before() {
        let clock = ManualClock::default();
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Duration::from_secs(10)).await }
        });
        while clock.next_wake().is_none() {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_secs(9));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_secs(1));
        assert!(sleeper.await.is_ok());
    }

    #[tokio::test]
    async fn a_sleeper_that_gave_up_is_not_waited_for() {
        let clock = ManualClock::default();
        tokio::select! {
            biased;
            () = clock.sleep(Duration::from_secs(1)) => unreachable!("the time stands still"),
            () = async { assert_eq!(clock.next_wake(), Some(Duration::from_secs(1))) } => {}
        }
        assert_eq!(clock.next_wake(), None);
    }
}
