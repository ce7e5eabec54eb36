//! The worker: claims, sends and settles until it is told to stop.
//!
//! ```text
//!   loop: settle what is finished ─ claim what there is room for ─ rest
//!   beside it: heartbeat (2 s) · pauses (2 s) · janitor (lapsed claims, doubt) · report (1 min)
//!   stop:  no more claims ─ what is in flight finishes within the deadline ─
//!          what never began is given back, what did is in doubt ─ leave
//! ```
//!
//! A letter in flight is renewed at a third of its lease; one whose renewal is refused is
//! given up, because it is somebody else's by then.

mod flight;
mod tasks;

use std::sync::Arc;
use std::time::Duration;

use postroom_domain::id::WorkerId;
use postroom_ports::error::{PortError, PortErrorKind};
use postroom_ports::tracker::DeliveryTracker;
use postroom_ports::worker::Presence;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::flight::Flight;
use crate::dispatcher::{Dispatcher, Limits, Outcome};
use crate::health::Health;
use crate::janitor::Janitor;
use crate::mailroom::Mailroom;
use crate::trouble::Trouble;

/// How a worker works.
#[derive(Clone, Debug)]
pub struct WorkerSettings {
    /// Host and process, for people.
    pub label: String,
    /// Letters per claim.
    pub batch_size: u32,
    /// Letters sent at once.
    pub concurrency: u32,
    /// What the steps are held to.
    pub limits: Limits,
    /// How often it looks for letters by itself: the truth, where wake-ups are hints.
    pub poll_every: Duration,
    /// How often it looks for lapsed claims and letters in doubt.
    pub janitor_every: Duration,
    /// What is kept how long.
    pub retention: postroom_ports::queue::Retention,
    /// How long letters in flight may take to finish after the signal to stop.
    pub drain: Duration,
}

/// The two signals: finish what you have; leave at once.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    /// Claim nothing more, finish what is in flight, leave.
    pub stop: CancellationToken,
    /// Leave now.
    pub now: CancellationToken,
}

/// What a worker did, for its last line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerReport {
    /// Letters settled.
    pub settled: usize,
    /// Letters given back or left in doubt at the end.
    pub unfinished: usize,
}

/// How long the store may take for its answers once the worker was told to leave at once.
const AT_ONCE: Duration = Duration::from_secs(5);
/// How long a result waits for company.
const GATHER: Duration = Duration::from_millis(5);

/// One worker: one start of one process.
#[derive(Debug)]
pub struct Worker {
    dispatcher: Dispatcher,
    tracker: Arc<dyn DeliveryTracker>,
    settings: WorkerSettings,
    /// Rings when there may be letters that no wake-up tells of.
    look: Arc<Notify>,
}

/// What the loop carries along.
struct Shift {
    flight: Flight,
    finished: Vec<Outcome>,
    presence: Presence,
    trouble: Trouble,
    report: WorkerReport,
    renewed: Duration,
}

/// What a look for letters brought.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Letters,
    Nothing,
}

impl Shift {
    /// The store does not answer, and there is no time to wait for it.
    fn break_off(&mut self) {
        let begun = self.flight.abandon();
        self.report.unfinished += begun.len();
        self.finished.extend(begun);
        self.say_what_is_left();
    }

    fn say_what_is_left(&self) {
        if !self.finished.is_empty() {
            tracing::error!(letters = self.finished.len(), "left without settling; their leases will lapse");
        }
    }
}

impl Worker {
    /// A worker under a new name.
    #[must_use]
    pub fn new(room: Mailroom, tracker: Arc<dyn DeliveryTracker>, settings: WorkerSettings) -> Self {
        let id = room.chance.worker_id();
        Self { dispatcher: Dispatcher::new(room, id, settings.limits), tracker, settings, look: Arc::default() }
    }

    /// Its name.
    #[must_use]
    pub const fn id(&self) -> WorkerId {
        self.dispatcher.worker()
    }

    /// How each way out is doing.
    #[must_use]
    pub const fn health(&self) -> &Arc<Health> {
        self.dispatcher.health()
    }

    /// Works until told to stop.
    ///
    /// # Errors
    /// Only where going on is pointless: the schema is missing or too old.
    pub async fn run(&self, signals: &Signals) -> Result<WorkerReport, PortError> {
        let mut trouble = Trouble::default();
        while let Err(error) = self.arrive().await {
            if error.kind() == PortErrorKind::NotMigrated {
                return Err(error);
            }
            let wait = trouble.failed(&error, self.room().chance.jitter());
            if self.pause(wait, &signals.stop).await {
                return Ok(WorkerReport::default());
            }
        }
        trouble.over();
        let ending = CancellationToken::new();
        // Whoever drops this future stops what runs beside the loop, too: a worker that beats and no longer works
        // would keep its letters from everybody else.
        let _ending = ending.clone().drop_guard();
        let tasks = self.start_tasks(&ending);
        let mut shift = self.begin();
        let work = async {
            self.shift(&mut shift, signals).await;
            ending.cancel();
            tasks.wait().await;
            if let Err(error) = self.room().workers.retire(self.id()).await {
                tracing::warn!(%error, "could not take leave; the beat will run out by itself");
            }
        };
        let patience = async {
            signals.now.cancelled().await;
            self.room().clock.sleep(AT_ONCE).await;
        };
        tokio::select! {
            biased;
            () = work => {}
            () = patience => shift.break_off(),
        }
        Ok(shift.report)
    }

    /// Announces itself, and learns what is paused before its first claim.
    async fn arrive(&self) -> Result<(), PortError> {
        self.room().workers.register(self.id(), &self.settings.label).await?;
        self.dispatcher.heed_pauses().await.map(drop)
    }

    fn start_tasks(&self, ending: &CancellationToken) -> TaskTracker {
        let tasks = TaskTracker::new();
        let room = self.room();
        tasks.spawn(tasks::heartbeat(room.clone(), self.id(), ending.clone()));
        tasks.spawn(tasks::pauses(self.dispatcher.clone(), self.look.clone(), ending.clone()));
        let janitor = Janitor::new(self.dispatcher.clone(), self.settings.retention).until(ending.clone());
        tasks.spawn(tasks::janitor(janitor, room.clone(), self.settings.janitor_every, ending.clone()));
        tasks.spawn(tasks::report(self.tracker.clone(), room.clock.clone(), ending.clone()));
        tasks.close();
        tasks
    }

    fn begin(&self) -> Shift {
        Shift {
            flight: Flight::new(self.dispatcher.clone(), self.settings.concurrency),
            finished: Vec::new(),
            presence: Presence::Busy,
            trouble: Trouble::default(),
            report: WorkerReport::default(),
            renewed: self.room().clock.elapsed(),
        }
    }

    async fn shift(&self, shift: &mut Shift, signals: &Signals) {
        while !signals.stop.is_cancelled() {
            match self.turn(shift).await {
                Ok(found) => {
                    shift.trouble.over();
                    self.rest(shift, found, signals).await;
                }
                Err(error) => {
                    let wait = shift.trouble.failed(&error, self.room().chance.jitter());
                    self.pause(wait, &signals.stop).await;
                }
            }
        }
        self.drain(shift, signals).await;
    }

    /// Settles what is finished, renews what is not, and takes what there is room for.
    async fn turn(&self, shift: &mut Shift) -> Result<Found, PortError> {
        self.settle(shift).await?;
        self.renew(shift).await?;
        let mut found = self.take(shift).await?;
        if found == Found::Nothing && shift.presence == Presence::Busy {
            // Idle is committed first and the queue asked once more: a letter that came in
            // between is either seen here or its enqueuer sees that somebody waits.
            self.room().workers.set_presence(self.id(), Presence::Idle).await?;
            shift.presence = Presence::Idle;
            found = self.take(shift).await?;
        }
        if found == Found::Letters && shift.presence == Presence::Idle {
            self.room().workers.set_presence(self.id(), Presence::Busy).await?;
            shift.presence = Presence::Busy;
        }
        Ok(found)
    }

    async fn settle(&self, shift: &mut Shift) -> Result<(), PortError> {
        shift.finished.extend(shift.flight.landed());
        if !shift.finished.is_empty() {
            shift.report.settled += self.dispatcher.settle_all(&shift.finished).await?;
            shift.finished.clear();
        }
        Ok(())
    }

    async fn renew(&self, shift: &mut Shift) -> Result<(), PortError> {
        let now = self.room().clock.elapsed();
        if now.saturating_sub(shift.renewed) < self.renew_every() {
            return Ok(());
        }
        shift.flight.renew(self.settings.limits.lease).await?;
        shift.renewed = now;
        Ok(())
    }

    /// Claims, prepares, records and sends off; what cannot travel is finished at once.
    async fn take(&self, shift: &mut Shift) -> Result<Found, PortError> {
        // At most about twice the open connections is in handover, so that a crash leaves no
        // more than that in doubt.
        let room = shift.flight.room();
        if room == 0 {
            return Ok(Found::Letters);
        }
        let Some((batch, time)) = self.dispatcher.claim(room.min(self.settings.batch_size)).await? else {
            return Ok(Found::Nothing);
        };
        if batch.claims.is_empty() {
            return Ok(Found::Nothing);
        }
        let prepared = self.dispatcher.prepare(batch, time).await;
        shift.finished.extend(prepared.outcomes);
        match self.dispatcher.ready(prepared.parcels).await {
            Ok(parcels) => parcels.into_iter().for_each(|parcel| shift.flight.launch(parcel)),
            Err(not_ready) => {
                shift.finished.extend(not_ready.given_back);
                return Err(not_ready.error);
            }
        }
        prepared.trouble.map_or(Ok(Found::Letters), Err)
    }

    /// Waits for whatever comes first: a result, a wake-up, the next renewal, the end.
    async fn rest(&self, shift: &mut Shift, found: Found, signals: &Signals) {
        if !shift.finished.is_empty() || (found == Found::Letters && shift.flight.room() > 0) {
            tokio::task::yield_now().await;
            return;
        }
        let room = self.room();
        tokio::select! {
            biased;
            () = signals.stop.cancelled() => {}
            Some(outcome) = shift.flight.next(), if !shift.flight.is_empty() => {
                shift.finished.push(outcome);
                self.gather(shift).await;
            }
            woken = room.workers.wait(self.id(), self.longest_wait()), if found == Found::Nothing => {
                if let Err(error) = woken {
                    let wait = shift.trouble.failed(&error, room.chance.jitter());
                    self.pause(wait, &signals.stop).await;
                }
            }
            () = self.look.notified(), if found == Found::Nothing => {}
            () = room.clock.sleep(self.renew_every()) => {}
        }
    }

    /// Waits a moment for more results, so that one commit settles many: a letter by itself
    /// waits for nobody longer than that.
    async fn gather(&self, shift: &mut Shift) {
        while shift.finished.len() < shift.flight.len() {
            tokio::select! {
                biased;
                Some(outcome) = shift.flight.next() => shift.finished.push(outcome),
                () = self.room().clock.sleep(GATHER) => return,
            }
        }
    }

    async fn drain(&self, shift: &mut Shift, signals: &Signals) {
        let clock = &self.room().clock;
        let end = clock.elapsed().saturating_add(self.settings.drain);
        while !shift.flight.is_empty() && !signals.now.is_cancelled() && clock.elapsed() < end {
            tokio::select! {
                biased;
                () = signals.now.cancelled() => {}
                Some(outcome) = shift.flight.next() => shift.finished.push(outcome),
                () = clock.sleep(end.saturating_sub(clock.elapsed()).min(self.renew_every())) => {}
            }
            let settled = async {
                self.settle(shift).await?;
                self.renew(shift).await
            };
            if let Err(error) = settled.await {
                let wait = shift.trouble.failed(&error, self.room().chance.jitter());
                self.pause(wait, &signals.now).await;
            }
        }
        let rest = shift.flight.abandon();
        shift.report.unfinished = rest.len();
        shift.finished.extend(rest);
        for _ in 0..5 {
            let Err(error) = self.settle(shift).await else { return };
            let wait = shift.trouble.failed(&error, self.room().chance.jitter());
            self.pause(wait, &signals.now).await;
        }
        shift.say_what_is_left();
    }

    /// Where all transports rest, the first of them may be tried again before the next poll.
    fn longest_wait(&self) -> Duration {
        let poll = self.settings.poll_every;
        self.dispatcher.rest().map_or(poll, |rest| rest.min(poll))
    }

    fn renew_every(&self) -> Duration {
        self.settings.limits.lease / 3
    }

    const fn room(&self) -> &Mailroom {
        self.dispatcher.room()
    }

    /// Waits; true if told to stop meanwhile.
    async fn pause(&self, wait: Duration, stop: &CancellationToken) -> bool {
        tokio::select! {
            biased;
            () = stop.cancelled() => true,
            () = self.room().clock.sleep(wait) => false,
        }
    }
}
