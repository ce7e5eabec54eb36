//! What a person paused, as the dispatcher heeds it.

use std::sync::Arc;

use postroom_domain::failure::FailureClass;
use postroom_domain::id::Workflow;
use postroom_domain::status::Status;
use postroom_ports::memory::Answer;
use postroom_ports::pauses::{PauseBoard, Paused};
use postroom_ports::tracker::DeliveryTracker;

use crate::house::{House, SECOND, delivery, failure, policy};
use crate::routes::{name, two_ways};

async fn pause(house: &House, what: Paused) {
    house.store.pause(&what, None, None).await.unwrap();
}

fn way(text: &str) -> Paused {
    Paused::Transport(name(text))
}

#[tokio::test]
async fn a_paused_transport_is_given_no_letter_until_it_is_resumed() {
    let house = House::new(policy());
    let id = house.enqueue(delivery("first")).await;
    pause(&house, way("smtp")).await;
    let dispatcher = house.dispatcher();
    assert_eq!(dispatcher.heed_pauses().await.unwrap().began.len(), 1);
    assert_eq!(dispatcher.run_once(10).await.unwrap(), 0);
    assert!(dispatcher.rest().is_some(), "nobody needs to ask the queue");
    assert_eq!(house.statuses(&id).await, [Status::Queued], "waiting writes nothing");
    house.store.resume(&way("smtp")).await.unwrap();
    assert_eq!(dispatcher.run_once(10).await.unwrap(), 0, "what was known stays so until somebody looks");
    assert_eq!(dispatcher.heed_pauses().await.unwrap().ended.len(), 1);
    assert_eq!(dispatcher.run_once(10).await.unwrap(), 1);
    assert_eq!(house.status(&id).await, Status::Sent);
}

#[tokio::test]
async fn letters_whose_whole_route_is_paused_wait_untouched_and_others_go() {
    let (mut house, second) = two_ways(&["second"]);
    Arc::make_mut(&mut house.room.workflows).default.route = vec![name("smtp")];
    let waiting = house.enqueue(delivery("waiting")).await;
    let mut other = delivery("other");
    other.letter.workflow = Workflow::parse("digest").unwrap();
    let other = house.enqueue(other).await;
    pause(&house, way("second")).await;
    let dispatcher = house.dispatcher();
    dispatcher.heed_pauses().await.unwrap();
    dispatcher.run_once(10).await.unwrap();
    assert_eq!(house.status(&other).await, Status::Sent);
    assert_eq!(house.statuses(&waiting).await, [Status::Queued]);

    // The other way round: all wait but the workflow that has an open route of its own.
    house.store.resume(&way("second")).await.unwrap();
    pause(&house, way("smtp")).await;
    let mut third = delivery("third");
    third.letter.workflow = Workflow::parse("notice").unwrap();
    let third = house.enqueue(third).await;
    dispatcher.heed_pauses().await.unwrap();
    dispatcher.run_once(10).await.unwrap();
    assert_eq!((house.status(&waiting).await, second.taken().len()), (Status::Sent, 1));
    assert_eq!(house.statuses(&third).await, [Status::Queued]);
}

#[tokio::test]
async fn a_workflow_without_a_route_waits_only_while_all_ways_are_paused() {
    let (house, second) = two_ways(&["second"]);
    let mut digest = delivery("digest");
    digest.letter.workflow = Workflow::parse("digest").unwrap();
    pause(&house, way("smtp")).await;
    let dispatcher = house.dispatcher();
    dispatcher.heed_pauses().await.unwrap();
    house.enqueue(digest).await;
    dispatcher.run_once(10).await.unwrap();
    assert_eq!((second.taken().len(), house.transport.taken().len()), (1, 0));
}

#[tokio::test]
async fn a_claimed_letter_whose_way_is_paused_before_it_begins_goes_back_untouched() {
    let house = House::new(policy());
    let id = house.enqueue(delivery("first")).await;
    let dispatcher = house.dispatcher();
    let (batch, time) = dispatcher.claim(10).await.unwrap().unwrap();
    let mut parcels = dispatcher.ready(dispatcher.prepare(batch, time).await.parcels).await.unwrap();
    pause(&house, way("smtp")).await;
    dispatcher.heed_pauses().await.unwrap();
    let outcome = dispatcher.send(parcels.remove(0)).await;
    dispatcher.settle(vec![outcome]).await.unwrap();
    assert!(house.transport.taken().is_empty());
    let record = DeliveryTracker::find(&house.store, &id).await.unwrap().unwrap();
    assert_eq!((record.status, record.attempts, record.excused), (Status::Retrying, 1, 1));
}

#[tokio::test]
async fn a_letter_that_fails_on_a_way_that_was_paused_meanwhile_takes_the_next() {
    let (house, second) = two_ways(&["second", "smtp"]);
    second.otherwise(Answer::Refuse(failure(FailureClass::DEFERRED, "SMTP_450")));
    let id = house.enqueue(delivery("first")).await;
    let dispatcher = house.dispatcher();
    dispatcher.run_once(10).await.unwrap();
    pause(&house, way("second")).await;
    dispatcher.heed_pauses().await.unwrap();
    house.clock.advance(60 * SECOND);
    dispatcher.run_once(10).await.unwrap();
    assert_eq!(house.status(&id).await, Status::Sent);
    assert_eq!(house.transport.taken().len(), 1);
    assert!(house.notifier.alerts().is_empty(), "a pause is no alarm");
}
