//! What people decide about letters that are on their way: now, or what became of one in doubt.

use std::sync::Arc;
use std::time::Duration;

use postroom_domain::failure::Code;
use postroom_domain::lifecycle::{DeliveryState, Event, Evidence, Resolution};
use postroom_domain::status::Status;

use super::requests::granted;
use crate::contract::StoreHarness;
use crate::contract::desk::{Desk, settlement};
use crate::contract::letters::{decide, decide_holding, deferred, delivery, in_doubt, rejected};
use crate::queue::{Changed, Content, Fenced, Request};

/// A letter that waits for its next attempt is claimed at once when somebody asks for that. The
/// attempts and its budget are what they were, its bytes too, and the request is on record.
pub async fn a_retrying_letter_asked_to_retry_is_due_at_once<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let id = desk.enqueue_and_finish(&delivery(), &deferred()).await;
    desk.claim_nothing("its next attempt is a minute away").await;
    let (before, events) = (desk.find(&id).await, desk.history(&id).await.len());
    granted(desk.ask(&id, Request::Retry).await);
    let seen = desk.find(&id).await;
    assert_eq!((seen.status, seen.attempts, seen.excused), (Status::Retrying, before.attempts, before.excused));
    assert!(seen.due_at < before.due_at, "it is due earlier than it was");
    let history = desk.history(&id).await;
    assert_eq!(history.len(), events + 1, "one decision, one event");
    assert_eq!(history.last().expect("there is one").error_code, Some(Code::new(Code::HASTENED)));
    let claim = desk.claim_one().await;
    assert_eq!((claim.state.attempts, claim.state.spent()), (2, 2));
    assert!(matches!(claim.content, Content::Frozen(_)), "it is still the same letter");
}

/// What the store makes of the request is what the domain makes of it, and it says so.
pub async fn retry_matches_domain_apply_hastened<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    desk.enqueue(&delivery()).await;
    let claim = desk.claim_one().await;
    let before = desk.finish(&claim, &deferred()).await.next;
    let committed = granted(desk.ask(&claim.fence.delivery_id, Request::Retry).await);
    assert_eq!((&committed.delivery_id, &committed.workflow), (&claim.fence.delivery_id, &claim.letter.workflow));
    let before = DeliveryState { age_from: committed.transition.next.age_from, ..before };
    assert_eq!(committed.transition, decide(&before, &Event::Hastened, claim.queued_at));
}

/// Only a letter that waits for its next attempt is hastened; a scheduled one stays scheduled,
/// and one under way stays with its worker.
pub async fn retry_touches_no_letter_that_does_not_wait_for_its_next_attempt<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let sent = desk.enqueue_and_finish(&delivery(), &Event::Accepted).await;
    let failed = desk.enqueue_and_finish(&delivery(), &rejected()).await;
    let doubtful = desk.enqueue_and_finish(&delivery(), &in_doubt()).await;
    let working = desk.enqueue(&delivery()).await;
    let claim = desk.claim_one().await;
    let mut scheduled = delivery();
    scheduled.due_at = Some(desk.now().await.plus(Duration::from_hours(1)));
    let scheduled = desk.enqueue(&scheduled).await;
    for (id, status) in [
        (sent, Status::Sent),
        (failed, Status::Failed),
        (doubtful, Status::InDoubt),
        (working, Status::InProgress),
        (scheduled, Status::Queued),
    ] {
        let before = (desk.find(&id).await.due_at, desk.history(&id).await);
        assert_eq!(desk.ask(&id, Request::Retry).await, Changed::Not(status));
        assert_eq!((desk.find(&id).await.due_at, desk.history(&id).await), before, "{status}: nothing moved");
    }
    desk.claim_nothing("the only waiting letter is scheduled").await;
    desk.finish(&claim, &Event::Accepted).await;
}

/// A person who knows what became of a letter in doubt says it, and the letter follows: it
/// arrived, it is to go again whatever its budget, or it is left.
pub async fn a_letter_in_doubt_follows_a_persons_decision<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    for (resolution, status) in
        [(Resolution::Sent, Status::Sent), (Resolution::GiveUp, Status::Failed), (Resolution::Resend, Status::Retrying)]
    {
        let id = desk.enqueue_and_finish(&delivery(), &in_doubt()).await;
        let events = desk.history(&id).await.len();
        let committed = granted(desk.ask(&id, Request::Resolve(resolution)).await);
        assert_eq!((committed.transition.from, committed.transition.next.status), (Status::InDoubt, status));
        assert_eq!(desk.status(&id).await, status, "{resolution:?}");
        let history = desk.history(&id).await;
        assert_eq!(history.len(), events + 1, "one decision, one event");
        assert_eq!(history.last().expect("there is one").error_code, Some(Code::new(Code::RESOLVED)));
        assert!(desk.doubtful().await.claims.is_empty(), "nobody asks about it any more");
    }
    let again = desk.claim_one().await;
    assert_eq!((again.state.attempts, again.state.spent()), (2, 1), "the resend costs no attempt of the budget");
    assert!(matches!(again.content, Content::Frozen(_)), "it is the same letter that goes again");
}

/// A letter that is held waits for exactly this: a person decides, and it moves.
pub async fn a_held_letter_in_doubt_can_be_resolved<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let id = desk.enqueue_and_finish(&delivery(), &in_doubt()).await;
    let asked = desk.doubtful_one().await;
    let held = decide_holding(&asked.state, &Event::Reconciled(Evidence::Unknown), desk.now().await);
    assert_eq!(desk.settled(&asked.fence, held).await, Fenced::Done);
    assert_eq!(desk.find(&id).await.due_at, None, "nothing happens by itself");
    granted(desk.ask(&id, Request::Resolve(Resolution::Resend)).await);
    let claim = desk.claim_one().await;
    desk.finish(&claim, &Event::Accepted).await;
    assert_eq!(desk.status(&id).await, Status::Sent);
}

/// There is nothing to decide about a letter of which it is known where it stands.
pub async fn only_letters_in_doubt_can_be_resolved<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let sent = desk.enqueue_and_finish(&delivery(), &Event::Accepted).await;
    let failed = desk.enqueue_and_finish(&delivery(), &rejected()).await;
    let retrying = desk.enqueue_and_finish(&delivery(), &deferred()).await;
    let queued = desk.enqueue(&delivery()).await;
    for resolution in [Resolution::Sent, Resolution::Resend, Resolution::GiveUp] {
        for (id, status) in
            [(&sent, Status::Sent), (&failed, Status::Failed), (&retrying, Status::Retrying), (&queued, Status::Queued)]
        {
            let events = desk.history(id).await;
            assert_eq!(desk.ask(id, Request::Resolve(resolution)).await, Changed::Not(status));
            assert_eq!(desk.history(id).await, events, "no event was written");
        }
    }
}

/// A person decides while a worker asks the provider: whoever comes first is on record, and the
/// other one is told, the worker by a stale fence and the person by the status. Never both.
pub async fn of_a_person_and_a_worker_who_decide_at_once_one_is_told_that_it_came_too_late<H: StoreHarness>(
    harness: &H,
) {
    const LETTERS: usize = 12;
    let desk = Arc::new(Desk::open(harness).await);
    for _ in 0..LETTERS {
        desk.enqueue_and_finish(&delivery(), &in_doubt()).await;
    }
    let now = desk.now().await;
    let (mut persons, mut workers) = (0, 0);
    for (turn, claim) in desk.doubtful().await.claims.into_iter().enumerate() {
        let id = claim.fence.delivery_id.clone();
        let events = desk.history(&id).await.len();
        let found = settlement(&claim.fence, decide(&claim.state, &Event::Reconciled(Evidence::Accepted), now));
        let settle = async |desk: Arc<Desk>| desk.queue.settle(&[found]).await.expect("the queue settles");
        let person = async |desk: Arc<Desk>| desk.ask(&id, Request::Resolve(Resolution::Resend)).await;
        let (settled, answer) = match turn % 3 {
            0 => {
                let answer = person(Arc::clone(&desk)).await;
                (settle(Arc::clone(&desk)).await, answer)
            }
            1 => {
                let settled = settle(Arc::clone(&desk)).await;
                (settled, person(Arc::clone(&desk)).await)
            }
            _ => tokio::join!(settle(Arc::clone(&desk)), person(Arc::clone(&desk))),
        };
        match (settled.as_slice(), answer) {
            ([Fenced::Stale], Changed::Done(_)) => persons += 1,
            ([Fenced::Done], Changed::Not(Status::Sent)) => workers += 1,
            other => panic!("one decides and the other is told, but the answers were {other:?}"),
        }
        assert_eq!(desk.history(&id).await.len(), events + 1, "one decision, one event");
    }
    assert!(persons >= LETTERS / 3 && workers >= LETTERS / 3, "each came first in its turns");
    let again = desk.claim().await.claims.len();
    assert_eq!(again, persons, "what a person wants sent again goes again, and nothing else");
}
