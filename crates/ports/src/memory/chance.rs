//! Chance that repeats.

use std::sync::Mutex;

use postroom_domain::id::{DeliveryId, WorkerId};
use postroom_domain::retry::Jitter;
use uuid::{Builder, Uuid};

use super::{ManualClock, lock};
use crate::clock::{Chance, Clock};

/// Chance from a seed: the same seed gives the same sequence. Ids rise with the clock's time
/// and, within one millisecond, with the order in which they were asked for.
#[derive(Debug)]
pub struct SeededChance {
    clock: ManualClock,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    random: u64,
    serial: u16,
}

impl SeededChance {
    /// Chance that repeats for `seed`.
    #[must_use]
    pub const fn new(seed: u64, clock: ManualClock) -> Self {
        Self { clock, state: Mutex::new(State { random: seed, serial: 0 }) }
    }

    fn next(&self) -> u64 {
        lock(&self.state).next()
    }
}

impl State {
    /// `SplitMix64`: small, and good enough for tests.
    const fn next(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

impl Chance for SeededChance {
    fn jitter(&self) -> Jitter {
        let sample = u32::try_from(self.next() >> 32).unwrap_or_default();
        Jitter::new(f64::from(sample) / (f64::from(u32::MAX) + 1.0))
    }

    fn delivery_id(&self) -> DeliveryId {
        let millis = u64::try_from(self.clock.now().as_micros() / 1000).unwrap_or_default();
        let mut state = lock(&self.state);
        state.serial = state.serial.wrapping_add(1);
        let mut bytes = [0; 10];
        // Twelve bits of the first two bytes survive the version; the serial fits into them.
        bytes[..2].copy_from_slice(&state.serial.to_be_bytes());
        bytes[2..].copy_from_slice(&state.next().to_be_bytes());
        let id = Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid().to_string();
        drop(state);
        // A UUID is 36 bytes of printable text: no grammar of ids refuses it.
        DeliveryId::parse(id).unwrap_or_else(|_| unreachable!("a UUID is a delivery id"))
    }

    fn worker_id(&self) -> WorkerId {
        WorkerId::new(Uuid::from_u64_pair(self.next(), self.next()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_repeats_and_ids_rise() {
        let chance = |seed| SeededChance::new(seed, ManualClock::default());
        let (a, b) = (chance(7), chance(7));
        for _ in 0..100 {
            assert_eq!(a.jitter(), b.jitter());
            assert_eq!(a.worker_id(), b.worker_id());
        }
        let ids: Vec<_> = (0..100).map(|_| a.delivery_id()).collect();
        assert!(ids.is_sorted(), "ids rise");
        assert_ne!(chance(1).worker_id(), chance(2).worker_id());
    }
}
