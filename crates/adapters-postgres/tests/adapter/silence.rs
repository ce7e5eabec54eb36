//! A network that fails: answers that are lost, connections that die without a word, pools that are used up.

use std::time::Duration;

use postroom_adapters_postgres::{PostgresConfig, PostgresStore};
use postroom_domain::lifecycle::Event;
use postroom_domain::status::Status;
use postroom_ports::contract::desk::settlement;
use postroom_ports::contract::letters::{decide, delivery, worker_id};
use postroom_ports::error::PortErrorKind;
use postroom_ports::queue::{DeliveryQueue, Fenced, Settlement};
use postroom_ports::tracker::DeliveryTracker;
use postroom_ports::worker::{Presence, Woken, WorkerRegistry};
use postroom_test_database::Proxy;
use tokio::time::timeout;

use crate::scene::{Scene, config, request, value};

/// Nothing waits so long.
const LONG: Duration = Duration::from_mins(2);

/// A database, and a store that reaches it through a proxy and has little patience.
async fn behind_a_proxy() -> (Scene, PostgresStore, Proxy) {
    let scene = Scene::fresh().await;
    let proxy = Proxy::before(scene.database.url()).await.unwrap();
    let short = Duration::from_millis(500);
    let impatient = PostgresConfig {
        work_connections: 2,
        acquire_timeout: short,
        statement_timeout: short,
        keepalive: short,
        ..config(proxy.url())
    };
    // Whose patience is short may lose it for other reasons, too.
    let store = finally(async || PostgresStore::connect(&impatient).await).await;
    (scene, store, proxy)
}

/// Calls until it works, as a worker does.
async fn finally<T, E: std::fmt::Debug>(call: impl AsyncFn() -> Result<T, E>) -> T {
    let trying = async {
        loop {
            match call().await {
                Ok(done) => return done,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    };
    timeout(LONG, trying).await.expect("it works in the end")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settlement_whose_commit_was_not_heard_of_is_done_when_it_is_repeated() {
    let (scene, store, proxy) = behind_a_proxy().await;
    let id = scene.enqueue(&delivery()).await;
    let queue = store.queue();
    let batch = scene.store.queue().claim(&request()).await.unwrap();
    let [claim] = batch.claims.as_slice() else { panic!("one letter is due") };
    let given_back = Settlement {
        payload: serde_json::json!({"note": "never heard of"}),
        ..settlement(&claim.fence, decide(&claim.state, &Event::GivenBack, batch.now))
    };

    proxy.lose_answers_to("never heard of");
    let settling = tokio::spawn({
        let (queue, given_back) = (queue.clone(), given_back.clone());
        async move { queue.settle(&[given_back]).await }
    });
    let error = settling.await.unwrap().expect_err("no answer came");
    assert_eq!(error.kind(), PortErrorKind::Unavailable, "{error}");
    assert_eq!(scene.find(id.as_str()).await.status, Status::Retrying, "and yet it was committed");
    proxy.thaw();

    let answers = finally(async || queue.settle(std::slice::from_ref(&given_back)).await).await;
    assert_eq!(answers, [Fenced::Done]);
    let history = scene.store.tracker().history(&id).await.unwrap();
    assert_eq!(history.len(), 3, "queued, claimed, given back: {history:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_die_without_a_word_are_given_up_and_opened_anew() {
    let (scene, store, proxy) = behind_a_proxy().await;
    let (queue, workers, worker) = (store.queue(), store.workers(), worker_id());
    finally(async || workers.register(worker, "test").await).await;
    for _ in 0..4 {
        scene.enqueue(&delivery()).await;
    }
    // Both connections of the pool are open, and so are those for beats and reads.
    finally(async || {
        let (one, two) = tokio::join!(queue.extend(&[], LONG), queue.extend(&[], LONG));
        one.and(two)
    })
    .await;
    finally(async || store.tracker().counts().await).await;

    proxy.freeze();
    let stuck = tokio::join!(queue.extend(&[], LONG), queue.extend(&[], LONG), workers.beat(worker));
    let kinds = [stuck.0.unwrap_err().kind(), stuck.1.unwrap_err().kind(), stuck.2.unwrap_err().kind()];
    assert_eq!(kinds, [PortErrorKind::Unavailable; 3], "they end, and say that the store is not there");
    proxy.thaw();

    finally(async || workers.beat(worker).await).await;
    finally(async || store.tracker().counts().await).await;
    finally(async || queue.claim(&request()).await).await;
    let claimed = "SELECT count(*) FROM email.outbox WHERE status = 'in_progress'";
    assert_eq!(value::<i64>(&mut scene.connection().await, claimed).await, 4, "no letter was lost with them");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_that_dies_without_a_word_comes_back_and_waits_end_meanwhile() {
    let (scene, store, proxy) = behind_a_proxy().await;
    let (workers, worker) = (store.workers(), worker_id());
    finally(async || workers.register(worker, "test").await).await;
    finally(async || workers.set_presence(worker, Presence::Idle).await).await;
    proxy.freeze();
    scene.enqueue(&delivery()).await;
    let poll = Duration::from_millis(50);
    // By its time, because the notice was lost with the connection; on a slow machine by the gap that it left.
    timeout(LONG, workers.wait(worker, poll)).await.expect("a wait ends when its time is up").unwrap();
    proxy.thaw();

    let woken = timeout(LONG, workers.wait(worker, LONG * 2)).await.expect("the gap wakes whoever waits");
    assert_eq!(woken.unwrap(), Woken::ByEnqueue);
    // It listens anew: the next notices come through the network.
    let mut connection = scene.connection().await;
    let listens = "SELECT count(*) FROM pg_stat_activity
                    WHERE application_name = 'postroom listener' AND datname = current_database() AND query LIKE 'LISTEN%'";
    let listening = async {
        while value::<i64>(&mut connection, listens).await == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LONG, listening).await.expect("somebody listens");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_pool_that_is_used_up_stops_neither_beats_nor_reads_and_loses_no_letter() {
    let scene = Scene::fresh().await;
    let patient = PostgresConfig { work_connections: 2, ..config(scene.database.url()) };
    let store = PostgresStore::connect(&patient).await.unwrap();
    let (workers, worker) = (store.workers(), worker_id());
    workers.register(worker, "test").await.unwrap();
    let id = scene.enqueue(&delivery()).await;
    // Whoever claims waits for this lock, whoever reads does not.
    let mut elsewhere = scene.connection().await;
    sqlx::raw_sql("BEGIN; LOCK TABLE email.outbox IN EXCLUSIVE MODE").execute(&mut elsewhere).await.unwrap();
    let claims: Vec<_> = (0..3)
        .map(|_| {
            let queue = store.queue();
            tokio::spawn(async move { queue.claim(&request()).await.map(|batch| batch.claims.len()) })
        })
        .collect();
    let mut connection = scene.connection().await;
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'postroom work'
                      AND datname = current_database() AND wait_event_type = 'Lock'";
    let both = async {
        while value::<i64>(&mut connection, waiting).await < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LONG, both).await.expect("both connections wait");

    timeout(LONG, workers.beat(worker)).await.expect("a beat waits for nobody").unwrap();
    let found = timeout(LONG, store.tracker().find(&id)).await.expect("nor does a reader").unwrap();
    assert_eq!(found.unwrap().status, Status::Queued);
    sqlx::raw_sql("COMMIT").execute(&mut elsewhere).await.unwrap();
    let mut taken = 0;
    for claim in claims {
        taken += claim.await.unwrap().unwrap();
    }
    assert_eq!(taken, 1, "the letter was taken once");
}

/// A commit with a notice fails with 54000 (`program_limit_exceeded`) once the server's queue of notices is full. Ours
/// gives none long before that; where somebody else filled it in between, this is what becomes of a letter.
#[tokio::test]
async fn a_notice_that_cannot_be_given_takes_no_letter_with_it_unnoticed() {
    let scene = Scene::fresh().await;
    scene
        .sql(
            "CREATE OR REPLACE FUNCTION email.wake() RETURNS void LANGUAGE plpgsql AS $$
             BEGIN RAISE EXCEPTION 'too many notifications in the NOTIFY queue' USING ERRCODE = '54000'; END $$",
        )
        .await;
    let refused = scene.store.queue().enqueue(&[delivery()]).await;
    let error = refused.expect_err("whoever enqueues is told");
    assert_eq!(error.kind(), PortErrorKind::Unavailable, "{error}");
    let counts = scene.store.tracker().counts().await.unwrap();
    assert_eq!(counts.due, 0, "and nothing is half stored");
}
