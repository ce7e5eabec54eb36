//! Rows that something damaged, and servers that go away.

use postroom_domain::failure::Code;
use postroom_domain::status::Status;
use postroom_ports::contract::letters::delivery;
use postroom_ports::error::PortErrorKind;
use postroom_ports::tracker::DeliveryTracker;

use crate::scene::Scene;

#[tokio::test]
async fn a_letter_that_does_not_decode_fails_alone() {
    for (damage, column) in [
        ("UPDATE email.payloads SET headers = '[{\"name\": \"Bcc\", \"value\": \"x\"}]' WHERE seq = 2", "headers"),
        ("UPDATE email.payloads SET reply_to = 'nobody' WHERE seq = 2", "reply_to"),
        ("DELETE FROM email.payloads WHERE seq = 2", "data"),
        // Passes the structure that SQL checks, and is no address by the whole grammar.
        ("UPDATE email.deliveries SET recipient = 'a@xn--a.example' WHERE seq = 2", "recipient"),
    ] {
        let scene = Scene::fresh().await;
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(scene.enqueue(&delivery()).await);
        }
        scene.sql(damage).await;
        let claimed: Vec<_> = scene.claim().await.into_iter().map(|claim| claim.fence.delivery_id).collect();
        assert_eq!(claimed, [ids[0].clone(), ids[2].clone()], "{column}: the others go out");
        let history = scene.store.tracker().history(&ids[1]).await.unwrap();
        let last = history.last().unwrap();
        assert_eq!((last.status, last.error_code.clone()), (Status::Failed, Some(Code::new("CORRUPT"))), "{column}");
        assert!(last.error_message.as_str().contains(column), "{column}: {}", last.error_message);
    }
}

#[tokio::test]
async fn a_server_that_ends_the_connection_is_unavailable_and_then_back() {
    let scene = Scene::fresh().await;
    scene.store.tracker().counts().await.unwrap();
    scene.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'postroom front'").await;
    let mut answers = Vec::new();
    for _ in 0..10 {
        match scene.store.tracker().counts().await {
            Ok(_) => answers.push(None),
            Err(error) => answers.push(Some(error.kind())),
        }
    }
    assert!(answers.iter().all(|answer| answer.is_none_or(|kind| kind == PortErrorKind::Unavailable)), "{answers:?}");
    assert_eq!(answers.last(), Some(&None), "the pool has opened another");
}

#[tokio::test]
async fn no_error_and_no_debug_shows_an_address_or_a_secret() {
    let scene = Scene::fresh().await;
    let config = crate::scene::config("postgres://postroom:hunter2@localhost/x");
    assert!(!format!("{config:?}").contains("hunter2"));
    scene.sql("ALTER TABLE email.deliveries ADD CHECK (recipient <> 'someone@example.org')").await;
    let error = postroom_ports::queue::DeliveryQueue::enqueue(&scene.store.queue(), &[delivery()]).await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap();
    for text in [format!("{error}"), format!("{error:?}"), format!("{source}"), format!("{source:?}")] {
        assert!(!text.contains("someone"), "{text}");
    }
    assert_eq!(postroom_adapters_postgres::sqlstate(&error).as_deref(), Some("23514"));
}
