//! How letters are taken.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use postroom_domain::lifecycle::{DeliveryState, Event};
use postroom_domain::status::Status;

use crate::contract::StoreHarness;
use crate::contract::desk::{Desk, LEASE, MANY, ids};
use crate::contract::letters::{
    decide, deferred, delivery, of_tenant, of_workflow, rejected, tenant_id, urgent, workflow,
};
use crate::letter::NewDelivery;
use crate::queue::{Among, Changed, ClaimRequest};

/// What the store makes of a claim is what the domain makes of it, at the first and at a
/// later attempt; and the claim says where the letter was taken from.
pub async fn claim_matches_domain_apply_claimed<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let id = desk.enqueue(&delivery()).await;
    let first = desk.claim_one().await;
    assert_eq!(first.taken_from, Status::Queued);
    let queued = DeliveryState::queued(first.state.age_from);
    assert_eq!(first.state, decide(&queued, &Event::Claimed, first.queued_at).next);
    let retrying = desk.finish(&first, &deferred()).await;
    assert_eq!(desk.find(&id).await.last_error_code, retrying.code, "the failure stands until the next claim");
    harness.advance(Duration::from_mins(3)).await;
    let second = desk.claim_one().await;
    assert_eq!(second.taken_from, Status::Retrying);
    let before = DeliveryState { age_from: second.state.age_from, ..retrying.next };
    let expected = decide(&before, &Event::Claimed, second.queued_at);
    assert_eq!(second.state, expected.next, "attempts rise by one and the stage starts over");
    let seen = desk.find(&id).await;
    assert_eq!((seen.status, seen.attempts), (Status::InProgress, 2));
    assert_eq!((seen.last_error_code, seen.last_error_message.as_str()), (None, ""), "a claim clears code and detail");
    assert!(seen.last_attempted_at.is_some(), "the record says when it was tried");
}

/// A batch says the store's time, which goes on between two claims.
pub async fn claim_returns_the_store_time<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let before = desk.now().await;
    let first = desk.claim().await.now;
    assert!(first >= before, "the store's time does not run backwards");
    assert!(first.since(before) < Duration::from_mins(10), "claim and counts read one clock");
    let due = NewDelivery { due_at: Some(first.plus(Duration::from_mins(30))), ..delivery() };
    desk.enqueue(&due).await;
    harness.advance(Duration::from_hours(1)).await;
    let batch = desk.claim().await;
    let waited = desk.find(&due.delivery_id).await.last_attempted_at.expect("it was claimed just now");
    assert!(batch.now.since(waited) < Duration::from_mins(10), "a claim is dated by the batch's time");
}

/// A letter that is not due yet is not handed out, and then it is.
pub async fn claim_skips_rows_not_yet_due<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let due_at = desk.now().await.plus(Duration::from_hours(1));
    let id = desk.enqueue(&NewDelivery { due_at: Some(due_at), ..delivery() }).await;
    desk.claim_nothing("a letter waits for its due time").await;
    harness.advance(Duration::from_mins(50)).await;
    desk.claim_nothing("a letter waits for its due time, all of it").await;
    harness.advance(Duration::from_mins(15)).await;
    let claim = desk.claim_one().await;
    assert_eq!(claim.fence.delivery_id, id);
    let head_start = claim.state.age_from.since(claim.queued_at);
    assert!(head_start > Duration::from_mins(50), "the age of a scheduled letter counts from its due time");
}

/// A letter past its expiry is worthless: it is not handed out, though nobody swept it yet.
pub async fn claim_skips_expired_letters<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let expires_at = desk.now().await.plus(Duration::from_hours(1));
    let code = NewDelivery { expires_at: Some(expires_at), ..delivery() };
    desk.enqueue(&code).await;
    let other = desk.enqueue(&delivery()).await;
    harness.advance(Duration::from_hours(2)).await;
    assert_eq!(desk.claim_one().await.fence.delivery_id, other);
    assert_eq!(desk.status(&code.delivery_id).await, Status::Queued, "a claim leaves it to the sweep");
}

/// Letters of tenants that are held wait; those of others and of nobody do not, and the held
/// ones are there as soon as they are free.
pub async fn claim_skips_held_tenants<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let held = desk.enqueue(&of_tenant("north")).await;
    let free = desk.enqueue(&of_tenant("south")).await;
    let nobodys = desk.enqueue(&delivery()).await;
    let request = ClaimRequest { held_tenants: vec![tenant_id("north"), tenant_id("west")], ..desk.request() };
    assert_eq!(ids(&desk.claim_as(&request).await), [free, nobodys]);
    assert_eq!(desk.find(&held).await.attempts, 0, "waiting costs no attempt");
    assert_eq!(desk.claim_one().await.fence.delivery_id, held);
}

/// A claim takes letters of the workflows that it asks for, and leaves the others as they are.
pub async fn claim_keeps_to_the_workflows_that_are_asked_for<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let mut letters = Vec::new();
    for name in ["invite", "reset", "notice"] {
        letters.push(desk.enqueue(&of_workflow(name)).await);
    }
    let request = |among| ClaimRequest { among, ..desk.request() };
    let none = desk.claim_as(&request(Among::Only(Vec::new()))).await;
    assert_eq!(ids(&none), [], "of no workflow there is no letter");
    let reset = desk.claim_as(&request(Among::Only(vec![workflow("reset"), workflow("unknown")]))).await;
    assert_eq!(ids(&reset), [letters[1].clone()]);
    let but_invite = desk.claim_as(&request(Among::AllBut(vec![workflow("invite")]))).await;
    assert_eq!(ids(&but_invite), [letters[2].clone()]);
    assert_eq!(desk.find(&letters[0]).await.attempts, 0, "waiting costs no attempt");
    assert_eq!(ids(&desk.claim().await), [letters[0].clone()]);
}

/// Workers that claim at the same moment share the letters: each goes to exactly one.
pub async fn claim_never_hands_one_delivery_to_two_workers<H: StoreHarness>(harness: &H) {
    let setup = Desk::open(harness).await;
    let letters: Vec<NewDelivery> = (0..60).map(|_| delivery()).collect();
    setup.queue.enqueue(&letters).await.expect("the queue takes letters");
    let mut workers = Vec::new();
    for _ in 0..4 {
        let desk = Arc::new(Desk::open(harness).await);
        workers.push(tokio::spawn(async move {
            let mut mine = Vec::new();
            // Twenty rounds of seven are enough for one worker alone, and end in any case.
            for _ in 0..20 {
                let request = ClaimRequest { limit: 7, ..desk.request() };
                mine.extend(ids(&desk.claim_as(&request).await));
                tokio::task::yield_now().await;
            }
            mine
        }));
    }
    let mut all = Vec::new();
    for worker in workers {
        all.extend(worker.await.expect("a worker ends"));
    }
    let different: HashSet<_> = all.iter().collect();
    assert_eq!(all.len(), different.len(), "a letter was handed out twice");
    assert_eq!(different.len(), 60, "every letter was handed out");
    setup.claim_nothing("all letters are held").await;
}

/// No claim takes more than it asked for, and asking for nothing takes nothing.
pub async fn claim_takes_no_more_than_its_limit<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    for _ in 0..5 {
        desk.enqueue(&delivery()).await;
    }
    for (limit, taken) in [(0, 0), (3, 3), (3, 2)] {
        let batch = desk.claim_as(&ClaimRequest { limit, ..desk.request() }).await;
        assert_eq!(batch.claims.len(), taken, "a claim of at most {limit}");
    }
}

/// The most urgent letters go first, whatever came first.
pub async fn claim_takes_the_most_urgent_first<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let mut by_priority = Vec::new();
    for priority in [5, 0, 9, 7] {
        by_priority.push(desk.enqueue(&urgent(priority)).await);
    }
    let [five, zero, nine, seven] = by_priority.try_into().expect("four letters");
    let two = ClaimRequest { limit: 2, ..desk.request() };
    assert_eq!(ids(&desk.claim_as(&two).await), [nine, seven]);
    assert_eq!(ids(&desk.claim_as(&two).await), [five, zero]);
}

/// Within one lane the earlier due time goes first, and at the same due time the earlier
/// enqueue.
pub async fn claim_orders_by_due_time_within_one_lane<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let base = desk.now().await;
    let after = |minutes| NewDelivery { due_at: Some(base.plus(Duration::from_mins(minutes))), ..delivery() };
    let letters = [after(30), after(10), after(20), after(20)];
    desk.queue.enqueue(&letters).await.expect("the queue takes letters");
    harness.advance(Duration::from_hours(1)).await;
    let order = [1, 2, 3, 0].map(|index: usize| letters[index].delivery_id.clone());
    let batch = desk.claim().await;
    assert_eq!(ids(&batch), order);
}

/// A tenant with a thousand letters does not stand in the way of one with two: no lane takes
/// more than its share as long as others wait.
pub async fn one_lane_cannot_take_the_whole_batch_while_others_wait<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    for _ in 0..10 {
        desk.enqueue(&of_tenant("loud")).await;
    }
    let quiet = [desk.enqueue(&of_tenant("quiet")).await, desk.enqueue(&of_tenant("quiet")).await];
    let request = ClaimRequest { limit: 4, lane_share: 2, ..desk.request() };
    let taken = ids(&desk.claim_as(&request).await);
    assert_eq!(taken.len(), 4);
    for id in quiet {
        assert!(taken.contains(&id), "the quiet tenant has its share of the batch");
    }
}

/// Where no other lane waits, a share is no limit: the batch is filled.
pub async fn a_lone_lane_may_fill_the_batch<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    for _ in 0..5 {
        desk.enqueue(&of_tenant("alone")).await;
    }
    let request = ClaimRequest { limit: 4, lane_share: 2, ..desk.request() };
    assert_eq!(desk.claim_as(&request).await.claims.len(), 4);
}

/// What is final is done: it is never handed out again, by any door, however much time passes.
pub async fn final_states_are_never_claimed<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    desk.enqueue_and_finish(&delivery(), &Event::Accepted).await;
    desk.enqueue_and_finish(&delivery(), &rejected()).await;
    let exhausted = NewDelivery { max_attempts: Some(1), ..delivery() };
    let dead = desk.enqueue_and_finish(&exhausted, &deferred()).await;
    assert_eq!(desk.status(&dead).await, Status::DeadLetter);
    let cancelled = desk.enqueue(&delivery()).await;
    assert!(matches!(desk.cancel(&cancelled).await, Changed::Done(_)));
    for _ in 0..2 {
        desk.claim_nothing("final letters stay where they are").await;
        assert!(desk.lapsed().await.claims.is_empty(), "a final letter has no lease that could lapse");
        assert!(desk.doubtful().await.claims.is_empty(), "a final letter is not in doubt");
        harness.advance(Duration::from_hours(12)).await;
    }
}

/// A letter that failed for now comes back when it is due, for its second attempt, and not
/// before.
pub async fn a_retrying_letter_is_claimed_when_due_and_not_before<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let id = desk.enqueue(&delivery()).await;
    let claim = desk.claim_one().await;
    let wait = desk.finish(&claim, &deferred()).await.due_in.expect("a retry has a due time");
    assert!(wait >= Duration::from_mins(1), "the policy of the rules waits a minute at least");
    let seen = desk.find(&id).await;
    assert_eq!(seen.status, Status::Retrying);
    let due_in = seen.due_at.expect("its record says when").since(seen.updated_at);
    let off = due_in.abs_diff(wait);
    assert!(off < Duration::from_secs(10), "the wait counts from the store's time of the settlement");
    desk.claim_nothing("a retry waits").await;
    harness.advance(wait / 2).await;
    desk.claim_nothing("a retry waits, all of it").await;
    harness.advance(wait).await;
    let again = desk.claim_one().await;
    assert_eq!((again.fence.delivery_id, again.state.attempts), (id, 2));
}

/// Each claim is named by a token of its own, so that an old one never fits by chance.
pub async fn every_claim_has_a_fence_of_its_own<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let mut tokens = HashSet::new();
    for _ in 0..4 {
        desk.enqueue(&delivery()).await;
    }
    for claim in desk.claim().await.claims {
        assert!(tokens.insert(claim.fence.token), "two letters of one batch share a token");
    }
    harness.advance(LEASE * 2).await;
    desk.beat().await;
    let taken = desk.queue.lapsed(desk.worker, MANY, LEASE).await.expect("the queue finds what lapsed");
    assert_eq!(taken.claims.len(), 4);
    for claim in taken.claims {
        assert!(tokens.insert(claim.fence.token), "a takeover has a token that was never used");
    }
}
