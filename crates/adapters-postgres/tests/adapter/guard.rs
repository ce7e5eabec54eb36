//! The lifecycle as the database itself holds it.

use postroom_domain::feedback::Feedback;
use postroom_domain::lifecycle::MOVES;
use postroom_domain::status::Status;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor};

use crate::scene::{Scene, refusal, value};

/// Puts a delivery into a status as no transition could, for a test of what may follow.
async fn place(connection: &mut PgConnection, id: &str, status: Status) {
    let sql = format!(
        "BEGIN; SET LOCAL session_replication_role = replica;
         INSERT INTO email.deliveries (delivery_id, workflow, recipient, status)
         VALUES ('{id}', 'invite', 'someone@example.org', '{status}');
         COMMIT"
    );
    connection.execute(AssertSqlSafe(sql)).await.unwrap();
}

#[tokio::test]
async fn all_64_changes_by_plain_sql_go_as_the_domain_says() {
    let scene = Scene::fresh().await;
    let mut connection = scene.connection().await;
    for before in Status::ALL {
        for after in Status::ALL {
            let id = format!("{before}-{after}");
            place(&mut connection, &id, before).await;
            let sql = format!("UPDATE email.deliveries SET status = '{after}' WHERE delivery_id = '{id}'");
            let events = format!("SELECT count(*) FROM email.delivery_events WHERE delivery_id = '{id}'");
            if before == after || MOVES.contains(&(before, after)) {
                connection.execute(AssertSqlSafe(sql)).await.unwrap_or_else(|error| panic!("{id}: {error}"));
                let expected = i64::from(before != after);
                assert_eq!(value::<i64>(&mut connection, &events).await, expected, "{id}: one event per change");
            } else {
                let (code, message) = refusal(&mut connection, &sql).await;
                assert_eq!(code, "23514", "{id}");
                assert_eq!(message, format!("a delivery that is {before} cannot become {after}"));
                assert_eq!(value::<i64>(&mut connection, &events).await, 0, "{id}: no event of what did not happen");
            }
        }
    }
}

#[tokio::test]
async fn a_delivery_begins_as_queued_or_in_progress() {
    let scene = Scene::fresh().await;
    let mut connection = scene.connection().await;
    for status in Status::ALL {
        let sql = format!(
            "INSERT INTO email.deliveries (delivery_id, workflow, recipient, status)
             VALUES ('{status}', 'invite', 'someone@example.org', '{status}')"
        );
        if matches!(status, Status::Queued | Status::InProgress) {
            connection.execute(AssertSqlSafe(sql)).await.unwrap();
            let history = scene.store.tracker();
            let id = postroom_domain::id::DeliveryId::parse(status.as_str()).unwrap();
            let events = postroom_ports::tracker::DeliveryTracker::history(&history, &id).await.unwrap();
            assert_eq!(events.iter().map(|event| event.status).collect::<Vec<_>>(), [status]);
        } else {
            let (code, message) = refusal(&mut connection, &sql).await;
            assert_eq!(code, "23514");
            assert!(message.contains(status.as_str()), "{message}");
        }
    }
}

#[tokio::test]
async fn check_enum_and_program_know_the_same_names() {
    let scene = Scene::fresh().await;
    let mut connection = scene.connection().await;
    let quoted = |names: &[&str]| names.iter().map(|name| format!("'{name}'::text")).collect::<Vec<_>>().join(", ");
    let statuses: Vec<&str> = Status::ALL.iter().map(|status| status.as_str()).collect();
    let of_enum: Vec<String> = sqlx::query_scalar("SELECT unnest(enum_range(NULL::email.delivery_status))::text")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert_eq!(of_enum, statuses);
    let check = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = ";
    let of_check: String = value(&mut connection, &format!("{check} 'deliveries_status'")).await;
    assert!(of_check.contains(&format!("ARRAY[{}]", quoted(&statuses))), "{of_check}");
    let feedback: Vec<&str> = Feedback::ALL.iter().map(|feedback| feedback.as_str()).collect();
    let of_check: String = value(&mut connection, &format!("{check} 'deliveries_feedback_check'")).await;
    assert!(of_check.contains(&format!("ARRAY[{}]", quoted(&feedback))), "{of_check}");
}

#[tokio::test]
async fn the_worse_report_of_any_two_stands() {
    let scene = Scene::fresh().await;
    let mut connection = scene.connection().await;
    for one in Feedback::ALL {
        for other in Feedback::ALL {
            let sql = format!("SELECT email.worse_feedback('{}', '{}')", one.as_str(), other.as_str());
            assert_eq!(value::<String>(&mut connection, &sql).await, one.and(other).as_str());
        }
    }
}

#[tokio::test]
async fn ids_stay_attempts_rise_and_text_stays_readable() {
    let scene = Scene::fresh().await;
    let mut connection = scene.connection().await;
    scene
        .sql(
            "INSERT INTO email.deliveries (delivery_id, workflow, recipient, status, attempts)
             VALUES ('a', 'invite', 'someone@example.org', 'in_progress', 2)",
        )
        .await;
    for (change, says) in [
        ("attempts = 1", "attempts"),
        ("seq = DEFAULT", "never change"),
        ("recipient = 'nobody'", "recipient"),
        ("workflow = 'In Vite'", "workflow"),
        ("tenant_id = E'a\\nb'", "tenant_id"),
        ("expires_at = 'infinity'", "deliveries_times"),
        ("metadata = '[]'", "metadata"),
    ] {
        let (code, message) = refusal(&mut connection, &format!("UPDATE email.deliveries SET {change}")).await;
        assert_eq!(code, "23514", "{change}");
        assert!(message.contains(says), "{change}: {message}");
    }
    let (code, _) = refusal(&mut connection, "UPDATE email.deliveries SET delivery_id = 'b'").await;
    assert!(code == "23514" || code == "23503", "the id stays, by the guard or by the events that name it: {code}");
}

#[tokio::test]
async fn a_change_by_hand_takes_the_letter_from_its_worker() {
    let scene = Scene::fresh().await;
    let id = scene.enqueue(&postroom_ports::contract::letters::delivery()).await;
    let claims = scene.claim().await;
    assert_eq!(claims.len(), 1);
    scene
        .sql("UPDATE email.deliveries SET status = 'retrying', due_at = now(), last_event = '{\"by\": \"hand\"}'")
        .await;
    let queue = scene.store.queue();
    let lease = std::time::Duration::from_mins(1);
    let fences = [claims[0].fence.clone()];
    let answers = postroom_ports::queue::DeliveryQueue::extend(&queue, &fences, lease).await.unwrap();
    assert_eq!(answers, [postroom_ports::queue::Fenced::Stale]);
    assert_eq!(scene.claim().await.len(), 1, "it waits as the record says");
    scene.sql("UPDATE email.deliveries SET status = 'failed'").await;
    let mut connection = scene.connection().await;
    assert_eq!(value::<i64>(&mut connection, "SELECT count(*) FROM email.outbox").await, 0, "final letters are gone");
    scene.sql("UPDATE email.deliveries SET status = 'queued'").await;
    assert_eq!(scene.claim().await.len(), 1, "a redrive by hand is sent, because its content is there");
    scene.sql("DELETE FROM email.deliveries").await;
    for table in ["outbox", "payloads", "delivery_events"] {
        let left: i64 = value(&mut connection, &format!("SELECT count(*) FROM email.{table}")).await;
        assert_eq!(left, 0, "nothing of {id} stays in {table}");
    }
}

#[tokio::test]
async fn a_due_time_that_is_changed_by_hand_counts_in_the_queue_too() {
    let scene = Scene::fresh().await;
    scene.enqueue(&postroom_ports::contract::letters::delivery()).await;
    scene.sql("UPDATE email.deliveries SET due_at = now() + interval '1 hour'").await;
    assert!(scene.claim().await.is_empty(), "it was put off");
    scene.sql("UPDATE email.deliveries SET due_at = now()").await;
    assert_eq!(scene.claim().await.len(), 1, "it was called");
    let mut connection = scene.connection().await;
    let events: i64 = value(&mut connection, "SELECT count(*) FROM email.delivery_events").await;
    assert_eq!(events, 2, "another time is no change of status");
}

#[tokio::test]
async fn every_enabled_consumer_gets_every_event() {
    let scene = Scene::fresh().await;
    scene.sql("INSERT INTO email.relay_consumers VALUES ('webhooks', true), ('mirror', false), ('alarms', true)").await;
    scene.enqueue(&postroom_ports::contract::letters::delivery()).await;
    scene.claim().await;
    let mut connection = scene.connection().await;
    let relayed: Vec<(String, i64)> = sqlx::query_as(
        "SELECT consumer, count(*) FROM email.relay r JOIN email.delivery_events e ON e.id = r.event
                         GROUP BY consumer ORDER BY consumer",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert_eq!(relayed, [("alarms".to_owned(), 2), ("webhooks".to_owned(), 2)]);
}
