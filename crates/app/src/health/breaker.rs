//! One way out: open, resting, tried again with one letter, and then with more and more.
//!
//! ```text
//!            enough failures in a row, or told to wait
//!   open ─────────────────────────────────────────────▶ resting ◀─┐
//!    ▲                                                     │      │ the probe fails:
//!    │ as many letters as usual again        the rest ends │      │ twice as long
//!    │                                                     ▼      │
//!   slow start ◀───────────────────────────────── one probe letter ┘
//!                        it is taken
//! ```
//!
//! Pure: time and chance are told. What counts as trouble is the provider's, never a letter's.

use std::time::Duration;

use postroom_domain::retry::{Backoff, Jitter};

/// When a way out is given a rest, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How many failures in a row, with no letter taken between them, begin a rest.
    pub failures: u32,
    /// The first rest; each probe that fails doubles it.
    pub first: Duration,
    /// The longest rest, unless the provider itself asks for more.
    pub longest: Duration,
}

impl Default for Patience {
    /// Three in a row; a second at first, half a minute at most.
    fn default() -> Self {
        Self { failures: 3, first: Duration::from_secs(1), longest: Duration::from_secs(30) }
    }
}

/// How many letters at once a slow start begins with.
const SLOW_START: u32 = 2;
/// A slow start that has come this far is over.
const FULL: u32 = 64;

/// What one letter says about its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It works: the letter was taken, or refused for its own sake.
    Well,
    /// It does not, and may have asked to be left alone for some time.
    Trouble(Option<Duration>),
    /// It will not until somebody acts; it rests for that long between two tries.
    Barred(Duration),
    /// Nothing: the letter never came that far.
    Nothing,
}

/// What changed with one letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing that anybody has to hear.
    None,
    /// A rest began where there was none, or now somebody has to act where it would have passed.
    Closed,
    /// Letters are taken again, after that long.
    Reopened(Duration),
}

/// In which part a letter goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// As one of many.
    Regular,
    /// To find out whether the trouble is over.
    Probe,
}

/// What people have been told of the present trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Nothing,
    Trouble,
    Barred,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Letters may go: as many as usual, or as many at once as the slow start allows.
    Open { at_once: Option<u32> },
    /// None may go before `until`; `rests` is how often in a row there was a rest.
    Resting { until: Duration, rests: u32 },
    /// One is on its way to find out.
    Probing { rests: u32 },
}

/// The breaker of one way out.
#[derive(Clone, Copy, Debug)]
pub struct Breaker {
    patience: Patience,
    state: State,
    failures: u32,
    on_their_way: u32,
    /// When the trouble began that is not over, and what was said of it.
    since: Option<Duration>,
    told: Told,
}

impl Breaker {
    /// An open one.
    #[must_use]
    pub const fn new(patience: Patience) -> Self {
        let state = State::Open { at_once: None };
        Self { patience, state, failures: 0, on_their_way: 0, since: None, told: Told::Nothing }
    }

    /// How many more letters may begin at `now`; `u32::MAX` is as many as one likes.
    #[must_use]
    pub fn room(&self, now: Duration) -> u32 {
        match self.state {
            State::Open { at_once: None } => u32::MAX,
            State::Open { at_once: Some(limit) } => limit.saturating_sub(self.on_their_way),
            State::Resting { until, .. } if until <= now => 1,
            State::Resting { .. } | State::Probing { .. } => 0,
        }
    }

    /// How long no letter may go: the rest's own end, or a moment where the answer to a probe
    /// or to the letters of a slow start is awaited. `None` where one may.
    #[must_use]
    pub fn rest(&self, now: Duration) -> Option<Duration> {
        if self.room(now) > 0 {
            return None;
        }
        Some(match self.state {
            State::Resting { until, .. } => until.saturating_sub(now),
            State::Probing { .. } | State::Open { .. } => self.patience.first,
        })
    }

    /// Whether the way out is in trouble: resting, or about to find out whether it still is.
    #[must_use]
    pub const fn is_troubled(&self) -> bool {
        !matches!(self.state, State::Open { .. })
    }

    /// One letter begins. Asked for only where there is room.
    pub fn begin(&mut self, now: Duration) -> Role {
        self.on_their_way = self.on_their_way.saturating_add(1);
        match self.state {
            State::Resting { until, rests } if until <= now => {
                self.state = State::Probing { rests };
                Role::Probe
            }
            _ => Role::Regular,
        }
    }

    /// One letter has ended, and `sign` is what it says.
    pub fn end(&mut self, role: Role, sign: Sign, now: Duration, jitter: Jitter) -> Change {
        self.on_their_way = self.on_their_way.saturating_sub(1);
        match (role, self.state) {
            (Role::Probe, State::Probing { rests }) => self.found_out(sign, rests, now, jitter),
            (_, State::Open { at_once }) => self.one_of_many(sign, at_once, now, jitter),
            // It was on its way when the trouble began and says nothing new, unless that the
            // provider wants to be left alone for longer.
            (_, State::Resting { until, rests }) => {
                if let Sign::Trouble(Some(wish)) | Sign::Barred(wish) = sign {
                    self.state = State::Resting { until: until.max(now.saturating_add(wish)), rests };
                }
                self.tell(sign)
            }
            (Role::Regular, State::Probing { .. }) => Change::None,
        }
    }

    fn one_of_many(&mut self, sign: Sign, at_once: Option<u32>, now: Duration, jitter: Jitter) -> Change {
        match sign {
            Sign::Nothing => Change::None,
            Sign::Well => {
                self.failures = 0;
                self.state = State::Open { at_once: at_once.map(|limit| limit + 1).filter(|limit| *limit < FULL) };
                Change::None
            }
            Sign::Trouble(None) if self.failures.saturating_add(1) < self.patience.failures => {
                self.failures = self.failures.saturating_add(1);
                Change::None
            }
            Sign::Trouble(_) | Sign::Barred(_) => {
                self.since = Some(now);
                self.rest_again(sign, 0, now, jitter)
            }
        }
    }

    fn found_out(&mut self, sign: Sign, rests: u32, now: Duration, jitter: Jitter) -> Change {
        match sign {
            Sign::Well => {
                (self.failures, self.told) = (0, Told::Nothing);
                self.state = State::Open { at_once: Some(SLOW_START) };
                Change::Reopened(self.since.take().map_or(Duration::ZERO, |since| now.saturating_sub(since)))
            }
            Sign::Nothing => {
                self.state = State::Resting { until: now, rests };
                Change::None
            }
            Sign::Trouble(_) | Sign::Barred(_) => self.rest_again(sign, rests, now, jitter),
        }
    }

    fn rest_again(&mut self, sign: Sign, rests: u32, now: Duration, jitter: Jitter) -> Change {
        let rest = match sign {
            Sign::Barred(rest) => rest,
            Sign::Trouble(wish) => self.doubled(rests, jitter).max(wish.unwrap_or_default()),
            Sign::Well | Sign::Nothing => Duration::ZERO,
        };
        self.state = State::Resting { until: now.saturating_add(rest), rests: rests.saturating_add(1) };
        self.tell(sign)
    }

    /// Each kind of trouble is said once, until it is over.
    fn tell(&mut self, sign: Sign) -> Change {
        let news = match sign {
            Sign::Well | Sign::Nothing => Told::Nothing,
            Sign::Trouble(_) => Told::Trouble,
            Sign::Barred(_) => Told::Barred,
        };
        if news <= self.told {
            return Change::None;
        }
        self.told = news;
        Change::Closed
    }

    /// Doubled with every rest; half of it is chance, so that many workers do not come back
    /// together.
    fn doubled(&self, rests: u32, jitter: Jitter) -> Duration {
        let Patience { first, longest, .. } = self.patience;
        let whole = first.saturating_mul(2_u32.saturating_pow(rests)).min(longest.max(first));
        let chance = Backoff::Exponential { base: whole / 2, cap: whole / 2 }.after(1, jitter);
        (whole / 2).saturating_add(chance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const TROUBLE: Sign = Sign::Trouble(None);

    fn at(seconds: u32) -> Duration {
        SECOND * seconds
    }

    /// One letter from its beginning to its end.
    fn letter(breaker: &mut Breaker, sign: Sign, now: Duration) -> Change {
        let role = breaker.begin(now);
        breaker.end(role, sign, now, Jitter::NONE)
    }

    /// A breaker that has just closed, at second 0, after three letters that failed.
    fn closed() -> Breaker {
        let mut breaker = Breaker::new(Patience::default());
        for expected in [Change::None, Change::None, Change::Closed] {
            assert_eq!(letter(&mut breaker, TROUBLE, at(0)), expected);
        }
        breaker
    }

    #[test]
    fn it_closes_after_three_failures_in_a_row_and_a_success_between_them_counts() {
        let mut breaker = Breaker::new(Patience::default());
        for sign in [TROUBLE, TROUBLE, Sign::Well, TROUBLE, TROUBLE] {
            assert_eq!(letter(&mut breaker, sign, at(0)), Change::None);
        }
        assert_eq!(breaker.room(at(0)), u32::MAX);
        assert_eq!(closed().room(at(0)), 0);
    }

    #[test]
    fn what_the_provider_asks_for_holds_at_once_and_in_full() {
        let mut breaker = Breaker::new(Patience::default());
        assert_eq!(letter(&mut breaker, Sign::Trouble(Some(at(90))), at(0)), Change::Closed);
        assert_eq!(breaker.rest(at(1)), Some(at(89)));
        assert_eq!(breaker.room(at(90)), 1);
    }

    #[test]
    fn a_longer_wish_of_a_letter_that_was_on_its_way_holds_too() {
        let mut breaker = Breaker::new(Patience::default());
        let late = breaker.begin(at(0));
        letter(&mut breaker, Sign::Trouble(Some(at(10))), at(0));
        assert_eq!(breaker.end(late, Sign::Trouble(Some(at(60))), at(1), Jitter::NONE), Change::None);
        assert_eq!(breaker.rest(at(11)), Some(at(50)));
    }

    #[test]
    fn after_a_rest_one_letter_finds_out() {
        let mut breaker = closed();
        assert_eq!(breaker.room(at(1)), 1);
        assert_eq!(breaker.begin(at(1)), Role::Probe);
        assert_eq!(breaker.room(at(1)), 0, "one probe at a time");
        assert!(breaker.rest(at(1)).is_some());
    }

    #[test]
    fn each_failed_probe_doubles_the_rest_up_to_the_longest() {
        let mut breaker = closed();
        let mut now = at(1);
        let mut rests = Vec::new();
        for _ in 0..7 {
            let probe = breaker.begin(now);
            assert_eq!(breaker.end(probe, TROUBLE, now, Jitter::new(1.0)), Change::None, "said once");
            let rest = breaker.rest(now).unwrap();
            rests.push(rest.as_secs_f64().round());
            now += rest;
        }
        assert_eq!(rests, [2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]);
    }

    #[test]
    fn after_a_probe_that_was_taken_letters_come_back_slowly() {
        let mut breaker = closed();
        assert_eq!(letter(&mut breaker, Sign::Well, at(1)), Change::Reopened(at(1)));
        let mut rooms = Vec::new();
        // Rounds of as many letters as there is room for, all taken.
        while breaker.room(at(1)) < u32::MAX {
            let room = breaker.room(at(1));
            rooms.push(room);
            let begun: Vec<Role> = (0..room).map(|_| breaker.begin(at(1))).collect();
            assert_eq!(breaker.room(at(1)), 0);
            for role in begun {
                assert_eq!(breaker.end(role, Sign::Well, at(1), Jitter::NONE), Change::None);
            }
        }
        assert_eq!(rooms, [2, 4, 8, 16, 32]);
    }

    #[test]
    fn a_probe_that_never_came_that_far_lets_the_next_one_try() {
        let mut breaker = closed();
        assert_eq!(letter(&mut breaker, Sign::Nothing, at(1)), Change::None);
        assert_eq!(breaker.room(at(1)), 1);
    }

    #[test]
    fn letters_from_before_neither_end_a_rest_nor_stand_in_for_the_probe() {
        let mut breaker = Breaker::new(Patience::default());
        let late: Vec<Role> = (0..4).map(|_| breaker.begin(at(0))).collect();
        for _ in 0..3 {
            letter(&mut breaker, TROUBLE, at(0));
        }
        assert_eq!(breaker.end(late[0], Sign::Well, at(0), Jitter::NONE), Change::None);
        assert_eq!(breaker.room(at(0)), 0, "a late success");
        let probe = breaker.begin(at(1));
        for (role, sign) in late[1..].iter().zip([Sign::Well, TROUBLE, Sign::Nothing]) {
            assert_eq!(breaker.end(*role, sign, at(1), Jitter::NONE), Change::None);
            assert_eq!(breaker.room(at(1)), 0, "the probe is still on its way");
        }
        assert_eq!(breaker.end(probe, Sign::Well, at(2), Jitter::NONE), Change::Reopened(at(2)));
    }

    #[test]
    fn one_that_needs_a_person_rests_as_long_as_it_is_told() {
        let mut breaker = Breaker::new(Patience::default());
        assert_eq!(letter(&mut breaker, Sign::Barred(at(60)), at(0)), Change::Closed);
        assert_eq!(breaker.rest(at(0)), Some(at(60)));
        assert_eq!(letter(&mut breaker, Sign::Barred(at(60)), at(60)), Change::None);
        assert_eq!(breaker.rest(at(60)), Some(at(60)), "it does not grow");
    }

    #[test]
    fn trouble_that_turns_out_to_need_a_person_is_said_again() {
        let mut breaker = closed();
        assert_eq!(letter(&mut breaker, Sign::Barred(at(60)), at(1)), Change::Closed);
        assert_eq!(letter(&mut breaker, TROUBLE, at(61)), Change::None);
    }
}
