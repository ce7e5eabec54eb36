//! What providers report.

use std::time::Duration;

use postroom_domain::feedback::Feedback;
use postroom_domain::id::DeliveryId;
use postroom_domain::lifecycle::{DeliveryState, Event};
use postroom_domain::status::Status;
use serde_json::json;

use crate::contract::StoreHarness;
use crate::contract::desk::Desk;
use crate::contract::letters::{decide, deferred, delivery, delivery_id, in_doubt, rejected, report, transport_name};
use crate::queue::ProviderReport;
use crate::tracker::Recorded;

/// A report is evidence of acceptance: a letter that waits for its retry, or whose answer was
/// lost, is sent, and is not sent again.
pub async fn a_report_turns_retrying_and_in_doubt_into_sent<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    for (number, event) in [deferred(), in_doubt()].iter().enumerate() {
        let id = desk.enqueue_and_finish(&delivery(), event).await;
        let committed = desk.record(&id, &report(Feedback::Delivered, &format!("event-{number}"))).await;
        assert_eq!(committed.next.status, Status::Sent);
        let seen = desk.find(&id).await;
        assert_eq!((seen.status, seen.feedback, seen.due_at), (Status::Sent, Feedback::Delivered, None));
        assert_eq!(seen.last_error_code, None, "nothing went wrong after all");
        assert!(seen.sent_at.is_some(), "the record says when");
    }
    harness.advance(Duration::from_hours(3)).await;
    desk.claim_nothing("what arrived is not sent again").await;
    assert!(desk.doubtful().await.claims.is_empty(), "there is no doubt any more");
}

/// What the store makes of a report is what the domain makes of it, and it says so.
pub async fn record_matches_domain_apply_reported<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    for (number, event) in [deferred(), in_doubt(), rejected(), Event::Accepted].iter().enumerate() {
        let id = desk.enqueue(&delivery()).await;
        let claim = desk.claim_one().await;
        let before = desk.finish(&claim, event).await.next;
        let committed = desk.record(&id, &report(Feedback::Delayed, &format!("event-{number}"))).await;
        let before = DeliveryState { age_from: committed.next.age_from, ..before };
        assert_eq!(committed, decide(&before, &Event::Reported(Feedback::Delayed), claim.queued_at));
    }
}

/// A report that moves no status moves nothing else either: code, detail, due time and lease
/// stay, on a letter that failed, waits or is being sent.
pub async fn a_report_without_a_change_of_status_leaves_the_rest<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let failed = desk.enqueue_and_finish(&delivery(), &rejected()).await;
    let waiting = desk.enqueue(&delivery()).await;
    for (id, event) in [(&failed, "event-1"), (&waiting, "event-2")] {
        let before = desk.find(id).await;
        desk.record(id, &report(Feedback::Bounced, event)).await;
        let after = desk.find(id).await;
        assert_eq!(after.feedback, Feedback::Bounced);
        assert_eq!(
            (after.status, &after.last_error_code, &after.last_error_message, after.due_at),
            (before.status, &before.last_error_code, &before.last_error_message, before.due_at)
        );
    }
    let claim = desk.claim_one().await;
    let state = desk.hand_over(&claim).await;
    desk.record(&waiting, &report(Feedback::Delivered, "event-3")).await;
    desk.conclude(&claim.fence, &state, &Event::Accepted).await;
}

/// The feedback is the worst of all reports, in whatever order they come.
pub async fn reports_converge_in_any_order<H: StoreHarness>(harness: &H) {
    use Feedback::{Bounced, Complained, Delayed, Delivered};
    let desk = Desk::open(harness).await;
    let orders = [
        [Delayed, Delivered, Bounced, Complained],
        [Complained, Bounced, Delivered, Delayed],
        [Bounced, Complained, Delayed, Delivered],
    ];
    for (number, order) in orders.into_iter().enumerate() {
        let id = desk.enqueue_and_finish(&delivery(), &Event::Accepted).await;
        let mut worst = Feedback::None;
        for feedback in order {
            worst = worst.and(feedback);
            desk.record(&id, &report(feedback, &format!("{number}-{}", feedback.as_str()))).await;
            assert_eq!(desk.find(&id).await.feedback, worst);
        }
        let seen = desk.find(&id).await;
        assert_eq!((seen.status, seen.feedback), (Status::Sent, Complained));
    }
}

/// Every report is kept as an event, with what the provider said beside it.
pub async fn every_report_is_kept_as_an_event<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let id = desk.enqueue_and_finish(&delivery(), &Event::Accepted).await;
    let before = desk.history(&id).await.len();
    for event in ["event-1", "event-2"] {
        desk.record(&id, &report(Feedback::Delivered, event)).await;
        let last = desk.history(&id).await.pop().expect("it has events");
        assert_eq!(last.status, Status::Sent);
        assert_eq!(last.payload.get("feedback"), Some(&json!("delivered")), "the event says what was reported");
        assert_eq!(last.payload.get("seen"), Some(&json!(event)), "the event keeps the report's own payload");
    }
    assert_eq!(desk.history(&id).await.len(), before + 2);
}

/// The same event of the same transport is recorded once; the same id from another transport
/// is another event.
pub async fn the_same_report_is_recorded_once<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let id = desk.enqueue_and_finish(&delivery(), &Event::Accepted).await;
    let delivered = report(Feedback::Delivered, "event-1");
    desk.record(&id, &delivered).await;
    let (record, events) = (desk.find(&id).await, desk.history(&id).await);
    let again = ProviderReport { feedback: Feedback::Complained, ..delivered.clone() };
    assert_eq!(answer(&desk, &id, &again).await, Recorded::Duplicate);
    assert_eq!((desk.find(&id).await, desk.history(&id).await), (record, events), "a repetition changes nothing");
    let elsewhere = ProviderReport { transport: transport_name("other"), ..delivered };
    assert!(matches!(answer(&desk, &id, &elsewhere).await, Recorded::Done(_)));
}

/// A report about a letter that nobody knows is an answer, no failure; and it is not
/// remembered as if it had been recorded.
pub async fn a_report_of_an_unknown_letter_says_so<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let nobody = delivery_id("nobody-knows-me");
    let early = report(Feedback::Delivered, "event-1");
    assert_eq!(answer(&desk, &nobody, &early).await, Recorded::Unknown);
    let id = desk.enqueue_and_finish(&delivery(), &Event::Accepted).await;
    desk.record(&id, &early).await;
}

async fn answer(desk: &Desk, id: &DeliveryId, report: &ProviderReport) -> Recorded {
    desk.tracker.record(id, report).await.expect("the tracker records")
}
