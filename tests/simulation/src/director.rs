//! Who decides what happens next: the dice of the seed, and nothing else.

use std::fmt::Write as _;
use std::time::Duration;

use futures_util::FutureExt;
use postroom_domain::feedback::Feedback;
use postroom_domain::id::{DeliveryId, TransportName};
use postroom_domain::lifecycle::Resolution;
use postroom_domain::policy::InDoubtPolicy;
use postroom_domain::status::Status;
use postroom_ports::clock::Clock;
use postroom_ports::queue::{DeliveryQueue, ProviderReport, Request};
use postroom_ports::tracker::DeliveryTracker;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::Bug;
use crate::audit::{audit, is_at_rest, record};
use crate::report::{Run, Tally};
use crate::scene::{Process, Scene, letter};
use crate::stage::{Half, Verdict, Waiting};

/// How much may go wrong in this run, in thousandths of a step.
#[derive(Clone, Copy, Debug)]
struct Nature {
    crash: u32,
    stop: u32,
    freeze: u32,
    cut: u32,
    wish: u32,
    report: u32,
    fail: u32,
    time: u32,
    /// How often the call that came first goes first, in thousandths; else any.
    order: u32,
}

/// What keeps a process from its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plight {
    None,
    /// It does not move for so many steps.
    Frozen(u32),
    /// Nothing answers it for so many steps.
    Cut(u32),
}

/// Somebody who is no process: people and providers who call by themselves.
const NOBODY: usize = usize::MAX;
/// How long all letters may take to come to rest once the storm is over.
const CALM_LASTS: Duration = Duration::from_hours(2);

struct Director {
    scene: Scene,
    dice: StdRng,
    nature: Nature,
    processes: Vec<(Process, Plight)>,
    started: usize,
    log: Vec<String>,
    tally: Tally,
}

/// Plays the run of one seed.
///
/// # Panics
/// Only where no executor can be had.
#[must_use]
#[expect(clippy::expect_used, reason = "without an executor there is nothing to run")]
pub fn run(seed: u64, bug: Option<Bug>) -> Run {
    let executor = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    executor.expect("an executor").block_on(Director::new(seed, bug).play(seed))
}

impl Director {
    fn new(seed: u64, bug: Option<Bug>) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        let mut up_to = |most: u32| dice.random_range(0..=most);
        let nature = Nature {
            crash: up_to(8),
            stop: up_to(4),
            freeze: up_to(6),
            cut: up_to(6),
            wish: up_to(12),
            report: up_to(6),
            fail: up_to(30),
            time: 20 + up_to(200),
            order: up_to(1000),
        };
        let scene = Scene::new(seed, bug);
        Self { scene, dice, nature, processes: Vec::new(), started: 0, log: Vec::new(), tally: Tally::default() }
    }

    async fn play(mut self, seed: u64) -> Run {
        let (workers, letters, steps) =
            (self.dice.random_range(2..=3), self.dice.random_range(2..=5), self.dice.random_range(200..1000));
        for _ in 0..workers {
            self.start();
        }
        for number in 0..letters {
            self.enqueue(number);
        }
        for _ in 0..steps {
            self.quiet().await;
            if self.scene.ledger.violation().is_some() {
                break;
            }
            self.step();
        }
        if self.scene.ledger.violation().is_none() {
            self.calm().await;
        }
        self.count();
        Run { seed, violation: self.scene.ledger.violation(), log: self.log, tally: self.tally }
    }

    /// Until every task waits for the director: the executor's own time, which stands still as
    /// long as anything can run, moves on only then.
    async fn quiet(&self) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    fn say(&mut self, what: &str) {
        let at = self.scene.clock.elapsed();
        self.log.push(format!("{:>9.3} {what}", at.as_secs_f64()));
    }

    fn start(&mut self) {
        let process = self.scene.start(self.started);
        self.say(&format!("process {} starts", self.started));
        self.started += 1;
        self.processes.push((process, Plight::None));
    }

    fn enqueue(&mut self, number: usize) {
        let policy = InDoubtPolicy::ALL[self.dice.random_range(0..InDoubtPolicy::ALL.len())];
        let mut new = letter(number, policy);
        if self.dice.random_range(0..4) == 0 {
            new.due_at = Some(self.scene.clock.now().plus(Duration::from_secs(self.dice.random_range(1..30))));
        }
        self.say(&format!("letter-{number} is enqueued under {}", policy.as_str()));
        self.tally.letters += 1;
        self.outside(|door| async move { drop(door.enqueue(&[new]).await) });
    }

    /// A call of somebody who is no process: nothing delays it.
    fn outside<F: Future<Output = ()>>(&mut self, call: impl FnOnce(crate::watched::Watched) -> F) {
        let mut call = Box::pin(call(self.scene.door(NOBODY)));
        while (&mut call).now_or_never().is_none() {
            for waiting in self.scene.stage.waiting().into_iter().filter(|waiting| waiting.process == NOBODY) {
                self.scene.stage.release(waiting.number, Verdict::Go);
            }
        }
    }

    /// One decision.
    fn step(&mut self) {
        self.tally.steps += 1;
        self.recover();
        let roll = self.dice.random_range(0..1000);
        let nature = self.nature;
        let mut edge = 0;
        let mut falls_to = |share: u32| {
            edge += share;
            roll < edge
        };
        if falls_to(nature.crash) {
            self.crash();
        } else if falls_to(nature.stop) {
            self.stop();
        } else if falls_to(nature.freeze) {
            let steps = self.dice.random_range(10..120);
            self.afflict(Plight::Frozen(steps));
        } else if falls_to(nature.cut) {
            let steps = self.dice.random_range(5..60);
            self.afflict(Plight::Cut(steps));
        } else if falls_to(nature.wish) {
            self.wish();
        } else if falls_to(nature.report) {
            self.report();
        } else if falls_to(nature.time) {
            self.advance();
        } else {
            self.release();
        }
    }

    /// Plights pass; processes that left are replaced.
    fn recover(&mut self) {
        for (_, plight) in &mut self.processes {
            *plight = match *plight {
                Plight::Frozen(steps) if steps > 0 => Plight::Frozen(steps - 1),
                Plight::Cut(steps) if steps > 0 => Plight::Cut(steps - 1),
                _ => Plight::None,
            };
        }
        let before = self.processes.len();
        self.processes.retain(|(process, _)| !process.work.is_finished());
        for _ in self.processes.len()..before {
            self.start();
        }
    }

    fn any_process(&mut self) -> Option<usize> {
        (!self.processes.is_empty()).then(|| self.dice.random_range(0..self.processes.len()))
    }

    fn crash(&mut self) {
        let Some(index) = self.any_process() else { return };
        let (process, _) = self.processes.remove(index);
        self.scene.stage.kill(process.number);
        process.work.abort();
        self.tally.crashes += 1;
        self.say(&format!("process {} is killed", process.number));
        self.start();
    }

    fn stop(&mut self) {
        let Some(index) = self.any_process() else { return };
        self.processes[index].0.signals.stop.cancel();
        self.tally.stops += 1;
        self.say(&format!("process {} is told to stop", self.processes[index].0.number));
    }

    fn afflict(&mut self, plight: Plight) {
        let Some(index) = self.any_process() else { return };
        self.processes[index].1 = plight;
        self.tally.freezes += usize::from(matches!(plight, Plight::Frozen(_)));
        self.say(&format!("process {} is {plight:?}", self.processes[index].0.number));
    }

    fn any_letter(&mut self) -> Option<DeliveryId> {
        let letters = self.scene.ledger.letters();
        (!letters.is_empty()).then(|| letters[self.dice.random_range(0..letters.len())].clone())
    }

    fn wish(&mut self) {
        let Some(id) = self.any_letter() else { return };
        let request = match self.dice.random_range(0..12) {
            0..5 => Request::Cancel,
            5..7 => Request::Redrive,
            7..9 => Request::Retry,
            9 => Request::Resolve(Resolution::Resend),
            10 => Request::Resolve(Resolution::Sent),
            _ => Request::Resolve(Resolution::GiveUp),
        };
        self.say(&format!("a person asks for {request:?} of {id}"));
        self.outside(|door| async move { drop(door.request(&[id], request, None).await) });
    }

    fn report(&mut self) {
        let Some(id) = self.any_letter() else { return };
        if self.scene.ledger.read(&id, |account| account.taken.is_empty()) != Some(false) {
            return;
        }
        let Ok(transport) = TransportName::parse("alpha") else { return };
        let (feedback, event_id) = (Feedback::Delivered, format!("report-{}", self.tally.steps));
        let report = ProviderReport { feedback, event_id, transport, payload: serde_json::Value::Null };
        self.say(&format!("the provider reports that it has {id}"));
        self.outside(|door| async move { drop(door.record(&id, &report).await) });
    }

    fn advance(&mut self) {
        let Some(next) = self.scene.clock.next_wake() else { return };
        self.scene.clock.advance(next);
        self.say("time passes");
    }

    /// Lets one call that waits go on, or fail.
    fn release(&mut self) {
        let frozen = |process: usize, all: &[(Process, Plight)]| {
            all.iter().any(|(known, plight)| known.number == process && matches!(plight, Plight::Frozen(_)))
        };
        let mut waiting = self.scene.stage.waiting();
        waiting.retain(|call| !frozen(call.process, &self.processes));
        if waiting.is_empty() {
            return self.advance();
        }
        let in_order = self.dice.random_range(0..1000) < self.nature.order;
        let call = if in_order { waiting[0] } else { waiting[self.dice.random_range(0..waiting.len())] };
        let verdict = self.verdict(call);
        self.say(&format!("process {}: {} {:?} {verdict:?}", call.process, call.call, call.half));
        self.scene.stage.release(call.number, verdict);
    }

    fn verdict(&mut self, call: Waiting) -> Verdict {
        let cut =
            |(known, plight): &(Process, Plight)| known.number == call.process && matches!(plight, Plight::Cut(_));
        let fails = self.processes.iter().any(cut) || self.dice.random_range(0..1000) < self.nature.fail;
        if !fails {
            return Verdict::Go;
        }
        match call.half {
            Half::Begin => self.tally.refused += 1,
            Half::End => self.tally.unheard += 1,
        }
        Verdict::Fail
    }

    /// No more faults: every letter must come to rest, and every worker stop when it is told.
    async fn calm(&mut self) {
        self.say("the storm is over");
        self.scene.stage.calm();
        self.quiet().await;
        self.recover();
        let end = self.scene.clock.elapsed().saturating_add(CALM_LASTS);
        while !self.scene.ledger.letters().iter().all(|id| is_at_rest(&self.scene.store, id)) {
            self.quiet().await;
            if self.scene.ledger.violation().is_some() {
                return;
            }
            let Some(next) = self.scene.clock.next_wake().filter(|_| self.scene.clock.elapsed() < end) else {
                return self.unsettled();
            };
            self.scene.clock.advance(next);
        }
        self.leave().await;
        self.say("all is at rest");
        for id in self.scene.ledger.letters() {
            audit(&self.scene.store, &self.scene.ledger, &id);
        }
    }

    async fn leave(&mut self) {
        for (process, _) in &self.processes {
            process.signals.stop.cancel();
        }
        for _ in 0..100 {
            self.quiet().await;
            if self.processes.iter().all(|(process, _)| process.work.is_finished()) {
                return;
            }
            self.scene.clock.advance(self.scene.clock.next_wake().unwrap_or_default());
        }
        self.scene.ledger.broken(|| "a worker that was told to stop goes on".to_owned());
    }

    fn unsettled(&self) {
        let mut open = String::new();
        for id in self.scene.ledger.letters() {
            if let Some((is, events)) = record(&self.scene.store, &id).filter(|_| !is_at_rest(&self.scene.store, &id)) {
                let story: Vec<&str> = events.iter().map(|event| event.status.as_str()).collect();
                let _ = write!(open, " {id} is {} after {}", is.status, story.join(", "));
            }
        }
        self.scene.ledger.broken(|| format!("lost: a letter does not come to rest:{open}"));
    }

    fn count(&mut self) {
        for id in self.scene.ledger.letters() {
            let taken = self.scene.ledger.read(&id, |account| account.taken.len()).unwrap_or_default();
            self.tally.taken += taken;
            self.tally.duplicates += usize::from(taken > 1);
            let events = record(&self.scene.store, &id).map(|(_, events)| events).unwrap_or_default();
            self.tally.doubtful += usize::from(events.iter().any(|event| event.status == Status::InDoubt));
        }
    }
}
