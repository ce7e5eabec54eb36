//! Several processes on one file, and what is left when one of them is killed.
#![expect(clippy::unwrap_used, reason = "a test states what must hold")]
#![expect(clippy::disallowed_methods, reason = "the child process is told by its environment what to do")]

mod home;

use std::collections::{BTreeSet, HashSet};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use home::Home;
use postroom_adapters_sqlite::config::SqliteConfig;
use postroom_adapters_sqlite::store::SqliteStore;
use postroom_domain::id::{DeliveryId, WorkerId};
use postroom_ports::contract::letters::{delivery, worker_id};
use postroom_ports::error::PortErrorKind;
use postroom_ports::queue::{Among, ClaimRequest, DeliveryQueue, Enqueued};
use postroom_ports::tracker::DeliveryTracker;
use postroom_ports::worker::{Presence, Woken, WorkerRegistry};
use sqlx::Connection;

const FILE: &str = "POSTROOM_TEST_FILE";

fn request(worker: WorkerId) -> ClaimRequest {
    ClaimRequest {
        worker,
        limit: 7,
        lane_share: 7,
        lease: Duration::from_mins(1),
        held_tenants: Vec::new(),
        among: Among::default(),
    }
}

/// Claims until there is nothing left.
async fn drain(store: SqliteStore) -> Vec<DeliveryId> {
    let (queue, worker) = (store.queue(), worker_id());
    let mut taken = Vec::new();
    loop {
        let batch = queue.claim(&request(worker)).await.unwrap();
        if batch.claims.is_empty() {
            return taken;
        }
        taken.extend(batch.claims.into_iter().map(|claim| claim.fence.delivery_id));
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_stores_on_one_file_never_claim_the_same_letter() {
    let home = Home::migrated().await;
    let (one, other) = (home.store().await, home.store().await);
    let letters: Vec<_> = (0..200).map(|_| delivery()).collect();
    let answers = one.queue().enqueue(&letters).await.unwrap();
    assert!(answers.iter().all(|answer| matches!(answer, Enqueued::New(_))));
    let (first, second) = tokio::join!(tokio::spawn(drain(one.clone())), tokio::spawn(drain(other.clone())));
    let taken: Vec<_> = first.unwrap().into_iter().chain(second.unwrap()).collect();
    let distinct: HashSet<_> = taken.iter().collect();
    assert_eq!((taken.len(), distinct.len()), (200, 200), "each letter once");
    one.close().await;
    other.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_hears_of_a_letter_that_another_process_enqueued() {
    let home = Home::migrated().await;
    let (here, there) = (home.store().await, home.store().await);
    let (workers, worker) = (here.workers(), worker_id());
    workers.register(worker, "here").await.unwrap();
    workers.set_presence(worker, Presence::Idle).await.unwrap();
    there.queue().enqueue(&[delivery()]).await.unwrap();
    assert_eq!(workers.wait(worker, Duration::from_mins(1)).await.unwrap(), Woken::ByEnqueue);
    assert_eq!(workers.wait(worker, Duration::from_millis(1)).await.unwrap(), Woken::ByTime, "one notice, one waking");
    here.close().await;
    there.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_beat_overtakes_the_queue_s_own_work() {
    let home = Home::migrated().await;
    let store = home.store().await;
    let (waiting, done) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let mut connection = home.connection().await;
    // Somebody else writes, so that the queue's work piles up in front of the beat.
    let other = connection.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let enqueues: Vec<_> = (0..40)
        .map(|_| {
            let (queue, waiting, done) = (store.queue(), Arc::clone(&waiting), Arc::clone(&done));
            tokio::spawn(async move {
                waiting.fetch_add(1, Ordering::SeqCst);
                queue.enqueue(&[delivery()]).await.unwrap();
                done.fetch_add(1, Ordering::SeqCst);
            })
        })
        .collect();
    while waiting.load(Ordering::SeqCst) < 40 {
        tokio::task::yield_now().await;
    }
    let workers = store.workers();
    let beat = tokio::spawn(async move {
        workers.beat(worker_id()).await.unwrap();
        done.load(Ordering::SeqCst)
    });
    other.rollback().await.unwrap();
    let before = beat.await.unwrap();
    assert!(before < 20, "the beat came after {before} of 40 enqueues that were there before it");
    for enqueue in enqueues {
        enqueue.await.unwrap();
    }
    store.close().await;
}

#[tokio::test]
async fn a_file_that_another_process_holds_for_too_long_is_unavailable_and_then_free() {
    let home = Home::migrated().await;
    let config = SqliteConfig { busy_timeout: Duration::from_millis(20), ..home.config() };
    let store = SqliteStore::connect(config).await.unwrap();
    let mut connection = home.connection().await;
    let other = connection.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let error = store.queue().enqueue(&[delivery()]).await.unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::Unavailable, "{error}");
    store.tracker().counts().await.expect("who reads does not wait for who writes");
    other.rollback().await.unwrap();
    assert!(matches!(store.queue().enqueue(&[delivery()]).await.unwrap()[..], [Enqueued::New(_)]));
    store.close().await;
    let closed = store.queue().enqueue(&[delivery()]).await.unwrap_err();
    assert_eq!(closed.kind(), PortErrorKind::Unavailable, "{closed}");
}

/// Not a test of its own: what the killed process does. It enqueues without an end and names
/// every letter that was answered.
#[tokio::test]
async fn child_that_enqueues_until_it_is_killed() {
    let Ok(path) = std::env::var(FILE) else { return };
    let store = SqliteStore::connect(SqliteConfig::new(path)).await.unwrap();
    let queue = store.queue();
    for number in 0_u64.. {
        let letters: Vec<_> = (0..3)
            .map(|part| {
                let mut new = delivery();
                new.delivery_id = DeliveryId::parse(format!("{}-{number}-{part}", std::process::id())).unwrap();
                new
            })
            .collect();
        for answer in queue.enqueue(&letters).await.unwrap() {
            let Enqueued::New(id) = answer else { unreachable!("each id is new") };
            // Straight to the pipe: a buffer would die with the process.
            writeln!(std::io::stderr(), "acknowledged {id}").unwrap();
        }
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let home = Home::migrated().await;
    let mut acknowledged = BTreeSet::new();
    for round in 1..=4_usize {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_that_enqueues_until_it_is_killed", "--nocapture"])
            .env(FILE, home.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        for (count, line) in lines.enumerate() {
            if count == 20 * round {
                child.kill().unwrap();
            }
            let line = line.unwrap();
            let Some((_, id)) = line.split_once("acknowledged ") else { continue };
            acknowledged.insert(DeliveryId::parse(id).unwrap());
        }
        assert!(!child.wait().unwrap().success(), "it was killed");
    }
    assert!(acknowledged.len() >= 190, "the children had time to work: {}", acknowledged.len());
    let store = home.store().await;
    for id in &acknowledged {
        let found = store.tracker().find(id).await.unwrap();
        assert!(found.is_some(), "{id} was acknowledged and is gone");
    }
    let taken: Vec<_> = drain(store.clone()).await;
    let distinct: BTreeSet<_> = taken.iter().cloned().collect();
    assert_eq!(distinct.len(), taken.len(), "each letter once");
    assert!(distinct.is_superset(&acknowledged), "each of them is claimed");
    let mut connection = home.connection().await;
    let health: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
    assert_eq!(health, "ok");
    store.close().await;
}
