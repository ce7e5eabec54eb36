//! How claims end.

use std::time::Duration;

use postroom_domain::detail::Detail;
use postroom_domain::feedback::Feedback;
use postroom_domain::lifecycle::{DeliveryState, Event};
use postroom_domain::status::{Stage, Status};
use serde_json::json;

use crate::contract::StoreHarness;
use crate::contract::desk::{Desk, PAST_LEASE, settlement};
use crate::contract::letters::{decide, deferred, delivery, in_doubt, receipt, rejected, report, transport_name};
use crate::queue::{Fenced, Settlement};

/// Each settlement writes exactly one event: its status, attempt, code and detail.
pub async fn settle_writes_exactly_one_event<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    for event in [Event::Accepted, deferred(), rejected(), in_doubt()] {
        let id = desk.enqueue(&delivery()).await;
        let claim = desk.claim_one().await;
        let before = desk.history(&id).await.len();
        let transition = desk.finish(&claim, &event).await;
        let history = desk.history(&id).await;
        assert_eq!(history.len(), before + 1, "one settlement, one event");
        let last = history.last().expect("there is one");
        assert_eq!((last.status, last.attempt), (transition.next.status, 1));
        assert_eq!((&last.error_code, &last.error_message), (&transition.code, &transition.detail));
        let seen = desk.find(&id).await;
        assert_eq!(seen.status, transition.next.status);
        assert_eq!((seen.last_error_code, seen.last_error_message), (transition.code, transition.detail));
    }
}

/// A settlement keeps the receipt, the transport that answered, the code and what the other
/// side said, on the record and in the event.
pub async fn settle_keeps_receipt_transport_code_and_detail<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let id = desk.enqueue(&delivery()).await;
    let claim = desk.claim_one().await;
    let state = desk.hand_over(&claim).await;
    let mut transition = decide(&state, &Event::Accepted, desk.now().await);
    transition.detail = Detail::redacted("2.0.0 queued as 4F9");
    let settled = Settlement {
        transport: Some(transport_name("other")),
        receipt: Some(receipt("<4F9.ü@example.com>")),
        payload: json!({"session": "fresh"}),
        ..settlement(&claim.fence, transition.clone())
    };
    assert_eq!(desk.queue.settle(&[settled]).await.expect("the queue settles"), [Fenced::Done]);
    let seen = desk.find(&id).await;
    assert_eq!(seen.status, Status::Sent);
    assert!(seen.sent_at.is_some(), "the record says when it was sent");
    assert_eq!(seen.due_at, None, "nothing more happens by itself");
    assert_eq!(seen.provider, Some(transport_name("other")));
    assert_eq!(seen.provider_message_id, Some(receipt("<4F9.ü@example.com>")));
    assert_eq!((&seen.last_error_code, &seen.last_error_message), (&None, &transition.detail));
    let history = desk.history(&id).await;
    let payload = &history.last().expect("there is one").payload;
    assert_eq!(payload.get("session"), Some(&json!("fresh")), "the event remembers what else is known");
    assert_eq!(payload.get("transport"), Some(&json!("other")), "the event names the transport");
    assert_eq!(payload.get("receipt"), Some(&json!("<4F9.ü@example.com>")), "the event names the receipt");
}

/// A worker that lost its claim cannot settle: it is told so, and nothing is overwritten.
pub async fn settle_with_a_stale_fence_changes_nothing<H: StoreHarness>(harness: &H) {
    let (slow, quick) = (Desk::open(harness).await, Desk::open(harness).await);
    let id = slow.enqueue(&delivery()).await;
    let lost = slow.claim_one().await;
    let state = slow.hand_over(&lost).await;
    harness.advance(PAST_LEASE).await;
    let taken = quick.lapsed_one().await;
    let (before, events) = (quick.find(&id).await, quick.history(&id).await);
    let late = decide(&state, &rejected(), quick.now().await);
    assert_eq!(slow.settled(&lost.fence, late).await, Fenced::Stale);
    assert_eq!(quick.find(&id).await, before, "the record is untouched");
    assert_eq!(quick.history(&id).await, events, "no event was written");
    quick.conclude(&taken.fence, &taken.state, &Event::LeaseLapsed).await;
    assert_eq!(quick.status(&id).await, Status::InDoubt);
}

/// A claim ends once: a second settlement that says something else is stale, for final and for
/// waiting letters.
pub async fn settle_twice_is_stale<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    for (first, second) in [(Event::Accepted, rejected()), (deferred(), Event::Accepted), (in_doubt(), Event::Accepted)]
    {
        let id = desk.enqueue(&delivery()).await;
        let claim = desk.claim_one().await;
        let state = desk.hand_over(&claim).await;
        let kept = desk.conclude(&claim.fence, &state, &first).await;
        let events = desk.history(&id).await;
        let again = decide(&state, &second, desk.now().await);
        assert_eq!(desk.settled(&claim.fence, again).await, Fenced::Stale);
        assert_eq!(desk.status(&id).await, kept.next.status, "the first settlement stands");
        assert_eq!(desk.history(&id).await, events, "the second wrote no event");
    }
}

/// Whoever never heard that a settlement was committed says the same again and is told that it is
/// done, for final and for waiting letters, and also where another worker has the letter by now.
/// Nothing changes by it.
pub async fn a_settlement_that_is_repeated_is_done_and_changes_nothing<H: StoreHarness>(harness: &H) {
    let (desk, other) = (Desk::open(harness).await, Desk::open(harness).await);
    for event in [Event::Accepted, rejected(), in_doubt(), deferred(), Event::GivenBack] {
        let id = desk.enqueue(&delivery()).await;
        let claim = desk.claim_one().await;
        let state = if event == Event::GivenBack { claim.state.clone() } else { desk.hand_over(&claim).await };
        let decided = desk.conclude(&claim.fence, &state, &event).await;
        let (before, events) = (desk.find(&id).await, desk.history(&id).await);
        assert_eq!(desk.settled(&claim.fence, decided.clone()).await, Fenced::Done, "the same once more");
        assert_eq!(desk.find(&id).await, before, "the record is untouched");
        assert_eq!(desk.history(&id).await, events, "no event was written");
        if event == Event::GivenBack {
            let next = other.claim_one().await;
            assert_eq!(desk.settled(&claim.fence, decided.clone()).await, Fenced::Done, "it was done all the same");
            other.finish(&next, &Event::Accepted).await;
            assert_eq!(desk.settled(&claim.fence, decided).await, Fenced::Stale, "another claim ended since");
            assert_eq!(desk.status(&id).await, Status::Sent);
        }
    }
}

/// Settlements stand on their own: a stale one does not keep the others from being committed.
pub async fn one_stale_settlement_does_not_touch_the_others<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    desk.enqueue(&delivery()).await;
    let stale = desk.claim_one().await;
    let stale_state = desk.finish(&stale, &deferred()).await.next;
    let ids = [desk.enqueue(&delivery()).await, desk.enqueue(&delivery()).await];
    let [first, second] = desk.claim().await.claims.try_into().expect("two letters are due");
    let now = desk.now().await;
    let handed =
        |state: &DeliveryState| DeliveryState { stage: Stage::Handover, status: Status::InProgress, ..state.clone() };
    let mut batch = vec![settlement(&stale.fence, decide(&handed(&stale_state), &Event::Accepted, now))];
    for claim in [&first, &second] {
        let ready = desk.hand_over(claim).await;
        batch.push(settlement(&claim.fence, decide(&ready, &Event::Accepted, now)));
    }
    batch.swap(0, 1);
    let answers = desk.queue.settle(&batch).await.expect("the queue settles");
    assert_eq!(answers, [Fenced::Done, Fenced::Stale, Fenced::Done], "one answer per letter, in order");
    for id in ids {
        assert_eq!(desk.status(&id).await, Status::Sent);
    }
    assert_eq!(desk.status(&stale.fence.delivery_id).await, Status::Retrying);
}

/// The row of a final letter leaves the queue: its old fence cannot be extended any more.
pub async fn a_final_letter_leaves_the_queue<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    for event in [Event::Accepted, rejected()] {
        desk.enqueue(&delivery()).await;
        let claim = desk.claim_one().await;
        desk.finish(&claim, &event).await;
        let lease = Duration::from_mins(1);
        let answers = desk.queue.extend(std::slice::from_ref(&claim.fence), lease).await.expect("the queue answers");
        assert_eq!(answers, [Fenced::Stale]);
        assert_eq!(desk.ready(&claim.fence, None).await, Fenced::Stale);
    }
    let counts = desk.tracker.counts().await.expect("the store counts");
    assert_eq!((counts.due, counts.in_flight), (0, 0));
}

/// What a provider reports during an attempt survives its settlement, and the settlement's
/// status wins.
pub async fn a_report_during_the_attempt_survives_its_settlement<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let id = desk.enqueue(&delivery()).await;
    let claim = desk.claim_one().await;
    let state = desk.hand_over(&claim).await;
    desk.record(&id, &report(Feedback::Bounced, "event-1")).await;
    assert_eq!(desk.status(&id).await, Status::InProgress, "a report does not end an attempt");
    desk.conclude(&claim.fence, &state, &Event::Accepted).await;
    let seen = desk.find(&id).await;
    assert_eq!((seen.status, seen.feedback), (Status::Sent, Feedback::Bounced));
}

/// A letter that a worker gives back at shutdown is due at once, and the attempt is excused.
pub async fn a_letter_given_back_is_due_at_once<H: StoreHarness>(harness: &H) {
    let (leaving, staying) = (Desk::open(harness).await, Desk::open(harness).await);
    let id = leaving.enqueue(&delivery()).await;
    let claim = leaving.claim_one().await;
    leaving.conclude(&claim.fence, &claim.state, &Event::GivenBack).await;
    let seen = staying.find(&id).await;
    assert_eq!((seen.status, seen.attempts, seen.excused), (Status::Retrying, 1, 1));
    let again = staying.claim_one().await;
    assert_eq!((again.state.attempts, again.state.spent()), (2, 1));
}
