//! What the database refuses by itself, whoever writes: the lifecycle by plain SQL.
#![expect(clippy::unwrap_used, reason = "a test states what must hold")]

mod home;
mod older;

use std::collections::VecDeque;
use std::time::Duration;

use home::Home;
use postroom_domain::feedback::Feedback;
use postroom_domain::lifecycle::MOVES;
use postroom_domain::status::Status;
use postroom_ports::contract::letters::{delivery, keyed, worker_id};
use postroom_ports::queue::{Among, ClaimRequest, DeliveryQueue, Enqueued};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection};

async fn insert(connection: &mut SqliteConnection, id: &str, status: Status) -> sqlx::Result<()> {
    let sql = "INSERT INTO deliveries
            (delivery_id, workflow, recipient, status, queued_at, age_from, created_at, updated_at)
        SELECT ?1, 'invite', 'someone@example.org', ?2, now, now, now, now FROM clock";
    sqlx::query(sql).bind(id).bind(status.as_str()).execute(connection).await.map(drop)
}

async fn update(connection: &mut SqliteConnection, id: &str, status: Status) -> sqlx::Result<()> {
    let sql = "UPDATE deliveries SET status = ?2 WHERE delivery_id = ?1";
    sqlx::query(sql).bind(id).bind(status.as_str()).execute(connection).await.map(drop)
}

async fn status(connection: &mut SqliteConnection, id: &str) -> Status {
    let sql = "SELECT status FROM deliveries WHERE delivery_id = ?1";
    let name: String = sqlx::query_scalar(sql).bind(id).fetch_one(connection).await.unwrap();
    Status::parse(&name).unwrap()
}

async fn number(connection: &mut SqliteConnection, sql: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(connection).await.unwrap()
}

/// The shortest way from `queued` to a status over legal moves.
fn way_to(status: Status) -> Vec<Status> {
    let mut ways = VecDeque::from([vec![Status::Queued]]);
    while let Some(way) = ways.pop_front() {
        let end = *way.last().unwrap();
        if end == status {
            return way;
        }
        for (_, next) in MOVES.into_iter().filter(|(from, next)| *from == end && !way.contains(next)) {
            ways.push_back(way.iter().copied().chain([next]).collect());
        }
    }
    unreachable!("every status can be reached: {status}")
}

#[tokio::test]
async fn plain_sql_may_move_a_letter_only_where_the_domain_may() {
    let home = Home::migrated().await;
    let mut connection = home.connection().await;
    for from in Status::ALL {
        for to in Status::ALL {
            let id = format!("{from}-{to}");
            let (first, rest) = {
                let way = way_to(from);
                (way[0], way[1..].to_vec())
            };
            insert(&mut connection, &id, first).await.unwrap();
            for step in rest {
                update(&mut connection, &id, step).await.unwrap();
            }
            let legal = from == to || MOVES.contains(&(from, to));
            let done = update(&mut connection, &id, to).await;
            assert_eq!(done.is_ok(), legal, "{from} to {to}: {done:?}");
            let after = if legal { to } else { from };
            assert_eq!(status(&mut connection, &id).await, after, "{from} to {to}");
        }
    }
}

#[tokio::test]
async fn a_letter_begins_as_queued_or_in_progress() {
    let home = Home::migrated().await;
    let mut connection = home.connection().await;
    for first in Status::ALL {
        let legal = matches!(first, Status::Queued | Status::InProgress);
        assert_eq!(insert(&mut connection, first.as_str(), first).await.is_ok(), legal, "{first}");
    }
    assert_eq!(number(&mut connection, "SELECT count(*) FROM deliveries").await, 2);
    assert_eq!(number(&mut connection, "SELECT count(*) FROM delivery_events").await, 2);
}

#[tokio::test]
async fn the_check_constraints_spell_the_names_as_the_domain_does() {
    let home = Home::migrated().await;
    let mut connection = home.connection().await;
    let sql = "SELECT sql FROM sqlite_schema WHERE name = 'deliveries'";
    let table: String = sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap();
    let listed = |column: &str| -> Vec<String> {
        let (_, list) = table.split_once(&format!("{column} IN (")).unwrap();
        let (list, _) = list.split_once(')').unwrap();
        list.split(',').map(|name| name.trim().trim_matches('\'').to_owned()).collect()
    };
    assert_eq!(listed("status"), Status::ALL.map(Status::as_str));
    assert_eq!(listed("feedback"), Feedback::ALL.map(Feedback::as_str));
}

#[tokio::test]
async fn attempts_only_rise_and_ids_stay() {
    let home = Home::migrated().await;
    let mut connection = home.connection().await;
    insert(&mut connection, "a", Status::Queued).await.unwrap();
    let run = async |connection: &mut SqliteConnection, sql: &'static str| sqlx::query(sql).execute(connection).await;
    run(&mut connection, "UPDATE deliveries SET attempts = 2").await.unwrap();
    for refused in [
        "UPDATE deliveries SET attempts = 1",
        "UPDATE deliveries SET delivery_id = 'b'",
        "UPDATE deliveries SET seq = 77",
        "UPDATE deliveries SET feedback = 'loved'",
        "UPDATE deliveries SET metadata = '[]'",
    ] {
        run(&mut connection, refused).await.unwrap_err();
    }
}

#[tokio::test]
async fn every_change_of_status_leaves_its_event_and_a_row_per_consumer() {
    let home = Home::migrated().await;
    let mut connection = home.connection().await;
    sqlx::query("INSERT INTO relay_consumers (consumer, enabled) VALUES ('webhook', 1), ('mirror', 0)")
        .execute(&mut connection)
        .await
        .unwrap();
    insert(&mut connection, "a", Status::Queued).await.unwrap();
    for next in [Status::InProgress, Status::Retrying, Status::Cancelled] {
        update(&mut connection, "a", next).await.unwrap();
    }
    update(&mut connection, "a", Status::Cancelled).await.unwrap();
    let events: Vec<String> =
        sqlx::query_scalar("SELECT status FROM delivery_events ORDER BY id").fetch_all(&mut connection).await.unwrap();
    assert_eq!(events, ["queued", "in_progress", "retrying", "cancelled"], "an unchanged status is no event");
    let relayed: Vec<(String, i64)> =
        sqlx::query_as("SELECT consumer, event FROM relay ORDER BY event").fetch_all(&mut connection).await.unwrap();
    assert_eq!(relayed, (1..=4).map(|event| ("webhook".to_owned(), event)).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_due_time_that_is_changed_by_hand_counts_in_the_queue_too() {
    let home = Home::migrated().await;
    let mut connection = home.connection().await;
    home.store().await.queue().enqueue(&[delivery()]).await.unwrap();
    let differing =
        "SELECT count(*) FROM deliveries AS d JOIN outbox AS o ON o.seq = d.seq WHERE o.due_at IS NOT d.due_at";
    for change in ["now + 3600000000", "now"] {
        let sql = format!("UPDATE deliveries SET due_at = (SELECT {change} FROM clock)");
        sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        assert_eq!(number(&mut connection, differing).await, 0, "{change}");
    }
    assert_eq!(number(&mut connection, "SELECT count(*) FROM delivery_events").await, 1, "that is no change of status");
}

#[tokio::test]
async fn updated_at_follows_whoever_writes() {
    let home = Home::migrated().await;
    let mut connection = home.connection().await;
    insert(&mut connection, "a", Status::Queued).await.unwrap();
    older::advance(&home, Duration::from_hours(1)).await;
    let age = "SELECT now - updated_at FROM clock, deliveries";
    assert!(number(&mut connection, age).await >= 3_600_000_000);
    sqlx::query("UPDATE deliveries SET source_id = 'x'").execute(&mut connection).await.unwrap();
    assert!(number(&mut connection, age).await < 3_600_000_000);
}

#[tokio::test]
async fn the_outbox_follows_a_person_at_a_shell() {
    let home = Home::migrated().await;
    let store = home.store().await;
    let queue = store.queue();
    let letter = delivery();
    let id = letter.delivery_id.as_str().to_owned();
    assert!(matches!(queue.enqueue(&[letter]).await.unwrap()[..], [Enqueued::New(_)]));
    let mut connection = home.connection().await;
    let request = ClaimRequest {
        worker: worker_id(),
        limit: 10,
        lane_share: 10,
        lease: Duration::from_mins(1),
        held_tenants: Vec::new(),
        among: Among::default(),
    };

    update(&mut connection, &id, Status::Cancelled).await.unwrap();
    assert!(queue.claim(&request).await.unwrap().claims.is_empty(), "what was cancelled by hand is not sent");

    let other = delivery();
    let id = other.delivery_id.as_str().to_owned();
    queue.enqueue(&[other]).await.unwrap();
    update(&mut connection, &id, Status::InProgress).await.unwrap();
    assert!(queue.claim(&request).await.unwrap().claims.is_empty());
    let taken = queue.lapsed(worker_id(), 10, Duration::from_mins(1)).await.unwrap();
    assert_eq!(taken.claims.len(), 1, "nobody holds it, so the next worker takes it up");

    for next in [Status::DeadLetter, Status::Queued] {
        update(&mut connection, &id, next).await.unwrap();
    }
    assert_eq!(queue.claim(&request).await.unwrap().claims.len(), 1, "a redrive by hand is a redrive");
    store.close().await;
}

#[tokio::test]
async fn a_record_that_is_deleted_takes_everything_along() {
    let home = Home::migrated().await;
    let store = home.store().await;
    store.queue().enqueue(&[keyed("order-1")]).await.unwrap();
    let mut shell = SqliteConnectOptions::new().filename(home.path()).foreign_keys(false).connect().await.unwrap();
    sqlx::query("DELETE FROM deliveries").execute(&mut shell).await.unwrap();
    for table in ["outbox", "payloads", "idempotency", "delivery_events"] {
        assert_eq!(number(&mut shell, &format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
    }
    store.close().await;
}

#[tokio::test]
async fn a_row_that_does_not_decode_fails_alone() {
    let home = Home::migrated().await;
    let store = home.store().await;
    let queue = store.queue();
    let (broken, sound) = (delivery(), delivery());
    queue.enqueue(&[broken.clone(), sound.clone()]).await.unwrap();
    let mut connection = home.connection().await;
    sqlx::query("UPDATE deliveries SET recipient = 'nobody' WHERE delivery_id = ?1")
        .bind(broken.delivery_id.as_str())
        .execute(&mut connection)
        .await
        .unwrap();
    let request = ClaimRequest {
        worker: worker_id(),
        limit: 10,
        lane_share: 10,
        lease: Duration::from_mins(1),
        held_tenants: Vec::new(),
        among: Among::default(),
    };
    let claims = queue.claim(&request).await.unwrap().claims;
    assert_eq!(claims.len(), 1, "the sound letter goes on its way");
    assert_eq!(claims[0].fence.delivery_id, sound.delivery_id);
    assert_eq!(status(&mut connection, broken.delivery_id.as_str()).await, Status::Failed);
    let sql = "SELECT error_code, error_message FROM delivery_events WHERE status = 'failed'";
    let (code, message): (String, String) = sqlx::query_as(sql).fetch_one(&mut connection).await.unwrap();
    assert_eq!(code, "CORRUPT");
    assert!(message.contains("deliveries.recipient") && !message.contains("nobody"), "{message}");
    store.close().await;
}
