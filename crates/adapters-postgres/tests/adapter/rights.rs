//! Who may do what, as roles that log in.

use postroom_test_database::TestRole;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor};

use crate::scene::{Scene, refusal, value};

/// Somebody who logs in as a member of one of our roles.
async fn member(scene: &Scene, name: &str, of: &str) -> PgConnection {
    let role: TestRole = scene.database.create_role(name, "").await.unwrap();
    scene.sql(&format!("GRANT {of} TO {}", role.name())).await;
    PgConnection::connect(role.url()).await.unwrap()
}

const ENQUEUE: &str = "SELECT email.enqueue('invite', 'invitation', 'someone@example.org'";

#[tokio::test]
async fn an_enqueuer_may_use_the_door_and_nothing_behind_it() {
    let scene = Scene::fresh().await;
    let mut app = member(&scene, "app", "postroom_enqueuer").await;
    value::<String>(&mut app, &format!("{ENQUEUE})")).await;
    for sql in [
        "SELECT count(*) FROM email.deliveries",
        "SELECT count(*) FROM email.payloads",
        "INSERT INTO email.outbox (seq, status, priority, workflow) VALUES (1, 'queued', 5, 'invite')",
        "UPDATE email.deliveries SET status = 'cancelled'",
    ] {
        assert_eq!(refusal(&mut app, sql).await.0, "42501", "{sql}");
    }
    assert_eq!(scene.claim().await.len(), 1);
    let mut stranger =
        PgConnection::connect(scene.database.create_role("stranger", "").await.unwrap().url()).await.unwrap();
    assert_eq!(refusal(&mut stranger, &format!("{ENQUEUE})")).await.0, "42501");
}

#[tokio::test]
async fn the_door_belongs_to_the_owner_role_which_has_no_other_rights() {
    let scene = Scene::fresh().await;
    let mut connection = scene.connection().await;
    let owner = "SELECT proowner::regrole::text FROM pg_proc WHERE oid = 'email.enqueue_batch'::regproc";
    assert_eq!(value::<String>(&mut connection, owner).await, "postroom_owner");
    let may = "SELECT has_table_privilege('postroom_owner', 'email.delivery_events', 'INSERT')
                   OR has_table_privilege('postroom_owner', 'email.deliveries', 'UPDATE')
                   OR has_schema_privilege('postroom_owner', 'email', 'CREATE')";
    assert!(!value::<bool>(&mut connection, may).await);
}

#[tokio::test]
async fn a_session_of_one_tenant_enqueues_for_no_other() {
    let scene = Scene::fresh().await;
    let mut app = member(&scene, "app", "postroom_enqueuer").await;
    app.execute("SET email.tenant = 'north'").await.unwrap();
    value::<String>(&mut app, &format!("{ENQUEUE}, tenant_id => 'north')")).await;
    for arguments in [", tenant_id => 'south'", ""] {
        let (code, message) = refusal(&mut app, &format!("{ENQUEUE}{arguments})")).await;
        assert_eq!(code, "22023");
        assert!(message.starts_with("tenant_id: "), "{message}");
    }
    app.execute("SET email.tenant = ''").await.unwrap();
    value::<String>(&mut app, &format!("{ENQUEUE})")).await;
}

#[tokio::test]
async fn tenants_see_their_own_and_readers_see_all() {
    let scene = Scene::fresh().await;
    let mut owner = scene.connection().await;
    for tenant in ["north", "south"] {
        value::<String>(&mut owner, &format!("{ENQUEUE}, tenant_id => '{tenant}')")).await;
    }
    value::<String>(&mut owner, &format!("{ENQUEUE})")).await;
    let mut tenant = member(&scene, "tenant", "postroom_tenant").await;
    let mut reader = member(&scene, "reader", "postroom_reader").await;
    for table in ["deliveries", "delivery_events", "delivery_overview"] {
        let sql = format!("SELECT count(*) FROM email.{table}");
        tenant.execute("RESET email.tenant").await.unwrap();
        assert_eq!(value::<i64>(&mut tenant, &sql).await, 0, "a tenant without a name sees nothing of {table}");
        tenant.execute("SET email.tenant = 'north'").await.unwrap();
        assert_eq!(value::<i64>(&mut tenant, &sql).await, 1, "a tenant sees its own of {table}");
        assert_eq!(value::<i64>(&mut reader, &sql).await, 3, "a reader sees all of {table}");
    }
    for connection in [&mut tenant, &mut reader] {
        assert_eq!(refusal(connection, "UPDATE email.deliveries SET status = 'cancelled'").await.0, "42501");
        assert_eq!(refusal(connection, "SELECT data FROM email.payloads").await.0, "42501");
    }
}

#[tokio::test]
async fn only_a_worker_reads_what_a_tokens_secret_comes_to() {
    let scene = Scene::fresh().await;
    scene
        .sql(
            "INSERT INTO email.tokens (token_id, name, digest, scopes)
             VALUES ('abcdefghijkl', 'shop', sha256('secret'), '{read}')",
        )
        .await;
    let mut worker = member(&scene, "worker", "postroom_worker").await;
    let digests = "SELECT count(digest) FROM email.tokens";
    assert_eq!(value::<i64>(&mut worker, digests).await, 1);
    assert_eq!(refusal(&mut worker, "DELETE FROM email.tokens").await.0, "42501", "a token is revoked, not deleted");
    let mut reader = member(&scene, "reader", "postroom_reader").await;
    assert_eq!(value::<String>(&mut reader, "SELECT name FROM email.tokens").await, "shop");
    assert_eq!(refusal(&mut reader, digests).await.0, "42501");
    for role in ["postroom_tenant", "postroom_enqueuer"] {
        let mut other = member(&scene, role, role).await;
        assert_eq!(refusal(&mut other, "SELECT token_id FROM email.tokens").await.0, "42501", "{role}");
    }
}

#[tokio::test]
async fn a_worker_role_can_do_all_that_the_adapter_does() {
    use postroom_adapters_postgres::PostgresStore;
    use postroom_domain::lifecycle::Event;
    use postroom_ports::contract::letters::{decide, frozen, report, transport_name, with_attachments, worker_id};
    use postroom_ports::queue::{DeliveryQueue, Fenced, Ready, Request, Retention, Settlement};
    use postroom_ports::tracker::DeliveryTracker;
    use postroom_ports::worker::{Presence, WorkerRegistry};

    let scene = Scene::fresh().await;
    let role = scene.database.create_role("worker", "").await.unwrap();
    scene.sql(&format!("GRANT postroom_worker TO {}", role.name())).await;
    let store = PostgresStore::connect(&crate::scene::config(role.url())).await.unwrap();
    let scene = Scene { store: store.clone(), ..scene };
    let (queue, workers, worker) = (store.queue(), store.workers(), worker_id());
    workers.register(worker, "test").await.unwrap();
    workers.set_presence(worker, Presence::Idle).await.unwrap();
    let (sent, cancelled) = (scene.enqueue(&with_attachments()).await, scene.enqueue(&with_attachments()).await);
    queue.request(std::slice::from_ref(&cancelled), Request::Cancel, None).await.unwrap();
    let claim = scene.claim().await.pop().unwrap();
    assert_eq!(queue.attachments(&claim.fence).await.unwrap().len(), 2);
    let ready = Ready { fence: claim.fence.clone(), frozen: Some(frozen(&sent)), transport: transport_name("smtp") };
    assert_eq!(queue.ready(&[ready]).await.unwrap(), [Fenced::Done]);
    let settlement = Settlement {
        fence: claim.fence.clone(),
        transition: decide(&claim.state, &Event::GivenBack, claim.queued_at),
        transport: None,
        receipt: None,
        payload: serde_json::json!({}),
    };
    assert_eq!(queue.settle(&[settlement]).await.unwrap(), [Fenced::Done]);
    let tracker = store.tracker();
    tracker.record(&sent, &report(postroom_domain::feedback::Feedback::Delivered, "1")).await.unwrap();
    assert_eq!(tracker.history(&sent).await.unwrap().len(), 4);
    uses_tokens_and_statistics(&store).await;
    let now = std::time::Duration::ZERO;
    assert_eq!(queue.sweep(Retention { payloads: now, workers: now }, 10).await.unwrap().payloads, 2);
    workers.retire(worker).await.unwrap();
    store.close().await;
    let mut direct = PgConnection::connect(role.url()).await.unwrap();
    let forged = "INSERT INTO email.delivery_events (delivery_id, status, attempt) VALUES ('x', 'sent', 1)";
    assert_eq!(refusal(&mut direct, forged).await.0, "42501", "events have one writer");
}

/// What the HTTP API does with a store.
async fn uses_tokens_and_statistics(store: &postroom_adapters_postgres::PostgresStore) {
    use postroom_domain::access::{Scopes, TokenId, TokenName};
    use postroom_domain::time::Timestamp;
    use postroom_ports::access::{NewToken, Revoked, TokenBook, TokenDigest};
    use postroom_ports::statistics::{Statistics, Window};

    let tokens = store.tokens();
    let new = NewToken {
        token_id: TokenId::parse("abcdefghijkl").unwrap(),
        name: TokenName::parse("shop").unwrap(),
        digest: TokenDigest([1; 32]),
        scopes: Scopes::parse("read").unwrap(),
        tenant_id: None,
        expires_after: None,
    };
    tokens.create(&new).await.unwrap();
    let known = tokens.find(&new.token_id).await.unwrap().unwrap();
    tokens.note_use(&new.token_id).await.unwrap();
    assert!(tokens.list().await.unwrap()[0].last_used_at.is_some());
    assert_eq!(tokens.revoke(&new.token_id).await.unwrap(), Revoked::Done);
    let until = Timestamp::from_micros(known.now.as_micros() + 1_000_000);
    let window = Window { from: Timestamp::EPOCH, until, tenant_id: None };
    assert_eq!(store.statistics().summary(&window).await.unwrap().workflows[0].enqueued, 2);
    assert_eq!(store.statistics().series(&window, 10).await.unwrap().len(), 10);
}
