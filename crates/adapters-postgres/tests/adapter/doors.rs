//! The doors that take letters: Rust in the caller's transaction, and plain SQL.

use std::time::Duration;

use postroom_adapters_postgres::{enqueue_in, sqlstate};
use postroom_ports::contract::letters::{delivery, keyed};
use postroom_ports::letter::NewDelivery;
use postroom_ports::queue::Enqueued;
use serde_json::json;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};
use tokio::time::timeout;

use crate::scene::{Scene, refusal, value};

/// What one letter was answered, in a transaction of the caller.
async fn enqueued(connection: &mut PgConnection, new: &NewDelivery) -> Enqueued {
    enqueue_in(connection, std::slice::from_ref(new)).await.unwrap().pop().unwrap()
}

#[tokio::test]
async fn a_letter_goes_out_if_and_only_if_the_callers_transaction_commits() {
    let scene = Scene::fresh().await;
    let mut connection = scene.connection().await;
    let mut lost = connection.begin().await.unwrap();
    enqueued(&mut lost, &keyed("order-1")).await;
    lost.rollback().await.unwrap();
    assert!(scene.claim().await.is_empty(), "a letter of what never happened");

    let kept = keyed("order-1");
    let mut transaction = connection.begin().await.unwrap();
    assert_eq!(enqueued(&mut transaction, &kept).await, Enqueued::New(kept.delivery_id.clone()));
    assert!(scene.claim().await.is_empty(), "nobody sees it before the commit");
    transaction.commit().await.unwrap();
    let claims = scene.claim().await;
    assert_eq!(claims.len(), 1);
    assert_eq!(claims[0].letter, kept.letter);
}

#[tokio::test]
async fn a_savepoint_takes_back_its_own_letters_only() {
    let scene = Scene::fresh().await;
    let mut connection = scene.connection().await;
    let mut outer = connection.begin().await.unwrap();
    let (kept, taken_back) = (delivery(), keyed("order-1"));
    enqueued(&mut outer, &kept).await;
    let mut inner = outer.begin().await.unwrap();
    enqueued(&mut inner, &taken_back).await;
    inner.rollback().await.unwrap();
    outer.commit().await.unwrap();
    let claims = scene.claim().await;
    assert_eq!(claims.iter().map(|claim| &claim.fence.delivery_id).collect::<Vec<_>>(), [&kept.delivery_id]);
}

#[tokio::test]
async fn a_refused_letter_leaves_the_callers_transaction_usable() {
    let scene = Scene::fresh().await;
    let mut connection = scene.connection().await;
    let first = delivery();
    let mut same_id = keyed("order-1");
    same_id.delivery_id = first.delivery_id.clone();
    let mut nul = delivery();
    nul.letter.data.insert("name".to_owned(), json!("a\0b"));
    let mut transaction = connection.begin().await.unwrap();
    let answers = enqueue_in(&mut transaction, &[first.clone(), nul, same_id]).await.unwrap();
    let fields: Vec<Option<&str>> = answers
        .iter()
        .map(|answer| match answer {
            Enqueued::Refused(invalid) => Some(invalid.field.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(fields, [None, Some("data.name"), Some("delivery_id")]);
    transaction.commit().await.unwrap();
    let keys = "SELECT count(*) FROM email.idempotency";
    assert_eq!(value::<i64>(&mut connection, keys).await, 0, "a refused letter leaves no key");
    assert_eq!(scene.claim().await.len(), 1);
}

#[tokio::test]
async fn plain_sql_and_rust_are_one_door() {
    let scene = Scene::fresh().await;
    let mut connection = scene.connection().await;
    let new = keyed("order-1");
    enqueued(&mut connection, &new).await;
    let same = "SELECT email.enqueue('invite', 'invitation', 'someone@EXAMPLE.org', '{\"name\": \"Someone\"}',
                                     recipient_name => 'Someone', idempotency_key => 'order-1')";
    assert_eq!(value::<String>(&mut connection, same).await, new.delivery_id.as_str(), "the same letter by content");
    let claims = scene.claim().await;
    assert_eq!(claims.len(), 1);

    let sql = "SELECT email.enqueue(workflow => 'invite', template => 'invitation', recipient => 'someone@example.org',
        data => '{\"name\": \"Someone\"}', recipient_name => 'Someone', subject => 'Welcome', priority => 9,
        tenant_id => 'north', source_type => 'order', source_id => '7', reply_to => 'answers@example.com',
        headers => '{\"X-Campaign\": \"spring\"}', metadata => '{\"a\": 1}', max_attempts => 2,
        due_at => now() - interval '1 hour', expires_at => now() + interval '1 hour')";
    let id: String = value(&mut connection, sql).await;
    let claim = scene.claim().await.pop().unwrap();
    assert_eq!(claim.fence.delivery_id.as_str(), id);
    assert_eq!(uuid::Uuid::parse_str(&id).unwrap().get_version_num(), 7);
    assert_eq!(claim.letter.subject.as_ref().unwrap().as_str(), "Welcome");
    assert_eq!(claim.letter.headers[0].name(), "X-Campaign");
    assert_eq!((claim.letter.priority.get(), claim.state.max_attempts), (9, Some(2)));
    assert!(claim.state.expires_at.is_some());
}

#[tokio::test]
async fn ids_made_by_the_database_rise_with_time() {
    let scene = Scene::fresh().await;
    let mut connection = scene.connection().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(value::<uuid::Uuid>(&mut connection, "SELECT email.uuid_v7() FROM pg_sleep(0.002)").await);
    }
    assert!(ids.is_sorted(), "{ids:?}");
}

#[tokio::test]
async fn bad_letters_are_refused_by_the_name_of_the_field_and_nothing_is_stored() {
    let scene = Scene::fresh().await;
    let mut connection = scene.connection().await;
    let good = "workflow => 'invite', template => 'invitation'";
    let too_long = format!("recipient => 'a@example.org', subject => repeat('x', 501), {good}");
    let too_many = format!(
        "recipient => 'a@example.org', {good}, headers => (SELECT jsonb_object_agg('X-' || i, 'x') FROM generate_series(1, 21) i)"
    );
    let too_large =
        format!("recipient => 'a@example.org', {good}, data => jsonb_build_object('x', repeat('x', 400000))");
    for (arguments, field) in [
        ("workflow => 'In vite', template => 'invitation', recipient => 'a@example.org'", "workflow"),
        ("workflow => 'invite', template => '../x', recipient => 'a@example.org'", "template"),
        (&format!("recipient => 'a@b', {good}"), "recipient"),
        (&format!("recipient => E'a@example.org\\r\\nBcc: b@example.org', {good}"), "recipient"),
        (&format!("recipient => NULL, {good}"), "recipient"),
        (&format!("recipient => 'a@example.org', recipient_name => E'a\\nb', {good}"), "recipient_name"),
        (&format!("recipient => 'a@example.org', subject => U&'a\\202Eb', {good}"), "subject"),
        (&too_long, "subject"),
        (&too_many, "headers"),
        (&too_large, "data"),
        (&format!("recipient => 'a@example.org', headers => '{{\"Bcc\": \"b@example.org\"}}', {good}"), "headers.Bcc"),
        (&format!("recipient => 'a@example.org', headers => '{{\"X A\": \"b\"}}', {good}"), "headers"),
        (&format!("recipient => 'a@example.org', headers => '{{\"X-A\": \"b\\nc\"}}', {good}"), "headers.X-A"),
        (&format!("recipient => 'a@example.org', priority => 10, {good}"), "priority"),
        (&format!("recipient => 'a@example.org', max_attempts => 0, {good}"), "max_attempts"),
        (&format!("recipient => 'a@example.org', due_at => 'infinity', {good}"), "due_at"),
        (&format!("recipient => 'a@example.org', due_at => now(), expires_at => now(), {good}"), "due_at"),
        (&format!("recipient => 'a@example.org', data => '[]', {good}"), "data"),
        (&format!("recipient => 'a@example.org', reply_to => 'nobody', {good}"), "reply_to"),
        (&format!("recipient => 'a@example.org', source_id => '', {good}"), "source_id"),
    ] {
        let (code, message) = refusal(&mut connection, &format!("SELECT email.enqueue({arguments})")).await;
        assert_eq!(code, "22023", "{arguments}");
        assert!(message.starts_with(&format!("{field}: ")), "{arguments}: {message}");
        assert!(!message.contains("a@example.org"), "the value is not repeated: {message}");
    }
    for table in ["deliveries", "outbox", "payloads", "idempotency"] {
        assert_eq!(value::<i64>(&mut connection, &format!("SELECT count(*) FROM email.{table}")).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_batch_answers_each_letter_by_itself() {
    let scene = Scene::fresh().await;
    let mut connection = scene.connection().await;
    let sql = r#"SELECT ord, outcome, field FROM email.enqueue_batch('[
        {"workflow": "invite", "template": "invitation", "recipient": "a@example.org", "data": {}, "headers": null},
        {"workflow": "invite", "template": "invitation", "recipient": "a@example.org", "data": {}, "recipent": "x"},
        {"workflow": "invite", "template": "invitation", "recipient": 5, "data": {}},
        {"workflow": "invite", "template": "invitation", "recipient": "a@example.org", "data": {}, "due_at": "2030-02-30T00:00:00Z"},
        "letter"
    ]') ORDER BY ord"#;
    let answers: Vec<(i64, String, Option<String>)> = sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap();
    let fields: Vec<&str> = answers.iter().map(|(_, outcome, field)| field.as_deref().unwrap_or(outcome)).collect();
    assert_eq!(fields, ["new", "recipent", "recipient", "due_at", "letter"]);
}

#[tokio::test]
async fn a_key_that_is_being_taken_makes_the_second_wait() {
    let scene = Scene::fresh().await;
    let (mut one, mut other) = (scene.connection().await, scene.connection().await);
    for first_commits in [true, false] {
        let key = format!("order-{first_commits}");
        let (first, second) = (keyed(&key), keyed(&key));
        let mut transaction = one.begin().await.unwrap();
        enqueued(&mut transaction, &first).await;
        let waits = enqueued(&mut other, &second);
        tokio::pin!(waits);
        assert!(timeout(Duration::from_millis(200), &mut waits).await.is_err(), "the second waits for the first");
        let expected = if first_commits {
            transaction.commit().await.unwrap();
            Enqueued::Existing(first.delivery_id.clone())
        } else {
            transaction.rollback().await.unwrap();
            Enqueued::New(second.delivery_id.clone())
        };
        assert_eq!(waits.await, expected);
    }
}

#[tokio::test]
async fn an_expired_key_is_taken_over() {
    let scene = Scene::fresh().await;
    let mut connection = scene.connection().await;
    enqueued(&mut connection, &keyed("order-1")).await;
    scene.sql("UPDATE email.idempotency SET expires_at = now()").await;
    let mut later = keyed("order-1");
    later.letter.data.insert("name".to_owned(), json!("Someone else"));
    assert_eq!(enqueued(&mut connection, &later).await, Enqueued::New(later.delivery_id.clone()));
    assert_eq!(enqueued(&mut connection, &later).await, Enqueued::Existing(later.delivery_id.clone()));
}

#[tokio::test]
async fn under_stricter_isolation_a_conflict_reaches_the_caller_unchanged() {
    let scene = Scene::fresh().await;
    let (mut one, mut other) = (scene.connection().await, scene.connection().await);
    for level in ["REPEATABLE READ", "SERIALIZABLE"] {
        let key = format!("order-{}", level.len());
        one.execute(AssertSqlSafe(format!("BEGIN ISOLATION LEVEL {level}"))).await.unwrap();
        value::<i64>(&mut one, "SELECT count(*) FROM email.idempotency").await;
        enqueued(&mut other, &keyed(&key)).await;
        let error = enqueue_in(&mut one, &[keyed(&key)]).await.expect_err("its snapshot does not show the other's key");
        assert_eq!(sqlstate(&error).as_deref(), Some("40001"));
        assert!(error.is_transient());
        one.execute("ROLLBACK").await.unwrap();
        one.execute(AssertSqlSafe(format!("BEGIN ISOLATION LEVEL {level}"))).await.unwrap();
        assert!(matches!(enqueued(&mut one, &keyed(&key)).await, Enqueued::Existing(_)), "run again, it goes through");
        one.execute("COMMIT").await.unwrap();
    }
    one.execute("BEGIN READ ONLY").await.unwrap();
    let error = enqueue_in(&mut one, &[delivery()]).await.expect_err("nothing can be stored");
    assert_eq!(sqlstate(&error).as_deref(), Some("25006"));
}
