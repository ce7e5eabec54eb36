//! Waking: a hint beside the truth, which is polling.

use std::time::Duration;

use postroom_ports::contract::letters::{delivery, worker_id};
use postroom_ports::worker::{Presence, Woken, WorkerRegistry};
use sqlx::Connection;
use sqlx::postgres::PgListener;
use tokio::time::timeout;

use crate::scene::{Scene, value};

const LONG: Duration = Duration::from_mins(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waiting_worker_is_woken_by_the_commit_of_an_enqueue() {
    let scene = Scene::fresh().await;
    let (workers, worker) = (scene.store.workers(), worker_id());
    workers.register(worker, "test").await.unwrap();
    workers.set_presence(worker, Presence::Idle).await.unwrap();
    let mut connection = scene.connection().await;
    let mut transaction = connection.begin().await.unwrap();
    postroom_adapters_postgres::enqueue_in(&mut transaction, &[delivery()]).await.unwrap();
    let mut woken = workers.wait(worker, Duration::from_millis(200)).await.unwrap();
    if woken == Woken::ByEnqueue {
        // Where it takes long to begin to listen, that wakes everybody once.
        woken = workers.wait(worker, Duration::from_millis(200)).await.unwrap();
    }
    assert_eq!(woken, Woken::ByTime, "not before the commit");
    transaction.commit().await.unwrap();
    let woken = timeout(LONG, workers.wait(worker, LONG * 2)).await.expect("it is woken");
    assert_eq!(woken.unwrap(), Woken::ByEnqueue);
}

#[tokio::test]
async fn nobody_is_notified_while_everybody_works() {
    let scene = Scene::fresh().await;
    let (workers, worker) = (scene.store.workers(), worker_id());
    workers.register(worker, "test").await.unwrap();
    let mut listener = PgListener::connect(scene.database.url()).await.unwrap();
    listener.listen("postroom").await.unwrap();
    scene.enqueue(&delivery()).await;
    workers.set_presence(worker, Presence::Idle).await.unwrap();
    scene.sql("UPDATE email.workers SET beat_at = now() - interval '7 seconds'").await;
    scene.enqueue(&delivery()).await;
    workers.beat(worker).await.unwrap();
    scene.sql("SELECT pg_notify('postroom', 'mark')").await;
    let first = timeout(LONG, listener.recv()).await.expect("the mark arrives").unwrap();
    assert_eq!(first.payload(), "mark", "neither a busy nor a dead worker costs a notice");
    scene.enqueue(&delivery()).await;
    assert_eq!(timeout(LONG, listener.recv()).await.expect("an idle one does").unwrap().payload(), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_listener_comes_back() {
    let scene = Scene::fresh().await;
    let (workers, worker) = (scene.store.workers(), worker_id());
    workers.register(worker, "test").await.unwrap();
    workers.set_presence(worker, Presence::Idle).await.unwrap();
    let mut connection = scene.connection().await;
    let listeners = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                      WHERE application_name = 'postroom listener' AND datname = current_database()";
    let cut_off = async {
        while value::<i64>(&mut connection, listeners).await == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LONG, cut_off).await.expect("somebody listened");
    let woken = timeout(LONG, workers.wait(worker, LONG * 2)).await.expect("the gap wakes whoever waits");
    assert_eq!(woken.unwrap(), Woken::ByEnqueue);
    // Rings after the gap may still come: each is a look at the queue, no more.
    scene.enqueue(&delivery()).await;
    let woken = timeout(LONG, workers.wait(worker, LONG * 2)).await.expect("it listens again");
    assert_eq!(woken.unwrap(), Woken::ByEnqueue);
}
