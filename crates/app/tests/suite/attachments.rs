//! What a letter brings along on its way to the composer, and what happens where it cannot be had.

use std::sync::Arc;

use postroom_domain::attachment::{Attachment, Placement};
use postroom_domain::status::Status;
use postroom_ports::error::{PortError, PortErrorKind};
use postroom_ports::letter::NewDelivery;
use postroom_ports::memory::MemoryStore;
use postroom_ports::queue::{DeliveryQueue, MockDeliveryQueue, Support};
use postroom_ports::tracker::DeliveryTracker;
use postroom_ports::transport::{MailTransport, MockMailTransport, TransportCapabilities};

use crate::dispatcher::futures_now;
use crate::house::{House, SECOND, delivery, policy};

fn with_file(id: &str) -> NewDelivery {
    let file = Attachment::new("invoice.pdf", "application/pdf", Placement::Beside, b"words".to_vec()).unwrap();
    NewDelivery { attachments: vec![file], ..delivery(id) }
}

/// What the transport took, as text.
fn taken(house: &House) -> Vec<String> {
    house.transport.taken().into_iter().map(|sent| String::from_utf8(sent.letter.bytes).unwrap()).collect()
}

#[tokio::test]
async fn a_letter_takes_its_files_to_the_composer_and_no_other_s() {
    let house = House::new(policy());
    house.enqueue(with_file("with")).await;
    house.enqueue(delivery("without")).await;
    assert_eq!(house.dispatcher().run_once(10).await.unwrap(), 2);
    let [with, without] = &taken(&house)[..] else { panic!("two letters") };
    assert!(with.ends_with("invoice.pdf: 5 bytes") && !without.contains("invoice.pdf"));
}

/// A queue over the store whose attachments are answered like this.
fn queue(
    store: &MemoryStore,
    attachments: impl Fn() -> Result<Vec<Attachment>, PortError> + Send + 'static,
) -> Arc<dyn DeliveryQueue> {
    let (claiming, readying, settling) = (store.clone(), store.clone(), store.clone());
    let mut queue = MockDeliveryQueue::new();
    queue.expect_claim().returning(move |request| futures_now(DeliveryQueue::claim(&claiming, request)));
    queue.expect_attachments().times(1).returning(move |_| attachments());
    queue.expect_ready().returning(move |letters| futures_now(DeliveryQueue::ready(&readying, letters)));
    queue.expect_settle().returning(move |settlements| futures_now(DeliveryQueue::settle(&settling, settlements)));
    Arc::new(queue)
}

#[tokio::test]
async fn a_store_that_fails_at_the_attachments_costs_the_letter_nothing_and_holds_up_no_other() {
    let mut house = House::new(policy());
    let gone = || Err(PortError::new(PortErrorKind::Unavailable, "queue.attachments", "gone"));
    house.room.queue = queue(&house.store, gone);
    let (with, without) = (house.enqueue(with_file("with")).await, house.enqueue(delivery("without")).await);
    let error = house.dispatcher().run_once(10).await.unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::Unavailable, "whoever goes on waits first");
    assert_eq!(house.status(&without).await, Status::Sent);
    assert_eq!(house.code(&with).await.as_deref(), Some("GIVEN_BACK"));
    let record = DeliveryTracker::find(&house.store, &with).await.unwrap().unwrap();
    assert_eq!((record.attempts, record.excused), (1, 1), "it is not the letter's fault");
    house.room.queue = Arc::new(house.store.clone());
    house.clock.advance(SECOND);
    house.dispatcher().run_once(10).await.unwrap();
    assert_eq!(house.status(&with).await, Status::Sent);
}

#[tokio::test]
async fn attachments_that_somebody_damaged_fail_their_letter_and_hold_up_no_other() {
    let mut house = House::new(policy());
    let corrupt = || Err(PortError::corrupt("queue.attachments", "attachments", "filename", 1));
    house.room.queue = queue(&house.store, corrupt);
    let (with, without) = (house.enqueue(with_file("with")).await, house.enqueue(delivery("without")).await);
    house.dispatcher().run_once(10).await.unwrap();
    assert_eq!((house.status(&with).await, house.status(&without).await), (Status::Failed, Status::Sent));
    assert_eq!(house.code(&with).await.as_deref(), Some("CORRUPT"));
}

#[tokio::test]
async fn a_letter_is_never_sent_with_fewer_files_than_it_was_handed_in_with() {
    let mut house = House::new(policy());
    house.room.queue = queue(&house.store, || Ok(Vec::new()));
    let id = house.enqueue(with_file("with")).await;
    house.dispatcher().run_once(10).await.unwrap();
    assert!(house.transport.taken().is_empty());
    assert_eq!(house.status(&id).await, Status::Failed);
    assert_eq!(house.code(&id).await.as_deref(), Some("ATTACHMENTS_LOST"));
}

/// A way out that takes messages of so many bytes and is not asked for more.
fn narrow(max_size: u64) -> Arc<dyn MailTransport> {
    let mut transport = MockMailTransport::new();
    let name = || postroom_domain::id::TransportName::parse("narrow").unwrap();
    transport.expect_name().returning(name);
    transport.expect_capabilities().returning(move || TransportCapabilities {
        smtputf8: Support::No,
        reconcile: Support::No,
        max_size: Some(max_size),
        concurrency: 1,
    });
    transport.expect_send().never();
    Arc::new(transport)
}

#[tokio::test]
async fn a_letter_that_no_way_out_takes_fails_before_it_travels() {
    let mut house = House::new(policy());
    house.room.transports = vec![narrow(20), narrow(30)];
    let id = house.enqueue(with_file("large")).await;
    house.dispatcher().run_once(10).await.unwrap();
    assert_eq!(house.status(&id).await, Status::Failed);
    let record = DeliveryTracker::find(&house.store, &id).await.unwrap().unwrap();
    assert_eq!(record.last_error_code.unwrap().as_str(), "TOO_LARGE");
    let said = record.last_error_message.as_str().to_owned();
    assert!(said.contains("no transport of this workflow's route takes over 30"), "{said}");
}

#[tokio::test]
async fn a_letter_that_one_way_out_does_not_take_goes_by_the_next() {
    let mut house = House::new(policy());
    house.room.transports.insert(0, narrow(20));
    let id = house.enqueue(with_file("large")).await;
    house.dispatcher().run_once(10).await.unwrap();
    assert_eq!((house.status(&id).await, house.transport.taken().len()), (Status::Sent, 1));
}
