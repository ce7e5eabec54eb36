//! What is forgotten, and when.

use std::time::Duration;

use postroom_domain::failure::Code;
use postroom_domain::lifecycle::{DeliveryState, Event};
use postroom_domain::status::Status;

use crate::contract::StoreHarness;
use crate::contract::desk::{Desk, KEEP};
use crate::contract::letters::{decide, deferred, delivery, rejected};
use crate::letter::NewDelivery;
use crate::queue::{Changed, Retention};

/// Waiting letters past their expiry are cancelled with the code that says why; those that
/// are in time, and those that a worker holds, are not.
pub async fn sweep_cancels_what_expired_with_its_code<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let base = desk.now().await;
    let until = |hours| NewDelivery { expires_at: Some(base.plus(Duration::from_hours(hours))), ..delivery() };
    let held = desk.enqueue(&until(1)).await;
    desk.claim_one().await;
    let tried = desk.enqueue_and_finish(&until(1), &deferred()).await;
    let new = desk.enqueue(&until(1)).await;
    let in_time = desk.enqueue(&until(5)).await;
    assert!(desk.queue.sweep(KEEP, 10).await.expect("the queue sweeps").expired.is_empty(), "nothing expired yet");
    harness.advance(Duration::from_hours(2)).await;
    let mut expired = desk.queue.sweep(KEEP, 10).await.expect("the queue sweeps").expired;
    expired.sort_by_key(|committed| committed.transition.from);
    let from: Vec<_> = expired.iter().map(|one| (one.delivery_id.clone(), one.transition.from)).collect();
    assert_eq!(from, [(new.clone(), Status::Queued), (tried.clone(), Status::Retrying)]);
    for id in [&new, &tried] {
        let seen = desk.find(id).await;
        assert_eq!((seen.status, seen.due_at), (Status::Cancelled, None));
        assert_eq!(seen.last_error_code, Some(Code::new(Code::EXPIRED)));
        let last = desk.history(id).await.pop().expect("it has events");
        assert_eq!((last.status, last.error_code), (Status::Cancelled, Some(Code::new(Code::EXPIRED))));
    }
    assert_eq!(desk.status(&in_time).await, Status::Queued);
    assert_eq!(desk.status(&held).await, Status::InProgress, "its worker decides about it");
}

/// What the store makes of an expiry is what the domain makes of it, and it says so.
pub async fn sweep_matches_domain_apply_expired<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let expires_at = desk.now().await.plus(Duration::from_hours(1));
    let new = NewDelivery { expires_at: Some(expires_at), max_attempts: Some(3), ..delivery() };
    desk.enqueue(&new).await;
    harness.advance(Duration::from_hours(2)).await;
    let [committed] = desk.queue.sweep(KEEP, 10).await.expect("the queue sweeps").expired.try_into().expect("one");
    assert_eq!((&committed.delivery_id, &committed.workflow), (&new.delivery_id, &new.letter.workflow));
    let next = &committed.transition.next;
    let before =
        DeliveryState { max_attempts: Some(3), expires_at: next.expires_at, ..DeliveryState::queued(next.age_from) };
    assert_eq!(committed.transition, decide(&before, &Event::Expired, desk.now().await));
}

/// A sweep does at most as much as it was told to, and the next one goes on.
pub async fn sweep_keeps_to_its_limit<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let expires_at = Some(desk.now().await.plus(Duration::from_hours(1)));
    for _ in 0..3 {
        desk.enqueue(&NewDelivery { expires_at, ..delivery() }).await;
    }
    harness.advance(Duration::from_hours(2)).await;
    for expected in [2, 1, 0] {
        let swept = desk.queue.sweep(KEEP, 2).await.expect("the queue sweeps");
        assert_eq!(swept.expired.len(), expected);
    }
}

/// Content is forgotten once its letter was final for as long as the retention says, counted
/// from when it became final, and not before. The record stays.
pub async fn sweep_forgets_content_past_retention_and_not_before<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let retention = Retention { payloads: Duration::from_hours(10), ..KEEP };
    let due_at = Some(desk.now().await.plus(Duration::from_hours(9)));
    let late = desk.enqueue(&NewDelivery { due_at, ..delivery() }).await;
    let soon = desk.enqueue_and_finish(&delivery(), &rejected()).await;
    harness.advance(Duration::from_hours(9)).await;
    harness.advance(Duration::from_mins(5)).await;
    let claim = desk.claim_one().await;
    desk.finish(&claim, &rejected()).await;
    let waiting = desk.enqueue(&delivery()).await;
    let swept = |desk: &Desk| {
        let queue = std::sync::Arc::clone(&desk.queue);
        async move { queue.sweep(retention, 10).await.expect("the queue sweeps").payloads }
    };
    assert_eq!(swept(&desk).await, 0, "nine hours are not ten");
    harness.advance(Duration::from_hours(2)).await;
    assert_eq!(swept(&desk).await, 1, "the first was final for eleven hours, the second for two");
    assert_eq!(swept(&desk).await, 0, "what is forgotten is forgotten once");
    assert_eq!(desk.redrive(&soon).await, Changed::ContentGone);
    assert!(matches!(desk.redrive(&late).await, Changed::Done(_)), "the second's content is still there");
    assert_eq!(desk.status(&soon).await, Status::Failed, "the record stays");
    harness.advance(Duration::from_hours(48)).await;
    assert_eq!(swept(&desk).await, 0, "the content of a letter that waits ({waiting}) is kept");
}

/// Rows of workers that are gone are forgotten after their retention; those of workers that
/// beat stay.
pub async fn sweep_forgets_workers_that_are_gone<H: StoreHarness>(harness: &H) {
    let (gone, here) = (Desk::open(harness).await, Desk::open(harness).await);
    gone.beat().await;
    let retention = Retention { workers: Duration::from_hours(1), ..KEEP };
    assert_eq!(here.queue.sweep(retention, 10).await.expect("the queue sweeps").workers, 0);
    harness.advance(Duration::from_hours(2)).await;
    here.beat().await;
    assert_eq!(here.queue.sweep(retention, 10).await.expect("the queue sweeps").workers, 1);
    here.beat().await;
    here.enqueue(&delivery()).await;
    here.claim_one().await;
}
