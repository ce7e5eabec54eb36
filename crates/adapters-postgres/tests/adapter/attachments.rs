//! Attachments in the database: where they lie, when they go, what they cost a claim, and the door of plain SQL.

use std::fs;
use std::time::Duration;

use postroom_adapters_postgres::PostgresStore;
use postroom_domain::attachment::{Attachment, Placement};
use postroom_domain::lifecycle::Event;
use postroom_domain::status::Stage;
use postroom_ports::contract::letters::{decide, delivery, frozen, letter, transport_name, with_attachments};
use postroom_ports::letter::{FrozenLetter, NewDelivery};
use postroom_ports::queue::{Claim, DeliveryQueue, Enqueued, Fenced, Ready, Retention, Settlement};
use sqlx::{AssertSqlSafe, Executor, Row};

use crate::scene::{Scene, config, in_repository, refusal, value};

const COUNT: &str = "SELECT count(*) FROM email.attachments";
const GOOD: &str = r#"{"filename": "a.txt", "content_type": "text/plain", "content": "YQ=="}"#;

async fn stored(scene: &Scene) -> i64 {
    value(&mut scene.connection().await, COUNT).await
}

async fn make_ready(scene: &Scene, claim: &Claim) {
    let frozen = Some(frozen(&claim.fence.delivery_id));
    let ready = Ready { fence: claim.fence.clone(), frozen, transport: transport_name("smtp") };
    assert_eq!(scene.store.queue().ready(&[ready]).await.unwrap(), [Fenced::Done]);
}

async fn settle(scene: &Scene, claim: &Claim, event: &Event) {
    let mut state = claim.state.clone();
    if matches!(event, Event::Accepted) {
        state.stage = Stage::Handover;
    }
    let settlement = Settlement {
        fence: claim.fence.clone(),
        transition: decide(&state, event, claim.queued_at),
        transport: None,
        receipt: None,
        payload: serde_json::json!({}),
    };
    assert_eq!(scene.store.queue().settle(&[settlement]).await.unwrap(), [Fenced::Done]);
}

#[tokio::test]
async fn attachments_go_when_their_letter_is_frozen_and_no_others() {
    let scene = Scene::fresh().await;
    let (sent, waiting) = (scene.enqueue(&with_attachments()).await, scene.enqueue(&with_attachments()).await);
    assert_eq!(stored(&scene).await, 4);
    let claims = scene.claim().await;
    let claim = claims.iter().find(|claim| claim.fence.delivery_id == sent).unwrap();
    make_ready(&scene, claim).await;
    let left =
        "SELECT array_agg(DISTINCT d.delivery_id)::text FROM email.attachments JOIN email.deliveries d USING (seq)";
    assert_eq!(value::<String>(&mut scene.connection().await, left).await, format!("{{{waiting}}}"));
}

#[tokio::test]
async fn attachments_of_a_letter_that_was_never_frozen_go_with_its_content() {
    let scene = Scene::fresh().await;
    let id = scene.enqueue(&with_attachments()).await;
    let keep = Duration::from_hours(1);
    scene.store.queue().request(&[id], postroom_ports::queue::Request::Cancel, None).await.unwrap();
    let sweep =
        async |payloads| scene.store.queue().sweep(Retention { payloads, workers: keep }, 10).await.unwrap().payloads;
    assert_eq!((sweep(keep).await, stored(&scene).await), (0, 2), "it may still be wanted again");
    assert_eq!((sweep(Duration::ZERO).await, stored(&scene).await), (1, 0));
}

#[tokio::test]
async fn whoever_deletes_a_record_deletes_its_attachments() {
    let scene = Scene::fresh().await;
    let (gone, stays) = (scene.enqueue(&with_attachments()).await, scene.enqueue(&with_attachments()).await);
    scene.sql(&format!("DELETE FROM email.deliveries WHERE delivery_id = '{gone}'")).await;
    assert_eq!(stored(&scene).await, 2, "those of {stays}");
}

#[tokio::test]
async fn a_call_with_more_than_one_statement_carries_is_one_transaction_all_the_same() {
    let scene = Scene::fresh().await;
    let large = |n: u8| Attachment::new(&format!("{n}.bin"), "a/b", Placement::Beside, vec![n; 6_000_000]).unwrap();
    let letters: Vec<NewDelivery> = (0..4).map(|n| NewDelivery { attachments: vec![large(n)], ..delivery() }).collect();
    let answers = scene.store.queue().enqueue(&letters).await.unwrap();
    assert!(answers.iter().all(|answer| matches!(answer, Enqueued::New(_))));
    let times = "SELECT count(DISTINCT created_at) FROM email.payloads";
    assert_eq!(value::<i64>(&mut scene.connection().await, times).await, 1, "now() is the transaction's");
    let claims = scene.claim().await;
    for claim in &claims {
        let new = letters.iter().find(|new| new.delivery_id == claim.fence.delivery_id).unwrap();
        assert!(scene.store.queue().attachments(&claim.fence).await.unwrap() == new.attachments);
    }
    // Frozen letters are as large, and one call takes them all, too.
    let ready = |claim: &Claim| {
        let frozen = FrozenLetter { bytes: vec![b'x'; 8_000_000], ..frozen(&claim.fence.delivery_id) };
        Ready { fence: claim.fence.clone(), frozen: Some(frozen), transport: transport_name("smtp") }
    };
    let answers = scene.store.queue().ready(&claims.iter().map(ready).collect::<Vec<_>>()).await.unwrap();
    assert_eq!(answers, [Fenced::Done; 4]);
    assert_eq!(stored(&scene).await, 0);
}

#[tokio::test]
async fn plain_sql_brings_attachments_as_rust_does() {
    let scene = Scene::fresh().await;
    let mut connection = scene.connection().await;
    let sql = "SELECT email.enqueue('invite', 'invitation', 'someone@example.org', '{\"name\": \"Someone\"}',
        recipient_name => 'Someone', idempotency_key => 'order-1', locale => 'pt_BR', attachments => jsonb_build_array(
            jsonb_build_object('filename', 'Rechnung März 🎉.pdf', 'content_type', 'Application/PDF',
                               'content', encode(decode(repeat('00ff10', 1000), 'hex'), 'base64')),
            jsonb_build_object('filename', 'logo.png', 'content_type', 'image/png', 'content', '', 'content_id', 'logo')))";
    let id: String = value(&mut connection, sql).await;
    let bytes = [0x00, 0xff, 0x10].repeat(1000);
    let files = vec![
        Attachment::new("Rechnung März 🎉.pdf", "application/pdf", Placement::Beside, bytes).unwrap(),
        Attachment::new("logo.png", "image/png", Placement::Inline("logo".to_owned()), Vec::new()).unwrap(),
    ];
    let mut same = NewDelivery { attachments: files.clone(), ..delivery() };
    same.idempotency_key = Some(postroom_ports::contract::letters::idempotency_key("order-1"));
    same.letter.locale = Some(postroom_ports::contract::letters::locale("pt-br"));
    let answer = scene.store.queue().enqueue(&[same]).await.unwrap();
    assert!(matches!(&answer[0], Enqueued::Existing(known) if known.as_str() == id), "the same letter by content");
    let claim = scene.claim().await.pop().unwrap();
    assert_eq!(claim.letter.locale.as_ref().unwrap().as_str(), "pt-br");
    assert!(scene.store.queue().attachments(&claim.fence).await.unwrap() == files);
    let storage = "SELECT attstorage::text FROM pg_attribute
                    WHERE attrelid = 'email.attachments'::regclass AND attname = 'content'";
    assert_eq!(value::<String>(&mut connection, storage).await, "e", "nobody tries to compress a picture");
}

#[tokio::test]
async fn bad_attachments_are_refused_in_sql_by_the_same_names_as_everywhere() {
    let scene = Scene::fresh().await;
    let mut connection = scene.connection().await;
    let with = |change: &str| format!("[{GOOD}, {}]", merged(change));
    let twice = r#"{"filename": "a.png", "content_type": "image/png", "content": "", "content_id": "logo"}"#;
    let large = "jsonb_build_array(jsonb_build_object('filename', 'a.bin', 'content_type', 'a/b',
                 'content', encode(convert_to(repeat('x', 7000001), 'UTF8'), 'base64')))";
    for (attachments, field) in [
        (literal(&with(r#"{"filename": "../a"}"#)), "attachments[1].filename"),
        (literal(&with(r#"{"filename": ".profile"}"#)), "attachments[1].filename"),
        (literal(&with(r#"{"filename": "a\\b"}"#)), "attachments[1].filename"),
        (literal(&with(r#"{"filename": "a\r\nBcc: someone@example.org"}"#)), "attachments[1].filename"),
        (literal(&with(r#"{"filename": "\u202Egpj.exe"}"#)), "attachments[1].filename"),
        (literal(&with(r#"{"filename": null}"#)), "attachments[1].filename"),
        (literal(&with(r#"{"filename": 5}"#)), "attachments[1].filename"),
        (literal(&with(&format!(r#"{{"filename": "{}"}}"#, "x".repeat(201)))), "attachments[1].filename"),
        (literal(&with(r#"{"content_type": "pdf"}"#)), "attachments[1].content_type"),
        (literal(&with(r#"{"content_type": "text/plain; charset=x"}"#)), "attachments[1].content_type"),
        (literal(&with(r#"{"content_type": "a/b\r\nX: y"}"#)), "attachments[1].content_type"),
        (literal(&with(r#"{"content_type": "Message/rfc822"}"#)), "attachments[1].content_type"),
        (literal(&with(r#"{"content_id": "<a>"}"#)), "attachments[1].content_id"),
        (literal(&with(r#"{"content_id": ""}"#)), "attachments[1].content_id"),
        (literal(&with(r#"{"content": "YQ"}"#)), "attachments[1].content"),
        (literal(&with(r#"{"content": "YQ==YQ=="}"#)), "attachments[1].content"),
        (literal(&with(r#"{"content": "_-8="}"#)), "attachments[1].content"),
        (literal(&with(r#"{"content": null}"#)), "attachments[1].content"),
        (literal(&with(r#"{"path": "/etc/passwd"}"#)), "attachments[1].path"),
        (literal("[5]"), "attachments[0]"),
        (literal("{}"), "attachments"),
        (literal(&format!("[{}]", [GOOD; 11].join(","))), "attachments"),
        (literal(&format!("[{twice}, {twice}]")), "attachments.content_id"),
        (large.to_owned(), "attachments"),
    ] {
        let sql =
            format!("SELECT email.enqueue('invite', 'invitation', 'a@example.org', attachments => {attachments})");
        let (code, message) = refusal(&mut connection, &sql).await;
        assert_eq!(code, "22023", "{attachments}: {message}");
        assert!(message.starts_with(&format!("{field}: ")), "{attachments}: {message}");
        assert!(!message.contains("example.org"), "the value is not repeated: {message}");
    }
    let sql = "SELECT email.enqueue('invite', 'invitation', 'a@example.org', locale => 'german')";
    assert!(refusal(&mut connection, sql).await.1.starts_with("locale: is not a language"));
    assert_eq!(value::<i64>(&mut connection, "SELECT count(*) FROM email.deliveries").await, 0);
}

/// A good attachment with these fields instead of its own.
fn merged(change: &str) -> String {
    let (mut file, change): (serde_json::Map<_, _>, serde_json::Map<_, _>) =
        (serde_json::from_str(GOOD).unwrap(), serde_json::from_str(change).unwrap());
    file.extend(change);
    serde_json::Value::Object(file).to_string()
}

fn literal(json: &str) -> String {
    format!("$json${json}$json$")
}

/// How often anybody looked at the attachments. Sessions put their numbers on record as they end.
async fn scans(scene: &Scene) -> i64 {
    scene.store.close().await;
    let mut connection = scene.connection().await;
    let others = "SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
    while value::<i64>(&mut connection, others).await > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let seen = "SELECT coalesce(seq_scan, 0) + coalesce(idx_scan, 0) FROM pg_stat_user_tables
                 WHERE relid = 'email.attachments'::regclass";
    value(&mut connection, seen).await
}

#[tokio::test]
async fn no_claim_looks_at_attachments() {
    let mut scene = Scene::fresh().await;
    for _ in 0..5 {
        scene.enqueue(&with_attachments()).await;
        scene.enqueue(&delivery()).await;
    }
    let claims = scene.claim().await;
    assert_eq!(claims.len(), 10);
    for claim in claims.iter().filter(|claim| claim.attachments == 0) {
        settle(&scene, claim, &Event::GivenBack).await;
    }
    assert_eq!(scene.claim().await.len(), 5);
    assert_eq!(scans(&scene).await, 0);
    scene.store = PostgresStore::connect(&config(scene.database.url())).await.unwrap();
    let claim = claims.iter().find(|claim| claim.attachments > 0).unwrap();
    assert_eq!(scene.store.queue().attachments(&claim.fence).await.unwrap().len(), 2);
    assert!(scans(&scene).await > 0, "the number does count");
}

/// The plan of a statement with these arguments, without numbers.
async fn plan(scene: &Scene, file: &str, types: &str, arguments: &str) -> String {
    let mut connection = scene.connection().await;
    connection.execute("ANALYZE").await.unwrap();
    let path = in_repository("crates/adapters-postgres/queries").join(file);
    let sql = fs::read_to_string(path).unwrap();
    connection.execute(AssertSqlSafe(format!("PREPARE it ({types}) AS {sql}"))).await.unwrap();
    let explain = format!("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) EXECUTE it ({arguments})");
    let rows = connection.fetch_all(AssertSqlSafe(explain)).await.unwrap();
    let lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    // How much memory a sort took is not how it went about it.
    lines.into_iter().filter(|line| !line.contains("Memory:")).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_claim_has_the_same_plan_with_attachments_and_without() {
    let mut plans = Vec::new();
    for attachments in [Vec::new(), vec![file(100_000)]] {
        let scene = Scene::fresh().await;
        let letters: Vec<NewDelivery> = (0..200)
            .map(|_| NewDelivery {
                attachments: attachments.clone(),
                ..NewDelivery::now(delivery().delivery_id, letter())
            })
            .collect();
        scene.store.queue().enqueue(&letters).await.unwrap();
        let claim = "gen_random_uuid(), 100, 100, 60000000, '{}', '{}', false";
        let claimed =
            plan(&scene, "outbox/claim.sql", "uuid, bigint, bigint, bigint, text[], text[], boolean", claim).await;
        let held = "SELECT quote_literal(array_agg(seq)) || ',' || quote_literal(array_agg(token))
                      FROM email.outbox WHERE token IS NOT NULL";
        let held: String = value(&mut scene.connection().await, held).await;
        let read = plan(&scene, "deliveries/read.sql", "bigint[], uuid[]", &held).await;
        assert!(!claimed.contains("attachments") && !read.contains("on attachments"), "{claimed}\n{read}");
        plans.push((claimed, read));
    }
    assert_eq!(plans[0], plans[1]);
}

fn file(size: usize) -> Attachment {
    Attachment::new("a.bin", "a/b", Placement::Beside, vec![7; size]).unwrap()
}
