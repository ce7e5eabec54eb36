//! The rules of a [`WorkerRegistry`](crate::worker::WorkerRegistry). That a claim lives while
//! its worker beats is a rule of the queue.

use std::sync::Arc;
use std::time::Duration;

use super::StoreHarness;
use super::desk::{Desk, LEASE};
use super::letters::delivery;
use crate::queue::ClaimRequest;
use crate::worker::{BEAT_EVERY, Presence, Woken};

/// An idle worker that waits is woken by an enqueue, long before its time is up.
pub async fn a_waiting_worker_is_woken_by_an_enqueue<H: StoreHarness>(harness: &H) {
    let desk = Arc::new(Desk::open(harness).await);
    desk.workers.set_presence(desk.worker, Presence::Idle).await.expect("a worker says that it is idle");
    let waiting = Arc::clone(&desk);
    let mut wait = tokio::spawn(async move { waiting.workers.wait(waiting.worker, Duration::from_mins(10)).await });
    // A notice may be lost where it comes before the wait began: then the next one counts.
    for _ in 0..100 {
        desk.enqueue(&delivery()).await;
        if let Ok(ended) = tokio::time::timeout(Duration::from_millis(50), &mut wait).await {
            let woken = ended.expect("the wait ends").expect("the wait is no failure");
            assert_eq!(woken, Woken::ByEnqueue);
            return;
        }
    }
    wait.abort();
    panic!("the worker slept through a hundred enqueues");
}

/// A wait ends when its time is up, though nothing was enqueued.
pub async fn a_wait_ends_when_its_time_is_up<H: StoreHarness>(harness: &H) {
    let desk = Arc::new(Desk::open(harness).await);
    desk.workers.set_presence(desk.worker, Presence::Idle).await.expect("a worker says that it is idle");
    let waiting = Arc::clone(&desk);
    let longest = Duration::from_millis(200);
    let mut wait = tokio::spawn(async move { waiting.workers.wait(waiting.worker, longest).await });
    // The time of the store moves by hand, that of the wait perhaps by itself.
    for _ in 0..100 {
        harness.advance(longest).await;
        if let Ok(ended) = tokio::time::timeout(Duration::from_millis(100), &mut wait).await {
            assert_eq!(ended.expect("the wait ends").expect("the wait is no failure"), Woken::ByTime);
            return;
        }
    }
    wait.abort();
    panic!("the worker waited longer than it said");
}

/// A worker that beats keeps its claims for as long as its lease runs.
pub async fn a_beating_worker_keeps_its_claims<H: StoreHarness>(harness: &H) {
    let (working, janitor) = (Desk::open(harness).await, Desk::open(harness).await);
    working.enqueue(&delivery()).await;
    let claim = working.claim_as(&ClaimRequest { lease: LEASE * 10, ..working.request() }).await;
    assert_eq!(claim.claims.len(), 1);
    for _ in 0..10 {
        harness.advance(BEAT_EVERY).await;
        working.beat().await;
    }
    assert!(janitor.lapsed().await.claims.is_empty(), "its worker beat all the time");
}

/// One worker's beat is its own: it keeps no other worker's claims alive.
pub async fn a_beat_speaks_for_one_worker_alone<H: StoreHarness>(harness: &H) {
    let (silent, loud) = (Desk::open(harness).await, Desk::open(harness).await);
    silent.enqueue(&delivery()).await;
    silent.claim_one().await;
    for _ in 0..5 {
        harness.advance(BEAT_EVERY).await;
        loud.beat().await;
    }
    loud.lapsed_one().await;
}
