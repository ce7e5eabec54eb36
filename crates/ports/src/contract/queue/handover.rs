//! *Ready*: what is on record before the first byte leaves.

use std::time::Duration;

use postroom_domain::lifecycle::{DeliveryState, Event};
use postroom_domain::status::{Stage, Status};

use crate::contract::StoreHarness;
use crate::contract::desk::{Desk, PAST_LEASE};
use crate::contract::letters::{deferred, delivery, frozen, locale, rejected, transport_name};
use crate::queue::{Changed, Content, Fence, Fenced, Ready};

/// *Ready* stores the frozen bytes, and every later claim returns exactly these.
pub async fn ready_stores_the_frozen_bytes_and_later_claims_return_them<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let id = desk.enqueue(&delivery()).await;
    let first = desk.claim_one().await;
    let mut bytes = frozen(&id);
    bytes.bytes.extend_from_slice(b"\x00\xff\xfe.\r\n..\r\n");
    "Ünïcode 🎉".clone_into(&mut bytes.subject);
    bytes.locale = Some(locale("pt-br"));
    assert_eq!(desk.ready(&first.fence, Some(bytes.clone())).await, Fenced::Done);
    let seen = desk.find(&id).await;
    assert_eq!(seen.message_id.as_deref(), Some(bytes.message_id.as_str()), "the record knows the Message-ID");
    assert_eq!(seen.provider, Some(transport_name("contract")), "the record knows the transport");
    assert_eq!(seen.status, Status::InProgress, "a handover is no status of its own");
    let state = DeliveryState { stage: Stage::Handover, ..first.state };
    desk.conclude(&first.fence, &state, &deferred()).await;
    harness.advance(Duration::from_mins(10)).await;
    let second = desk.claim_one().await;
    assert!(second.content == Content::Frozen(bytes), "the same bytes at every attempt");
    assert_eq!(second.provider, Some(transport_name("contract")), "the claim says who had it last");
}

/// Bytes that are stored already stand: a later *ready* without them keeps them, and one with
/// others does not replace them.
pub async fn frozen_bytes_are_never_replaced<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let id = desk.enqueue(&delivery()).await;
    let bytes = frozen(&id);
    let first = desk.claim_one().await;
    assert_eq!(desk.ready(&first.fence, Some(bytes.clone())).await, Fenced::Done);
    let state = DeliveryState { stage: Stage::Handover, ..first.state };
    desk.conclude(&first.fence, &state, &deferred()).await;
    for later in [None, Some(frozen(&id))] {
        harness.advance(Duration::from_hours(1)).await;
        let claim = desk.claim_one().await;
        assert_eq!(desk.ready(&claim.fence, later).await, Fenced::Done);
        let state = DeliveryState { stage: Stage::Handover, ..claim.state };
        desk.conclude(&claim.fence, &state, &deferred()).await;
    }
    harness.advance(Duration::from_hours(3)).await;
    assert!(desk.claim_one().await.content == Content::Frozen(bytes.clone()), "the first bytes stand");
    assert_eq!(desk.find(&id).await.message_id, Some(bytes.message_id));
}

/// A worker that lost its claim may not hand over: *ready* says so and stores nothing.
pub async fn ready_with_a_stale_fence_changes_nothing<H: StoreHarness>(harness: &H) {
    let (slow, quick) = (Desk::open(harness).await, Desk::open(harness).await);
    let id = slow.enqueue(&delivery()).await;
    let lost = slow.claim_one().await;
    harness.advance(PAST_LEASE).await;
    let taken = quick.lapsed_one().await;
    let before = quick.find(&id).await;
    assert_eq!(slow.ready(&lost.fence, Some(frozen(&id))).await, Fenced::Stale);
    assert_eq!(quick.find(&id).await, before, "the record is untouched");
    quick.conclude(&taken.fence, &taken.state, &Event::LeaseLapsed).await;
    let again = quick.claim_one().await;
    assert_eq!(again.content, Content::Fresh, "the stale bytes were not stored");
}

/// The holder who never heard the answer to *ready* says it again, and is told that it is done: the
/// bytes stay, and it may go on.
pub async fn ready_that_is_repeated_is_done_again<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let id = desk.enqueue(&delivery()).await;
    let claim = desk.claim_one().await;
    let bytes = frozen(&id);
    for _ in 0..2 {
        assert_eq!(desk.ready(&claim.fence, Some(bytes.clone())).await, Fenced::Done);
    }
    let state = DeliveryState { stage: Stage::Handover, ..claim.state };
    desk.conclude(&claim.fence, &state, &deferred()).await;
    harness.advance(Duration::from_mins(10)).await;
    assert!(desk.claim_one().await.content == Content::Frozen(bytes), "the same bytes");
}

/// One stale letter of a batch does not keep the others from their handover.
pub async fn one_stale_handover_does_not_touch_the_others<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let done = desk.enqueue(&delivery()).await;
    let stale = desk.claim_one().await;
    desk.finish(&stale, &rejected()).await;
    desk.enqueue(&delivery()).await;
    let held = desk.claim_one().await;
    let ready = |fence: &Fence| Ready {
        fence: fence.clone(),
        frozen: Some(frozen(&fence.delivery_id)),
        transport: transport_name("contract"),
    };
    let answers = desk.queue.ready(&[ready(&stale.fence), ready(&held.fence)]).await.expect("the queue answers");
    assert_eq!(answers, [Fenced::Stale, Fenced::Done], "one answer per letter, in order");
    assert_eq!(desk.status(&done).await, Status::Failed);
}

/// A handover writes no event: nothing about the letter's status was decided.
pub async fn a_handover_writes_no_event<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let id = desk.enqueue(&delivery()).await;
    let claim = desk.claim_one().await;
    let before = desk.history(&id).await;
    desk.hand_over(&claim).await;
    assert_eq!(desk.history(&id).await, before);
}

/// The lease moves for its holder, so that a long handover is not taken over.
pub async fn extend_moves_the_lease_for_the_holder_only<H: StoreHarness>(harness: &H) {
    let (desk, janitor) = (Desk::open(harness).await, Desk::open(harness).await);
    desk.enqueue(&delivery()).await;
    let claim = desk.claim_one().await;
    let hour = Duration::from_hours(1);
    let extend = |fence: Fence| async { desk.queue.extend(&[fence], hour).await.expect("leases extend") };
    assert_eq!(extend(claim.fence.clone()).await, [Fenced::Done]);
    harness.advance(PAST_LEASE).await;
    desk.beat().await;
    assert!(janitor.lapsed().await.claims.is_empty(), "an extended lease holds");
    harness.advance(hour).await;
    desk.beat().await;
    janitor.lapsed_one().await;
    assert_eq!(extend(claim.fence).await, [Fenced::Stale], "whoever lost a claim cannot extend it");
    harness.advance(PAST_LEASE).await;
    desk.beat().await;
    desk.lapsed_one().await;
}

/// Cancelling a letter that a worker holds comes too late: it says so, and the worker goes on.
pub async fn cancel_of_a_claimed_letter_comes_too_late<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let id = desk.enqueue(&delivery()).await;
    let claim = desk.claim_one().await;
    assert_eq!(desk.cancel(&id).await, Changed::Not(Status::InProgress));
    desk.finish(&claim, &Event::Accepted).await;
    assert_eq!(desk.status(&id).await, Status::Sent);
}
