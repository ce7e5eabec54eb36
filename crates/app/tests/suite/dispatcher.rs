//! The pipeline, step by step, over ports in memory and a clock that moves when told.

use std::sync::Arc;

use crate::house::{House, SECOND, delivery, failure, policy};
use async_trait::async_trait;
use postroom::janitor::Janitor;
use postroom_domain::failure::{Failure, FailureClass};
use postroom_domain::id::{DeliveryId, TemplateName, TransportName};
use postroom_domain::lifecycle::{Alarm, Evidence};
use postroom_domain::locale::Locale;
use postroom_domain::policy::{InDoubtPolicy, WorkflowPolicy};
use postroom_domain::status::Status;
use postroom_ports::letter::Data;
use postroom_ports::memory::Answer;
use postroom_ports::queue::{DeliveryQueue, Retention, Support};
use postroom_ports::template::{RenderError, Rendered, TemplateRenderer};
use postroom_ports::transport::{MailTransport, Outgoing, Receipt, TransportCapabilities};
use tokio_util::sync::CancellationToken;

const RETENTION: Retention = Retention { payloads: SECOND, workers: SECOND };

#[tokio::test]
async fn a_letter_goes_all_the_way_and_the_observer_hears_every_step() {
    let house = House::new(policy());
    let id = house.enqueue(delivery("one")).await;
    assert_eq!(house.dispatcher().run_once(10).await.unwrap(), 1);
    assert_eq!(house.status(&id).await, Status::Sent);
    let heard: Vec<Status> = house.observer.committed().iter().map(|(_, transition)| transition.next.status).collect();
    assert_eq!(heard, [Status::InProgress, Status::Sent]);
    assert_eq!(house.statuses(&id).await, [Status::Queued, Status::InProgress, Status::Sent]);
}

#[tokio::test]
async fn a_letter_that_cannot_be_rendered_fails_by_itself() {
    let house = House::new(policy());
    let mut broken = delivery("broken");
    broken.letter.data.clear();
    let (broken, good) = (house.enqueue(broken).await, house.enqueue(delivery("good")).await);
    house.dispatcher().run_once(10).await.unwrap();
    assert_eq!(house.status(&broken).await, Status::Failed);
    assert_eq!(house.code(&broken).await.as_deref(), Some("TEMPLATE"));
    assert_eq!(house.status(&good).await, Status::Sent);
}

#[tokio::test]
async fn every_attempt_carries_the_bytes_of_the_first() {
    let house = House::new(policy());
    let lost = failure(FailureClass::DEFERRED, "SMTP_451");
    house.transport.then(Answer::AcceptAnd(lost));
    house.enqueue(delivery("twice")).await;
    let dispatcher = house.dispatcher();
    dispatcher.run_once(10).await.unwrap();
    assert_eq!(dispatcher.run_once(10).await.unwrap(), 0, "it is not due yet");
    house.clock.advance(2 * SECOND);
    assert_eq!(dispatcher.run_once(10).await.unwrap(), 1);
    let taken = house.transport.taken();
    assert_eq!(taken.len(), 2);
    assert_eq!(taken[0].letter, taken[1].letter);
}

#[tokio::test]
async fn attempts_run_out_and_somebody_is_told() {
    let house = House::new(policy());
    house.transport.otherwise(Answer::Refuse(failure(FailureClass::DEFERRED, "SMTP_451")));
    let id = house.enqueue(delivery("never")).await;
    let dispatcher = house.dispatcher();
    for _ in 0..5 {
        dispatcher.run_once(10).await.unwrap();
        house.clock.advance(5 * SECOND);
    }
    assert_eq!(house.status(&id).await, Status::DeadLetter);
    let alarms: Vec<Alarm> = house.notifier.alerts().iter().map(|alert| alert.alarm).collect();
    assert_eq!(alarms, [Alarm::DeadLetter]);
}

#[tokio::test]
async fn a_misconfigured_transport_rests_and_is_announced_once() {
    let house = House::new(policy());
    house.transport.otherwise(Answer::Refuse(failure(FailureClass::Misconfigured, "SMTP_535")));
    let (first, second) = (house.enqueue(delivery("a")).await, house.enqueue(delivery("b")).await);
    let dispatcher = house.dispatcher();
    dispatcher.run_once(10).await.unwrap();
    assert_eq!(house.notifier.alerts().len(), 1, "one alarm for two letters");
    assert!(dispatcher.claim(10).await.unwrap().is_none(), "nothing is claimed while it rests");
    for id in [first, second] {
        assert_eq!(house.status(&id).await, Status::Retrying);
    }
    house.clock.advance(301 * SECOND);
    house.transport.otherwise(Answer::Accept);
    assert_eq!(dispatcher.run_once(10).await.unwrap(), 1, "one finds out whether it works again");
    assert_eq!(dispatcher.run_once(10).await.unwrap(), 1);
}

/// A letter whose answer was lost, after the janitor looked at it.
async fn doubted(in_doubt: InDoubtPolicy, evidence: Option<Evidence>) -> (House, Status) {
    let house = House::new(WorkflowPolicy { in_doubt, ..policy() });
    house.transport.then(Answer::AcceptAnd(failure(FailureClass::InDoubt, "ANSWER_LOST")));
    if let Some(evidence) = evidence {
        house.transport.knows(evidence);
    }
    let id = house.enqueue(delivery("doubt")).await;
    let dispatcher = house.dispatcher();
    dispatcher.run_once(10).await.unwrap();
    assert_eq!(house.status(&id).await, Status::InDoubt);
    Janitor::new(dispatcher, RETENTION).round().await.unwrap();
    let status = house.status(&id).await;
    (house, status)
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_before_any_policy() {
    assert_eq!(doubted(InDoubtPolicy::Resend, Some(Evidence::Accepted)).await.1, Status::Sent);
    assert_eq!(doubted(InDoubtPolicy::Hold, Some(Evidence::NotAccepted)).await.1, Status::Retrying);
}

#[tokio::test]
async fn where_nobody_can_tell_the_policy_decides() {
    assert_eq!(doubted(InDoubtPolicy::AssumeSent, None).await.1, Status::Sent);
    let (house, held) = doubted(InDoubtPolicy::Hold, None).await;
    assert_eq!(held, Status::InDoubt);
    assert_eq!(house.notifier.alerts()[0].alarm, Alarm::Held);
    let (house, resent) = doubted(InDoubtPolicy::Resend, None).await;
    assert_eq!(resent, Status::Retrying);
    house.clock.advance(5 * SECOND);
    house.dispatcher().run_once(10).await.unwrap();
    let taken = house.transport.taken();
    assert_eq!(taken.len(), 2, "the one way in which a letter may arrive twice");
    assert_eq!(taken[0].letter, taken[1].letter);
}

#[tokio::test]
async fn a_provider_that_cannot_tell_yet_is_asked_again_before_anything_is_resent() {
    use postroom_domain::failure::Scope;
    use postroom_ports::transport::MockMailTransport;

    let mut house = House::new(policy());
    let mut transport = MockMailTransport::new();
    let name = || postroom_domain::id::TransportName::parse("slow").unwrap();
    transport.expect_name().returning(name);
    transport.expect_capabilities().returning(|| TransportCapabilities {
        smtputf8: Support::No,
        reconcile: Support::Yes,
        max_size: None,
        concurrency: 1,
    });
    transport.expect_send().times(1).returning(|_| Err(failure(FailureClass::InDoubt, "ANSWER_LOST")));
    let wait = FailureClass::Deferred { scope: Scope::Provider, retry_after: Some(10 * SECOND) };
    transport.expect_reconcile().times(1).returning(move |_| Err(failure(wait, "EVENTS_NOT_YET")));
    transport.expect_reconcile().times(1).returning(|_| Ok(Evidence::Accepted));
    house.room.transports = vec![std::sync::Arc::new(transport)];
    let id = house.enqueue(delivery("later")).await;
    let dispatcher = house.dispatcher();
    dispatcher.run_once(10).await.unwrap();
    let janitor = Janitor::new(dispatcher, RETENTION);
    assert_eq!(janitor.round().await.unwrap(), 1);
    assert_eq!(janitor.round().await.unwrap(), 0, "it is not asked again at once");
    assert_eq!(house.status(&id).await, Status::InDoubt);
    house.clock.advance(11 * SECOND);
    janitor.round().await.unwrap();
    assert_eq!(house.status(&id).await, Status::Sent);
}

/// Renders as another does, and has a bug.
#[derive(Debug)]
struct Rotten(Arc<dyn TemplateRenderer>);

impl TemplateRenderer for Rotten {
    fn templates(&self) -> Vec<TemplateName> {
        self.0.templates()
    }

    fn sample(&self, template: &TemplateName) -> Option<Data> {
        self.0.sample(template)
    }

    fn render(&self, template: &TemplateName, locale: Option<&Locale>, data: &Data) -> Result<Rendered, RenderError> {
        if data.contains_key("poison") {
            bug();
        }
        self.0.render(template, locale, data)
    }
}

fn bug() {
    std::panic::resume_unwind(Box::new("a bug"))
}

#[tokio::test]
async fn a_letter_whose_rendering_panics_fails_by_itself() {
    let mut house = House::new(policy());
    house.room.renderer = Arc::new(Rotten(house.room.renderer.clone()));
    let mut poison = delivery("poison");
    poison.letter.data.insert("poison".to_owned(), true.into());
    let (poison, good) = (house.enqueue(poison).await, house.enqueue(delivery("good")).await);
    house.dispatcher().run_once(10).await.unwrap();
    assert_eq!((house.status(&poison).await, house.status(&good).await), (Status::Failed, Status::Sent));
    assert_eq!(house.code(&poison).await.as_deref(), Some("PANIC"));
}

/// Takes letters without a word, and does not say either whether it has them.
#[derive(Debug)]
struct Silent {
    /// What happens first when somebody asks.
    asked: fn(),
}

#[async_trait]
impl MailTransport for Silent {
    fn name(&self) -> TransportName {
        TransportName::parse("silent").unwrap()
    }

    fn capabilities(&self) -> TransportCapabilities {
        TransportCapabilities { smtputf8: Support::No, reconcile: Support::Yes, max_size: None, concurrency: 1 }
    }

    async fn send<'a>(&self, _: Outgoing<'a>) -> Result<Receipt, Failure> {
        Err(failure(FailureClass::InDoubt, "ANSWER_LOST"))
    }

    async fn reconcile<'a>(&self, _: Outgoing<'a>) -> Result<Evidence, Failure> {
        (self.asked)();
        std::future::pending().await
    }
}

/// A house with two letters in doubt at a provider that does not answer, and their janitor.
async fn unanswered(asked: fn()) -> (House, Vec<DeliveryId>, Janitor) {
    let mut house = House::new(policy());
    house.room.transports = vec![Arc::new(Silent { asked })];
    let ids = vec![house.enqueue(delivery("one")).await, house.enqueue(delivery("two")).await];
    let dispatcher = house.dispatcher();
    dispatcher.run_once(10).await.unwrap();
    (house, ids, Janitor::new(dispatcher, RETENTION))
}

#[tokio::test]
async fn a_provider_that_keeps_silent_about_letters_in_doubt_is_waited_for_once_and_asked_again_later() {
    let (house, ids, janitor) = unanswered(|| {}).await;
    let round = tokio::spawn(async move { janitor.round().await });
    while house.clock.next_wake().is_none() {
        tokio::task::yield_now().await;
    }
    // Less than their lease, and for both together: otherwise somebody else would ask meanwhile.
    house.clock.advance(30 * SECOND);
    assert_eq!(round.await.unwrap().unwrap(), 2);
    for id in &ids {
        assert_eq!(house.status(id).await, Status::InDoubt, "nobody said that it may go again");
    }
}

#[tokio::test]
async fn a_provider_that_panics_when_it_is_asked_takes_no_janitor_with_it() {
    let (house, ids, janitor) = unanswered(bug).await;
    assert_eq!(janitor.round().await.unwrap(), 2);
    assert_eq!(house.status(&ids[1]).await, Status::InDoubt, "nobody said that it may go again");
}

#[tokio::test]
async fn a_janitor_that_is_to_leave_waits_for_no_provider() {
    let (house, ids, janitor) = unanswered(|| {}).await;
    let ending = CancellationToken::new();
    let janitor = janitor.until(ending.clone());
    let round = tokio::spawn(async move { janitor.round().await });
    while house.clock.next_wake().is_none() {
        tokio::task::yield_now().await;
    }
    ending.cancel();
    assert_eq!(round.await.unwrap().unwrap(), 0);
    assert_eq!(house.statuses(&ids[0]).await.last(), Some(&Status::InDoubt));
}

#[tokio::test]
async fn a_worker_that_dies_leaves_its_letters_to_the_janitor() {
    let house = House::new(policy());
    let (claimed, handed) = (house.enqueue(delivery("claimed")).await, house.enqueue(delivery("handed")).await);
    let dead = house.dispatcher();
    house.beat(&dead).await;
    let (mut batch, time) = dead.claim(10).await.unwrap().unwrap();
    batch.claims.retain(|claim| claim.fence.delivery_id == handed);
    let parcels = dead.ready(dead.prepare(batch, time).await.parcels).await.unwrap();
    house.clock.advance(7 * SECOND);
    let janitor = house.dispatcher();
    Janitor::new(janitor, RETENTION).round().await.unwrap();
    assert_eq!(house.status(&claimed).await, Status::Retrying);
    assert_eq!(house.code(&claimed).await.as_deref(), Some("LEASE_LAPSED"));
    assert!(house.statuses(&handed).await.contains(&Status::InDoubt));
    let mut late = Vec::new();
    for parcel in parcels {
        late.push(dead.send(parcel).await);
    }
    assert_eq!(dead.settle(late).await.unwrap(), 0, "the dead worker's result comes too late");
}

#[tokio::test]
async fn an_expired_letter_is_called_off_and_never_sent() {
    let house = House::new(policy());
    let mut stale = delivery("stale");
    stale.expires_at = Some(postroom_ports::clock::Clock::now(&house.clock).plus(SECOND));
    let id = house.enqueue(stale).await;
    let dispatcher = house.dispatcher();
    let (batch, time) = dispatcher.claim(10).await.unwrap().unwrap();
    house.clock.advance(2 * SECOND);
    let prepared = dispatcher.prepare(batch, time).await;
    assert!(prepared.parcels.is_empty());
    dispatcher.settle(prepared.outcomes).await.unwrap();
    assert_eq!(house.status(&id).await, Status::Cancelled);
    assert_eq!(house.code(&id).await.as_deref(), Some("EXPIRED"));
}

/// A queue that answers everything but *ready*.
fn deaf_at_ready(store: &postroom_ports::memory::MemoryStore) -> postroom_ports::queue::MockDeliveryQueue {
    use postroom_ports::error::{PortError, PortErrorKind};

    let (claiming, settling) = (store.clone(), store.clone());
    let mut queue = postroom_ports::queue::MockDeliveryQueue::new();
    queue.expect_claim().returning(move |request| futures_now(DeliveryQueue::claim(&claiming, request)));
    queue.expect_ready().returning(|_| Err(PortError::new(PortErrorKind::Unavailable, "queue.ready", "gone")));
    queue.expect_settle().returning(move |settlements| futures_now(DeliveryQueue::settle(&settling, settlements)));
    queue
}

/// What a future of the memory adapters gives, which never wait.
pub(crate) fn futures_now<T>(future: impl Future<Output = T>) -> T {
    let waker = std::task::Waker::noop();
    match std::pin::pin!(future).poll(&mut std::task::Context::from_waker(waker)) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => unreachable!("the memory store never waits"),
    }
}

#[tokio::test]
async fn a_store_that_fails_at_ready_costs_the_letter_nothing() {
    let mut house = House::new(policy());
    house.room.queue = std::sync::Arc::new(deaf_at_ready(&house.store));
    let id = house.enqueue(delivery("patient")).await;
    let dispatcher = house.dispatcher();
    let (batch, time) = dispatcher.claim(10).await.unwrap().unwrap();
    let not_ready = dispatcher.ready(dispatcher.prepare(batch, time).await.parcels).await.unwrap_err();
    dispatcher.settle(not_ready.given_back).await.unwrap();
    assert_eq!(house.status(&id).await, Status::Retrying);
    assert_eq!(house.code(&id).await.as_deref(), Some("GIVEN_BACK"));
    assert!(house.transport.taken().is_empty());
}
