//! A provider that is away for an hour, on a clock that moves when told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use postroom_domain::failure::{Failure, FailureClass, Scope};
use postroom_domain::id::TransportName;
use postroom_domain::lifecycle::{Alarm, Evidence};
use postroom_domain::status::Status;
use postroom_ports::memory::Answer;
use postroom_ports::queue::DeliveryQueue;
use postroom_ports::tracker::DeliveryTracker;
use postroom_ports::transport::{MailTransport, Outgoing, Receipt, TransportCapabilities};

use crate::house::{House, SECOND, delivery, failure, policy};

/// Counts the calls that reach another transport.
#[derive(Debug)]
struct Counted {
    inner: Arc<dyn MailTransport>,
    calls: Arc<AtomicU32>,
}

#[async_trait]
impl MailTransport for Counted {
    fn name(&self) -> TransportName {
        self.inner.name()
    }

    fn capabilities(&self) -> TransportCapabilities {
        self.inner.capabilities()
    }

    async fn send<'a>(&self, outgoing: Outgoing<'a>) -> Result<Receipt, Failure> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.inner.send(outgoing).await
    }

    async fn reconcile<'a>(&self, outgoing: Outgoing<'a>) -> Result<Evidence, Failure> {
        self.inner.reconcile(outgoing).await
    }
}

/// A house whose mail server is away, and how often somebody tried it.
fn house() -> (House, Arc<AtomicU32>) {
    let mut house = House::new(policy());
    let calls = Arc::new(AtomicU32::new(0));
    house.room.transports = vec![Arc::new(Counted { inner: house.transport.clone(), calls: calls.clone() })];
    house.transport.otherwise(Answer::Refuse(failure(FailureClass::PROVIDER_DEFERRED, "CONNECT_REFUSED")));
    (house, calls)
}

#[tokio::test]
async fn ten_thousand_letters_wait_out_an_hour_without_a_provider() {
    const LETTERS: usize = 10_000;
    let (house, calls) = house();
    let letters: Vec<_> = (0..LETTERS).map(|number| delivery(&format!("letter-{number}"))).collect();
    house.store.enqueue(&letters).await.unwrap();
    let dispatcher = house.dispatcher();

    let mut busiest = 0;
    for _ in 0..3_500 {
        let before = calls.load(Ordering::Relaxed);
        dispatcher.run_once(20).await.unwrap();
        busiest = busiest.max(calls.load(Ordering::Relaxed) - before);
        house.clock.advance(SECOND);
    }
    let tried = calls.load(Ordering::Relaxed);
    // The first second finds out; from then on one letter at a time does.
    assert!(busiest <= 3, "{busiest} connections in one second");
    assert!((3_500 / 30..=3_500 / 10).contains(&tried), "{tried} tries in an hour: neither hammered nor given up");
    let alarms: Vec<Alarm> = house.notifier.alerts().iter().map(|alert| alert.alarm).collect();
    assert_eq!(alarms, [Alarm::Outage], "said once");

    // It comes back: a few letters at first, then more and more.
    house.transport.otherwise(Answer::Accept);
    house.clock.advance(30 * SECOND);
    let mut rounds = Vec::new();
    while house.transport.taken().len() < LETTERS && rounds.len() < LETTERS {
        rounds.push(dispatcher.run_once(100).await.unwrap());
        if rounds.last() == Some(&0) {
            house.clock.advance(SECOND);
        }
    }
    assert_eq!(rounds[..6], [1, 2, 4, 8, 16, 32]);
    let counts = DeliveryTracker::counts(&house.store).await.unwrap();
    assert_eq!(counts.by_status, [(Status::Sent, LETTERS as u64)], "none was given up");
}

#[tokio::test]
async fn what_one_letter_is_told_to_wait_all_letters_wait() {
    let (house, calls) = house();
    let wait = FailureClass::Deferred { scope: Scope::Provider, retry_after: Some(120 * SECOND) };
    house.transport.otherwise(Answer::Refuse(failure(wait, "HTTP_429")));
    for number in 0..5 {
        house.enqueue(delivery(&format!("letter-{number}"))).await;
    }
    let dispatcher = house.dispatcher();
    for _ in 0..119 {
        dispatcher.run_once(10).await.unwrap();
        house.clock.advance(SECOND);
    }
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert_eq!(dispatcher.rest(), Some(SECOND));
    house.clock.advance(SECOND);
    dispatcher.run_once(10).await.unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn letters_that_had_not_begun_when_the_trouble_came_go_back_untouched() {
    let (house, calls) = house();
    let mut ids = Vec::new();
    for number in 0..10 {
        ids.push(house.enqueue(delivery(&format!("letter-{number}"))).await);
    }
    house.dispatcher().run_once(10).await.unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 3);
    let mut back = 0;
    for id in &ids {
        let record = DeliveryTracker::find(&house.store, id).await.unwrap().unwrap();
        assert_eq!((record.attempts, record.excused), (1, 1), "no letter pays for it");
        back += usize::from(house.code(id).await.as_deref() == Some("GIVEN_BACK"));
    }
    assert_eq!(back, 7);
}
