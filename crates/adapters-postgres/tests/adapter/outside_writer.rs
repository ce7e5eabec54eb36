//! Other programs that write the records themselves, and the SQL that docs/schema.md shows them.

use std::fs;

use postroom_domain::id::DeliveryId;
use postroom_domain::status::Status::{self, DeadLetter, InProgress, Queued, Retrying, Sent};
use postroom_ports::tracker::DeliveryTracker;
use sqlx::{AssertSqlSafe, Executor};

use crate::scene::{Scene, in_repository};

/// The SQL blocks of the document, each with its heading.
fn blocks() -> Vec<(String, String)> {
    let text = fs::read_to_string(in_repository("docs/schema.md")).unwrap();
    let (mut heading, mut block, mut blocks) = (String::new(), None::<String>, Vec::new());
    for line in text.lines() {
        match (&mut block, line) {
            (None, "```sql") => block = Some(String::new()),
            (Some(_), "```") => blocks.extend(block.take().map(|sql| (heading.clone(), sql))),
            (Some(sql), line) => {
                sql.push_str(line);
                sql.push('\n');
            }
            (None, line) if line.starts_with('#') => {
                line.trim_start_matches(['#', ' ']).clone_into(&mut heading);
            }
            (None, _) => {}
        }
    }
    blocks
}

#[tokio::test]
async fn every_statement_of_the_document_runs() {
    let scene = Scene::fresh().await;
    let blocks = blocks();
    assert!(blocks.len() >= 10, "the document shows its SQL in blocks");
    let mut connection = scene.connection().await;
    for (heading, sql) in blocks {
        connection.execute(AssertSqlSafe(sql)).await.unwrap_or_else(|error| panic!("{heading}: {error}"));
    }
}

#[tokio::test]
async fn a_delivery_of_an_outside_writer_is_tracked_from_queue_to_dead_letter_and_never_sent() {
    let scene = Scene::fresh().await;
    let steps: Vec<String> =
        blocks().into_iter().filter(|(heading, _)| heading.starts_with("Step ")).map(|(_, sql)| sql).collect();
    assert_eq!(steps.len(), 5, "queue, attempt, retry, success, dead letter");
    let [queue, attempt, retry, success, dead_letter] = <[String; 5]>::try_from(steps).unwrap();
    let id = DeliveryId::parse("evt-1").unwrap();
    let tracker = scene.store.tracker();

    // The same event twice, as queues deliver it, then one failure and a success.
    for sql in [&queue, &queue, &attempt, &retry, &attempt, &success, &queue] {
        // As the role that is meant for it.
        scene.sql(&format!("SET ROLE postroom_worker; {sql}")).await;
    }
    let seen = scene.find("evt-1").await;
    assert_eq!((seen.status, seen.attempts), (Sent, 2));
    assert!(seen.sent_at.is_some() && seen.last_error_code.is_none());
    let history = tracker.history(&id).await.unwrap();
    let statuses: Vec<Status> = history.iter().map(|event| event.status).collect();
    assert_eq!(statuses, [Queued, InProgress, Retrying, InProgress, Sent]);
    assert_eq!(history[2].error_code.as_ref().unwrap().as_str(), "SMTP_451");
    assert!(scene.claim().await.is_empty(), "no worker of ours sends it");

    let other = |sql: &str| sql.replace("evt-1", "evt-2");
    for sql in [&queue, &attempt, &dead_letter] {
        scene.sql(&other(sql)).await;
    }
    assert_eq!(scene.find("evt-2").await.status, DeadLetter);
    let history = tracker.history(&DeliveryId::parse("evt-2").unwrap()).await.unwrap();
    assert_eq!(history.last().unwrap().status, DeadLetter);
    assert!(history.last().unwrap().payload.get("topic").is_some(), "the event says where the payload went");
}
