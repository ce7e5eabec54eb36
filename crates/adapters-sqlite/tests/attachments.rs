//! When attachments go, whoever takes their letter along.
#![expect(clippy::unwrap_used, reason = "a test states what must hold")]

mod home;

use std::time::Duration;

use home::Home;
use postroom_adapters_sqlite::store::SqliteStore;
use postroom_domain::id::DeliveryId;
use postroom_ports::contract::letters::{frozen, transport_name, with_attachments, worker_id};
use postroom_ports::queue::{Among, ClaimRequest, DeliveryQueue, Fenced, Ready, Request, Retention};

async fn enqueue(store: &SqliteStore) -> DeliveryId {
    let new = with_attachments();
    store.queue().enqueue(std::slice::from_ref(&new)).await.unwrap();
    new.delivery_id
}

/// Whose attachments are stored, one line each.
async fn stored(home: &Home) -> Vec<String> {
    let sql = "SELECT DISTINCT d.delivery_id FROM attachments AS a LEFT JOIN deliveries AS d ON d.seq = a.seq";
    sqlx::query_scalar(sql).fetch_all(&mut home.connection().await).await.unwrap()
}

#[tokio::test]
async fn attachments_go_when_their_letter_is_frozen_and_no_others() {
    let home = Home::migrated().await;
    let store = home.store().await;
    let (sent, waiting) = (enqueue(&store).await, enqueue(&store).await);
    let lease = Duration::from_mins(1);
    let request = ClaimRequest {
        worker: worker_id(),
        limit: 1,
        lane_share: 1,
        lease,
        held_tenants: Vec::new(),
        among: Among::default(),
    };
    let claim = store.queue().claim(&request).await.unwrap().claims.pop().unwrap();
    assert_eq!(claim.fence.delivery_id, sent);
    let ready = Ready { fence: claim.fence, frozen: Some(frozen(&sent)), transport: transport_name("smtp") };
    assert_eq!(store.queue().ready(&[ready]).await.unwrap(), [Fenced::Done]);
    assert_eq!(stored(&home).await, [waiting.as_str()]);
    store.close().await;
}

#[tokio::test]
async fn attachments_of_a_letter_that_was_never_frozen_go_with_its_content() {
    let home = Home::migrated().await;
    let store = home.store().await;
    let id = enqueue(&store).await;
    store.queue().request(std::slice::from_ref(&id), Request::Cancel, None).await.unwrap();
    let workers = Duration::from_hours(1);
    for (payloads, left) in [(Duration::from_hours(1), 1), (Duration::ZERO, 0)] {
        store.queue().sweep(Retention { payloads, workers }, 10).await.unwrap();
        assert_eq!(stored(&home).await.len(), left, "after {payloads:?}");
    }
    store.close().await;
}

#[tokio::test]
async fn whoever_deletes_a_record_deletes_its_attachments_with_foreign_keys_and_without() {
    let home = Home::migrated().await;
    let store = home.store().await;
    for foreign_keys in ["PRAGMA foreign_keys = ON", "PRAGMA foreign_keys = OFF"] {
        let (gone, stays) = (enqueue(&store).await, enqueue(&store).await);
        let mut shell = home.connection().await;
        sqlx::raw_sql(foreign_keys).execute(&mut shell).await.unwrap();
        let delete = "DELETE FROM deliveries WHERE delivery_id = ?1";
        sqlx::query(delete).bind(gone.as_str()).execute(&mut shell).await.unwrap();
        assert_eq!(stored(&home).await, [stays.as_str()], "{foreign_keys}");
        sqlx::query(delete).bind(stays.as_str()).execute(&mut shell).await.unwrap();
    }
    store.close().await;
}
