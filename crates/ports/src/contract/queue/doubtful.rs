//! What becomes of letters whose answer was lost.

use std::time::Duration;

use postroom_domain::feedback::Feedback;
use postroom_domain::lifecycle::{Event, Evidence};
use postroom_domain::status::Status;

use crate::contract::StoreHarness;
use crate::contract::desk::{Desk, PAST_LEASE};
use crate::contract::letters::{decide, decide_holding, delivery, in_doubt, report};
use crate::queue::{Changed, Content, Fenced};

/// A letter in doubt that is due is taken under a fence, with its bytes; it stays in doubt,
/// no attempt is counted, and nobody else gets it.
pub async fn doubtful_returns_due_letters_in_doubt<H: StoreHarness>(harness: &H) {
    let (desk, other) = (Desk::open(harness).await, Desk::open(harness).await);
    let id = desk.enqueue_and_finish(&delivery(), &in_doubt()).await;
    desk.claim_nothing("a letter in doubt is never sent blindly").await;
    let events = desk.history(&id).await;
    let claim = desk.doubtful_one().await;
    assert_eq!((&claim.fence.delivery_id, claim.taken_from), (&id, Status::InDoubt));
    assert_eq!((claim.state.status, claim.state.attempts), (Status::InDoubt, 1));
    assert!(matches!(claim.content, Content::Frozen(_)), "the provider is asked by its Message-ID");
    assert!(other.doubtful().await.claims.is_empty(), "one letter is asked for by one worker");
    let seen = desk.find(&id).await;
    assert_eq!((seen.status, seen.attempts), (Status::InDoubt, 1));
    assert_eq!(desk.history(&id).await, events, "asking is no event");
    desk.conclude(&claim.fence, &claim.state, &Event::Reconciled(Evidence::Accepted)).await;
    assert_eq!(desk.status(&id).await, Status::Sent);
}

/// A letter that is held for a person's decision is not returned, however much time passes.
pub async fn doubtful_does_not_return_held_letters<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let id = desk.enqueue_and_finish(&delivery(), &in_doubt()).await;
    let claim = desk.doubtful_one().await;
    let held = decide_holding(&claim.state, &Event::Reconciled(Evidence::Unknown), desk.now().await);
    assert_eq!((held.next.status, held.due_in), (Status::InDoubt, None));
    assert_eq!(desk.settled(&claim.fence, held.clone()).await, Fenced::Done);
    let seen = desk.find(&id).await;
    assert_eq!((seen.due_at, seen.last_error_code), (None, held.code), "nothing happens by itself, and it says why");
    for _ in 0..2 {
        assert!(desk.doubtful().await.claims.is_empty(), "a held letter waits for a person");
        assert!(desk.lapsed().await.claims.is_empty(), "a held letter has no lease");
        harness.advance(Duration::from_hours(12)).await;
    }
}

/// A letter in doubt is asked for when it is due, and not before.
pub async fn doubtful_waits_for_the_due_time<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    desk.enqueue(&delivery()).await;
    let claim = desk.claim_one().await;
    let state = desk.hand_over(&claim).await;
    let mut later = decide(&state, &in_doubt(), desk.now().await);
    later.due_in = Some(Duration::from_mins(30));
    assert_eq!(desk.settled(&claim.fence, later).await, Fenced::Done);
    assert!(desk.doubtful().await.claims.is_empty(), "it is too early to ask");
    harness.advance(Duration::from_mins(31)).await;
    desk.doubtful_one().await;
}

/// A worker that dies while it asks loses the letter to the next one, still in doubt; the
/// takeover of sending workers' letters does not see it.
pub async fn a_letter_in_doubt_is_taken_again_after_its_lease<H: StoreHarness>(harness: &H) {
    let (dead, living) = (Desk::open(harness).await, Desk::open(harness).await);
    let id = dead.enqueue_and_finish(&delivery(), &in_doubt()).await;
    let lost = dead.doubtful_one().await;
    harness.advance(PAST_LEASE).await;
    assert!(living.lapsed().await.claims.is_empty(), "what is in doubt was not being sent");
    let taken = living.doubtful_one().await;
    assert_eq!((&taken.fence.delivery_id, taken.state.attempts), (&id, 1));
    let late = decide(&lost.state, &Event::Reconciled(Evidence::NotAccepted), living.now().await);
    assert_eq!(dead.settled(&lost.fence, late).await, Fenced::Stale, "the dead worker's finding is refused");
}

/// A report proves that the letter arrived: whoever was asking about it is stale from then on.
pub async fn a_report_settles_a_letter_in_doubt_under_the_askers_hands<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let id = desk.enqueue_and_finish(&delivery(), &in_doubt()).await;
    let claim = desk.doubtful_one().await;
    desk.record(&id, &report(Feedback::Delivered, "event-1")).await;
    let again = decide(&claim.state, &Event::Reconciled(Evidence::NotAccepted), desk.now().await);
    assert_eq!(desk.settled(&claim.fence, again).await, Fenced::Stale);
    assert_eq!(desk.status(&id).await, Status::Sent, "it is not sent a second time");
}

/// A letter in doubt may have arrived: cancelling it says that it is too late.
pub async fn cancel_of_a_letter_in_doubt_comes_too_late<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let id = desk.enqueue_and_finish(&delivery(), &in_doubt()).await;
    assert_eq!(desk.cancel(&id).await, Changed::Not(Status::InDoubt));
    assert_eq!(desk.redrive(&id).await, Changed::Not(Status::InDoubt));
    desk.doubtful_one().await;
}
