//! The worker's loop over ports in memory.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::house::{House, SECOND, delivery, policy, settings};
use postroom::system::SystemClock;
use postroom::worker::{Signals, Worker, WorkerSettings};
use postroom_domain::id::{DeliveryId, WorkerId};
use postroom_domain::status::Status;
use postroom_domain::time::Timestamp;
use postroom_ports::clock::Clock as _;
use postroom_ports::error::PortError;
use postroom_ports::memory::{Answer, ManualClock, MemoryStore};
use postroom_ports::worker::{Presence, Woken, WorkerRegistry};

/// A house whose worker waits in real time, over a store whose time is told.
fn house() -> House {
    let clock = ManualClock::at(Timestamp::from_micros(1_900_000_000_000_000));
    House::with_clock(policy(), clock, Arc::new(SystemClock::start()))
}

async fn until(house: &House, id: &DeliveryId, status: Status) {
    let reached = async {
        while house.status(id).await != status {
            tokio::time::sleep(SECOND / 100).await;
        }
    };
    tokio::time::timeout(30 * SECOND, reached).await.unwrap();
}

#[tokio::test]
async fn it_sends_what_is_there_and_what_comes() {
    let house = house();
    let first = house.enqueue(delivery("first")).await;
    let worker = Worker::new(house.room.clone(), Arc::new(house.store.clone()), settings());
    let signals = Signals::default();
    let stop = signals.stop.clone();
    let working = tokio::spawn(async move { worker.run(&signals).await });
    until(&house, &first, Status::Sent).await;
    let second = house.enqueue(delivery("second")).await;
    until(&house, &second, Status::Sent).await;
    stop.cancel();
    let report = working.await.unwrap().unwrap();
    assert_eq!((report.settled, report.unfinished), (2, 0));
}

/// On a runtime of threads the task that was started last begins first.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn letters_leave_in_the_order_in_which_they_were_claimed() {
    let house = house();
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d", "e", "f"] {
        ids.push(house.enqueue(delivery(name)).await);
    }
    let one_by_one = WorkerSettings { concurrency: 1, ..settings() };
    let worker = Worker::new(house.room.clone(), Arc::new(house.store.clone()), one_by_one);
    let signals = Signals::default();
    let stop = signals.stop.clone();
    let working = tokio::spawn(async move { worker.run(&signals).await });
    for id in &ids {
        until(&house, id, Status::Sent).await;
    }
    stop.cancel();
    assert!(working.await.unwrap().is_ok());
    let sent: Vec<DeliveryId> = house.transport.taken().into_iter().map(|letter| letter.delivery_id).collect();
    assert_eq!(sent, ids);
}

#[tokio::test]
async fn at_the_deadline_what_began_is_in_doubt_and_what_did_not_goes_back() {
    let house = house();
    house.transport.otherwise(Answer::Hang);
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d"] {
        ids.push(house.enqueue(delivery(name)).await);
    }
    let worker = Worker::new(house.room.clone(), Arc::new(house.store.clone()), settings());
    let signals = Signals::default();
    let stop = signals.stop.clone();
    let working = tokio::spawn(async move { worker.run(&signals).await });
    for id in &ids {
        until(&house, id, Status::InProgress).await;
    }
    tokio::time::sleep(SECOND / 10).await;
    stop.cancel();
    let report = working.await.unwrap().unwrap();
    assert_eq!(report.unfinished, 4);
    let mut codes = Vec::new();
    for id in &ids {
        codes.push(house.code(id).await.unwrap());
    }
    codes.sort();
    assert_eq!(codes, ["GIVEN_BACK", "GIVEN_BACK", "SHUTDOWN", "SHUTDOWN"], "two connections, four letters");
}

#[tokio::test]
async fn a_letter_that_panics_its_transport_is_in_doubt_and_the_worker_lives() {
    use postroom_ports::queue::Support;
    use postroom_ports::transport::{MockMailTransport, TransportCapabilities};

    let mut house = house();
    let mut rotten = MockMailTransport::new();
    rotten.expect_name().returning(|| postroom_domain::id::TransportName::parse("rotten").unwrap());
    rotten.expect_capabilities().returning(|| TransportCapabilities {
        smtputf8: Support::No,
        reconcile: Support::No,
        max_size: None,
        concurrency: 1,
    });
    rotten.expect_send().times(1..).returning(|_| std::panic::resume_unwind(Box::new("poison")));
    house.room.transports = vec![Arc::new(rotten)];
    let id = house.enqueue(delivery("poison")).await;
    let worker = Worker::new(house.room.clone(), Arc::new(house.store.clone()), settings());
    let signals = Signals::default();
    let stop = signals.stop.clone();
    let working = tokio::spawn(async move { worker.run(&signals).await });
    let doubted = async {
        while !house.statuses(&id).await.contains(&Status::InDoubt) {
            tokio::time::sleep(SECOND / 100).await;
        }
    };
    tokio::time::timeout(30 * SECOND, doubted).await.unwrap();
    stop.cancel();
    assert!(working.await.unwrap().is_ok());
}

/// Otherwise it would beat on, and keep its letters from everybody else until their leases run out.
#[tokio::test]
async fn a_worker_whose_future_is_dropped_leaves_nothing_running() {
    let house = House::new(policy());
    let worker = Worker::new(house.room.clone(), Arc::new(house.store.clone()), settings());
    let signals = Signals::default();
    let working = tokio::spawn(async move { worker.run(&signals).await });
    while house.clock.next_wake().is_none() {
        tokio::task::yield_now().await;
    }
    working.abort();
    assert!(working.await.unwrap_err().is_cancelled());
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert_eq!(house.clock.next_wake(), None, "somebody still waits for the time to pass");
}

/// Both clocks are told: lets everybody do what there is to do, and then the time pass, in steps of half a second.
async fn pass(house: &House, time: Duration) {
    let step = SECOND / 2;
    let mut left = time;
    loop {
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
        if left.is_zero() {
            return;
        }
        house.clock.advance(step);
        left = left.saturating_sub(step);
    }
}

#[tokio::test]
async fn workers_that_could_not_beat_for_a_while_do_not_take_each_other_for_dead() {
    nobody_is_taken_for_dead(SECOND / 50, 30 * SECOND).await;
}

/// The first worker's second round comes ten seconds after its first, and so at once after the silence: before the second
/// worker has beaten.
#[tokio::test]
async fn nor_do_they_where_the_silence_lies_between_two_rounds_of_a_janitor() {
    nobody_is_taken_for_dead(10 * SECOND, 8 * SECOND).await;
}

/// The machine stood still, or the store was away: nobody could beat, and everybody goes on.
async fn nobody_is_taken_for_dead(janitor_every: Duration, silence: Duration) {
    let house = House::new(policy());
    house.transport.otherwise(Answer::Hang);
    let mut ids = Vec::new();
    let signals = Signals::default();
    let mut room = house.room.clone();
    let mut working = Vec::new();
    for names in [["one", "behind-one"], ["two", "behind-two"]] {
        for name in names {
            ids.push(house.enqueue(delivery(name)).await);
        }
        let one_by_one = WorkerSettings { concurrency: 1, janitor_every, ..settings() };
        let worker = Worker::new(room.clone(), Arc::new(house.store.clone()), one_by_one);
        room.workers = Arc::new(Sluggish { beats_after: SECOND, ..Sluggish::before(&house) });
        let signals = signals.clone();
        working.push(tokio::spawn(async move { worker.run(&signals).await }));
        pass(&house, SECOND).await;
        assert_eq!(house.transport.taken().len(), working.len(), "one letter is on its way with each worker");
    }
    let gone = house.dispatcher();
    house.beat(&gone).await;
    let orphan = house.enqueue(delivery("orphan")).await;
    gone.claim(1).await.unwrap();
    assert_eq!(house.status(&orphan).await, Status::InProgress);

    house.clock.advance(silence);
    pass(&house, 20 * SECOND).await;
    for id in &ids {
        assert_eq!(house.statuses(id).await, [Status::Queued, Status::InProgress], "its worker lives");
    }
    assert!(house.statuses(&orphan).await.contains(&Status::Retrying), "whose worker is gone is found all the same");
    for worker in working {
        worker.abort();
    }
}

/// A registry that takes its time.
#[derive(Debug)]
struct Sluggish {
    store: MemoryStore,
    clock: ManualClock,
    beats_after: Duration,
    retires_after: Duration,
}

impl Sluggish {
    fn before(house: &House) -> Self {
        let (store, clock) = (house.store.clone(), house.clock.clone());
        Self { store, clock, beats_after: Duration::ZERO, retires_after: Duration::ZERO }
    }
}

#[async_trait]
impl WorkerRegistry for Sluggish {
    async fn register(&self, worker: WorkerId, label: &str) -> Result<(), PortError> {
        self.store.register(worker, label).await
    }

    async fn beat(&self, worker: WorkerId) -> Result<(), PortError> {
        self.clock.sleep(self.beats_after).await;
        self.store.beat(worker).await
    }

    async fn set_presence(&self, worker: WorkerId, presence: Presence) -> Result<(), PortError> {
        self.store.set_presence(worker, presence).await
    }

    async fn wait(&self, worker: WorkerId, longest: Duration) -> Result<Woken, PortError> {
        self.store.wait(worker, longest).await
    }

    async fn retire(&self, worker: WorkerId) -> Result<(), PortError> {
        self.clock.sleep(self.retires_after).await;
        self.store.retire(worker).await
    }
}

#[tokio::test]
async fn told_to_leave_at_once_it_waits_for_no_store_that_keeps_silent() {
    let mut house = House::new(policy());
    house.room.workers = Arc::new(Sluggish { retires_after: 3600 * SECOND, ..Sluggish::before(&house) });
    let worker = Worker::new(house.room.clone(), Arc::new(house.store.clone()), settings());
    let signals = Signals::default();
    let Signals { stop, now } = signals.clone();
    let working = tokio::spawn(async move { worker.run(&signals).await });
    pass(&house, SECOND).await;
    stop.cancel();
    pass(&house, 60 * SECOND).await;
    assert!(!working.is_finished(), "it was not told to hurry");
    now.cancel();
    pass(&house, 6 * SECOND).await;
    assert!(working.is_finished(), "it was");
    assert_eq!(working.await.unwrap().unwrap().unfinished, 0);
}
