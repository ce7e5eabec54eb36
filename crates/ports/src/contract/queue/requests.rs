//! What people ask for: that a letter is not sent, or is sent after all.

use std::time::Duration;

use postroom_domain::failure::Code;
use postroom_domain::id::Actor;
use postroom_domain::lifecycle::{DeliveryState, Event};
use postroom_domain::status::Status;

use serde_json::Value;

use crate::contract::StoreHarness;
use crate::contract::desk::{Desk, KEEP};
use crate::contract::letters::{decide, deferred, delivery, delivery_id, rejected};
use crate::letter::NewDelivery;
use crate::queue::{Changed, Committed, Content, Request, Retention};

/// The transition that was committed for a request that could be granted.
pub(super) fn granted(answer: Changed) -> Committed {
    match answer {
        Changed::Done(committed) => *committed,
        other => panic!("the request is granted, but the answer was {other:?}"),
    }
}

/// A waiting letter is cancelled, whether it was tried before or not; its record says so.
pub async fn cancel_stops_a_waiting_letter<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let tried = desk.enqueue_and_finish(&delivery(), &deferred()).await;
    let new = desk.enqueue(&delivery()).await;
    for (id, from) in [(new, Status::Queued), (tried, Status::Retrying)] {
        let events = desk.history(&id).await.len();
        let committed = granted(desk.cancel(&id).await);
        assert_eq!((&committed.delivery_id, committed.transition.from), (&id, from));
        let seen = desk.find(&id).await;
        assert_eq!((seen.status, seen.due_at), (Status::Cancelled, None));
        assert_eq!(seen.last_error_code, Some(Code::new(Code::CANCELLED)), "the reason is in the code");
        let history = desk.history(&id).await;
        assert_eq!(history.len(), events + 1, "one decision, one event");
        assert_eq!(history.last().expect("there is one").error_code, Some(Code::new(Code::CANCELLED)));
        assert_eq!(desk.cancel(&id).await, Changed::Not(Status::Cancelled), "it is cancelled once");
    }
    harness.advance(Duration::from_hours(12)).await;
    desk.claim_nothing("a cancelled letter is not sent").await;
}

/// What the store makes of a cancellation is what the domain makes of it, and it says so.
pub async fn cancel_matches_domain_apply_cancelled<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    desk.enqueue(&delivery()).await;
    let claim = desk.claim_one().await;
    let before = desk.finish(&claim, &deferred()).await.next;
    let committed = granted(desk.cancel(&claim.fence.delivery_id).await);
    assert_eq!(committed.workflow, claim.letter.workflow);
    let before = DeliveryState { age_from: committed.transition.next.age_from, ..before };
    assert_eq!(committed.transition, decide(&before, &Event::Cancelled, claim.queued_at));
}

/// Each id has its own answer, in order; an unknown one is an answer, no failure.
pub async fn requests_answer_each_id_in_order<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let sent = desk.enqueue_and_finish(&delivery(), &Event::Accepted).await;
    let waiting = desk.enqueue(&delivery()).await;
    let ids = [sent, delivery_id("nobody-knows-me"), waiting.clone()];
    let redriven = desk.queue.request(&ids, Request::Redrive, None).await.expect("the queue answers");
    assert_eq!(redriven, [Changed::Not(Status::Sent), Changed::Unknown, Changed::Not(Status::Queued)]);
    let answers = desk.queue.request(&ids, Request::Cancel, None).await.expect("the queue answers");
    let [first, second, third] = answers.try_into().expect("one answer per id");
    assert_eq!((first, second), (Changed::Not(Status::Sent), Changed::Unknown));
    assert_eq!(granted(third).delivery_id, waiting);
}

/// The audit trail says who asked, where that is known; whoever does not say so leaves no trace of it.
pub async fn a_request_remembers_who_asked<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let by = Actor::parse("support (q7w3e5r9t1z2)").expect("it is one line");
    let (asked, unsaid) = (desk.enqueue(&delivery()).await, desk.enqueue(&delivery()).await);
    for (id, by) in [(&asked, Some(&by)), (&unsaid, None)] {
        let answers = desk.queue.request(std::slice::from_ref(id), Request::Cancel, by).await;
        granted(answers.expect("the queue answers").pop().expect("one answer per id"));
        let history = desk.history(id).await;
        let payload = &history.last().expect("there is one").payload;
        assert_eq!(payload.get("by").and_then(Value::as_str), by.map(Actor::as_str));
    }
}

/// A letter that was given up is put back: due at once, with its whole budget and its bytes.
pub async fn redrive_puts_a_dead_letter_back_with_its_whole_budget<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let new = NewDelivery { max_attempts: Some(2), ..delivery() };
    let id = desk.enqueue_and_finish(&new, &deferred()).await;
    harness.advance(Duration::from_hours(3)).await;
    let second = desk.claim_one().await;
    let Content::Frozen(bytes) = second.content.clone() else { panic!("the second attempt has its bytes") };
    desk.finish(&second, &deferred()).await;
    assert_eq!(desk.status(&id).await, Status::DeadLetter);
    granted(desk.redrive(&id).await);
    let seen = desk.find(&id).await;
    assert_eq!((seen.status, seen.attempts, seen.excused), (Status::Queued, 2, 2), "no attempt counts any more");
    let third = desk.claim_one().await;
    assert_eq!((third.state.attempts, third.state.spent()), (3, 1), "attempts only rise, the budget is whole");
    assert!(third.content == Content::Frozen(bytes), "it is still the same letter");
    assert_eq!(desk.finish(&third, &deferred()).await.next.status, Status::Retrying, "one attempt is left");
}

/// What the store makes of a redrive is what the domain makes of it, and it says so.
pub async fn redrive_matches_domain_apply_redriven<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    desk.enqueue(&delivery()).await;
    let claim = desk.claim_one().await;
    let failed = desk.finish(&claim, &rejected()).await;
    harness.advance(Duration::from_hours(60)).await;
    let now = desk.now().await;
    let committed = granted(desk.redrive(&claim.fence.delivery_id).await);
    assert_eq!((&committed.delivery_id, &committed.workflow), (&claim.fence.delivery_id, &claim.letter.workflow));
    let age_from = committed.transition.next.age_from;
    assert!(age_from >= now && age_from.since(now) < Duration::from_mins(10), "its age counts from the redrive");
    assert_eq!(committed.transition, decide(&failed.next, &Event::Redriven, age_from));
    let again = desk.claim_one().await;
    assert_eq!(again.state, decide(&committed.transition.next, &Event::Claimed, age_from).next);
    let history = desk.history(&claim.fence.delivery_id).await;
    let redriven = history.iter().filter(|event| event.error_code == Some(Code::new(Code::REDRIVEN))).count();
    assert_eq!(redriven, 1, "one decision, one event");
}

/// A letter that was never rendered can be put back as well, and is rendered then.
pub async fn redrive_of_a_letter_without_bytes_renders_it_anew<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let id = desk.enqueue(&delivery()).await;
    let claim = desk.claim_one().await;
    desk.conclude(&claim.fence, &claim.state, &rejected()).await;
    assert_eq!(desk.status(&id).await, Status::Failed);
    granted(desk.redrive(&id).await);
    assert_eq!(desk.claim_one().await.content, Content::Fresh);
}

/// Without its content a letter cannot be sent any more: a redrive says so, and nothing moves.
pub async fn redrive_without_content_says_so<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let id = desk.enqueue_and_finish(&delivery(), &rejected()).await;
    harness.advance(Duration::from_hours(2)).await;
    let retention = Retention { payloads: Duration::from_hours(1), ..KEEP };
    assert_eq!(desk.queue.sweep(retention, 10).await.expect("the queue sweeps").payloads, 1);
    let events = desk.history(&id).await;
    assert_eq!(desk.redrive(&id).await, Changed::ContentGone);
    assert_eq!(desk.status(&id).await, Status::Failed);
    assert_eq!(desk.history(&id).await, events, "no event was written");
    desk.claim_nothing("there is nothing left to send").await;
}
