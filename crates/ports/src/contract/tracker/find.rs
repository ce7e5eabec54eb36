//! Where is it, and what happened to it?

use std::time::Duration;

use postroom_domain::feedback::Feedback;
use postroom_domain::lifecycle::Event;
use postroom_domain::status::Status;

use crate::contract::StoreHarness;
use crate::contract::desk::Desk;
use crate::contract::letters::{deferred, delivery, delivery_id, rejected};
use crate::queue::Changed;

/// A letter that nobody enqueued has no record and no history; that is an answer, no failure.
pub async fn find_knows_nothing_of_an_unknown_letter<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    desk.enqueue(&delivery()).await;
    let nobody = delivery_id("nobody-knows-me");
    assert_eq!(desk.tracker.find(&nobody).await.expect("not found is no failure"), None);
    assert!(desk.history(&nobody).await.is_empty());
}

/// The record of a new letter says what is known of it, and claims nothing else.
pub async fn a_new_letter_has_its_record<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let new = delivery();
    let id = desk.enqueue(&new).await;
    let seen = desk.find(&id).await;
    assert_eq!(seen.delivery_id, id);
    assert_eq!((&seen.workflow, &seen.template), (&new.letter.workflow, &Some(new.letter.template.clone())));
    assert!(seen.recipient == *new.letter.recipient.address(), "the record says to whom");
    assert_eq!((seen.tenant_id, seen.priority), (None, new.letter.priority));
    assert_eq!((seen.status, seen.feedback), (Status::Queued, Feedback::None));
    assert_eq!((seen.attempts, seen.excused), (0, 0));
    assert_eq!((seen.last_error_code, seen.last_error_message.as_str()), (None, ""));
    assert_eq!((seen.provider, seen.provider_message_id, seen.message_id), (None, None, None));
    assert_eq!((seen.source_type, seen.source_id, seen.metadata), (None, None, new.letter.metadata));
    assert_eq!(seen.due_at, Some(seen.queued_at), "it is due at once");
    assert_eq!((seen.expires_at, seen.last_attempted_at, seen.sent_at), (None, None, None));
}

/// The history has one event per transition, in the order in which they were committed, each
/// with its attempt; their numbers rise.
pub async fn history_has_one_event_per_transition_in_order<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let id = desk.enqueue_and_finish(&delivery(), &deferred()).await;
    harness.advance(Duration::from_mins(10)).await;
    let second = desk.claim_one().await;
    desk.finish(&second, &rejected()).await;
    assert!(matches!(desk.redrive(&id).await, Changed::Done(_)));
    let third = desk.claim_one().await;
    desk.finish(&third, &Event::Accepted).await;
    let history = desk.history(&id).await;
    let happened: Vec<_> = history.iter().map(|event| (event.status, event.attempt)).collect();
    let expected = [
        (Status::Queued, 0),
        (Status::InProgress, 1),
        (Status::Retrying, 1),
        (Status::InProgress, 2),
        (Status::Failed, 2),
        (Status::Queued, 2),
        (Status::InProgress, 3),
        (Status::Sent, 3),
    ];
    assert_eq!(happened, expected);
    assert!(history.is_sorted_by(|a, b| a.id < b.id), "the numbers rise");
    assert!(history.is_sorted_by_key(|event| event.created_at), "the times do not run backwards");
    assert!(history.iter().all(|event| event.payload.is_object()), "what else is known is an object");
}

/// The histories of two letters do not mix.
pub async fn a_history_is_of_one_letter_alone<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let sent = desk.enqueue_and_finish(&delivery(), &Event::Accepted).await;
    let new = desk.enqueue(&delivery()).await;
    assert_eq!(desk.history(&new).await.len(), 1);
    assert_eq!(desk.history(&sent).await.len(), 3);
}

/// Letters are counted by status; due, in flight and the longest wait besides, with the
/// store's time.
pub async fn counts_say_how_the_queue_stands<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let empty = desk.tracker.counts().await.expect("the store counts");
    assert!(empty.by_status.iter().all(|(_, count)| *count == 0), "an empty store has no letters");
    assert_eq!((empty.due, empty.in_flight, empty.oldest_due_at), (0, 0, None));
    desk.enqueue_and_finish(&delivery(), &Event::Accepted).await;
    desk.enqueue(&delivery()).await;
    desk.claim_one().await;
    let later = desk.now().await.plus(Duration::from_hours(5));
    desk.enqueue(&crate::letter::NewDelivery { due_at: Some(later), ..delivery() }).await;
    let oldest = desk.enqueue(&delivery()).await;
    harness.advance(Duration::from_mins(20)).await;
    desk.enqueue(&delivery()).await;
    let counts = desk.tracker.counts().await.expect("the store counts");
    let mut by_status: Vec<_> = counts.by_status.into_iter().filter(|(_, count)| *count > 0).collect();
    by_status.sort_unstable();
    assert_eq!(by_status, [(Status::Queued, 3), (Status::InProgress, 1), (Status::Sent, 1)]);
    assert_eq!((counts.due, counts.in_flight), (2, 1), "what is scheduled is not due");
    assert_eq!(counts.oldest_due_at, desk.find(&oldest).await.due_at);
    let waited = counts.now.expect("a store says its time").since(counts.oldest_due_at.expect("there is one"));
    assert!(waited >= Duration::from_mins(20), "the longest wait is as long as it is");
}
