//! The rules of a [`WorkerRegistry`](crate::worker::WorkerRegistry).

use std::sync::Arc;
use std::time::Duration;

use super::StoreHarness;
use super::desk::Desk;
use super::letters::delivery;
use crate::worker::{Presence, Woken};

/// An idle worker that waits is woken by an enqueue, long before its time is up.
pub async fn a_waiting_worker_is_woken_by_an_enqueue<H: StoreHarness>(harness: &H) {
    let desk = Arc::new(Desk::open(harness).await);
    desk.workers.set_presence(desk.worker, Presence::Idle).await.expect("a worker says that it is idle");
    let waiting = Arc::clone(&desk);
    let mut wait = tokio::spawn(async move { waiting.workers.wait(waiting.worker, Duration::from_mins(10)).await });
    // A notice may be lost where it comes before the wait began: then the next one counts.
    for _ in 0..200 {
        desk.enqueue(&delivery()).await;
        if let Ok(ended) = tokio::time::timeout(Duration::from_millis(50), &mut wait).await {
            let woken = ended.expect("the wait ends").expect("the wait is no failure");
            assert_eq!(woken, Woken::ByEnqueue);
            return;
        }
    }
    wait.abort();
    panic!("the worker slept through 200 enqueues");
}
