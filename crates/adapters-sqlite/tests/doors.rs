//! Enqueueing inside a caller's own transaction.
#![expect(clippy::unwrap_used, reason = "a test states what must hold")]

mod home;

use home::Home;
use postroom_adapters_sqlite::enqueue::enqueue_in;
use postroom_ports::contract::letters::{delivery, keyed};
use postroom_ports::error::PortErrorKind;
use postroom_ports::queue::Enqueued;
use postroom_ports::tracker::DeliveryTracker;
use sqlx::Connection;

/// An application's own table in the same file.
async fn orders(home: &Home) -> sqlx::SqliteConnection {
    let mut connection = home.connection().await;
    sqlx::query("CREATE TABLE orders (id INTEGER PRIMARY KEY)").execute(&mut connection).await.unwrap();
    connection
}

async fn stored(home: &Home) -> (i64, i64) {
    let mut connection = home.connection().await;
    sqlx::query_as("SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM deliveries)")
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_commit_keeps_both_the_order_and_its_letter() {
    let home = Home::migrated().await;
    let mut connection = orders(&home).await;
    let letter = delivery();
    let mut transaction = connection.begin().await.unwrap();
    sqlx::query("INSERT INTO orders VALUES (1)").execute(&mut *transaction).await.unwrap();
    let answers = enqueue_in(&mut transaction, std::slice::from_ref(&letter)).await.unwrap();
    assert_eq!(answers, [Enqueued::New(letter.delivery_id.clone())]);
    assert_eq!(stored(&home).await, (0, 0), "nobody sees it before the commit");
    transaction.commit().await.unwrap();
    assert_eq!(stored(&home).await, (1, 1));
    let store = home.store().await;
    assert!(store.tracker().find(&letter.delivery_id).await.unwrap().is_some());
    store.close().await;
}

#[tokio::test]
async fn a_rollback_takes_the_letter_and_its_key_along() {
    let home = Home::migrated().await;
    let mut connection = orders(&home).await;
    let mut transaction = connection.begin().await.unwrap();
    sqlx::query("INSERT INTO orders VALUES (1)").execute(&mut *transaction).await.unwrap();
    enqueue_in(&mut transaction, &[keyed("order-1")]).await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(stored(&home).await, (0, 0));
    let again = keyed("order-1");
    let answers = enqueue_in(&mut connection, std::slice::from_ref(&again)).await.unwrap();
    assert_eq!(answers, [Enqueued::New(again.delivery_id)], "a key that was rolled back is free");
}

#[tokio::test]
async fn a_savepoint_that_is_rolled_back_takes_only_its_own_letters() {
    let home = Home::migrated().await;
    let mut connection = orders(&home).await;
    let (kept, dropped) = (delivery(), delivery());
    let mut transaction = connection.begin().await.unwrap();
    enqueue_in(&mut transaction, std::slice::from_ref(&kept)).await.unwrap();
    let mut savepoint = transaction.begin().await.unwrap();
    enqueue_in(&mut savepoint, std::slice::from_ref(&dropped)).await.unwrap();
    savepoint.rollback().await.unwrap();
    transaction.commit().await.unwrap();
    let store = home.store().await;
    assert!(store.tracker().find(&kept.delivery_id).await.unwrap().is_some());
    assert!(store.tracker().find(&dropped.delivery_id).await.unwrap().is_none());
    store.close().await;
}

#[tokio::test]
async fn without_a_transaction_the_letters_are_stored_at_once() {
    let home = Home::migrated().await;
    let mut connection = orders(&home).await;
    enqueue_in(&mut connection, &[delivery(), delivery()]).await.unwrap();
    assert_eq!(stored(&home).await, (0, 2));
    assert!(!connection.is_in_transaction(), "nothing is left open");
}

#[tokio::test]
async fn what_is_wrong_with_a_letter_is_said_by_field_and_nothing_of_it_stays() {
    let home = Home::migrated().await;
    let mut connection = orders(&home).await;
    let mut wrong = keyed("order-1");
    wrong.max_attempts = Some(0);
    let answers = enqueue_in(&mut connection, &[wrong, delivery()]).await.unwrap();
    assert!(matches!(&answers[0], Enqueued::Refused(invalid) if invalid.field == "max_attempts"));
    assert_eq!(stored(&home).await, (0, 1));
}

#[tokio::test]
async fn a_file_without_our_tables_says_so() {
    let home = Home::new();
    std::fs::File::create(home.path()).unwrap();
    let mut connection = home.connection().await;
    let error = enqueue_in(&mut connection, &[delivery()]).await.unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::NotMigrated, "{error}");
    assert!(!error.to_string().contains("example.org"), "{error}");
}
