//! The schema in somebody else's database.

use postroom_adapters_postgres::{Drift, MigrateError, check, migrate};
use postroom_test_database::{Durability, Server, TestDatabase};
use sqlx::{Connection, Executor, PgConnection};

use crate::scene::{config, in_repository, value};

/// How many migrations there are.
fn files() -> usize {
    let folder = std::fs::read_dir(in_repository("migrations")).unwrap();
    folder.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with('2')).count()
}

#[tokio::test]
async fn an_application_user_migrates_beside_its_own_tables() {
    // A server of its own: roles belong to the whole server, and here nobody has made ours.
    let server = Server::local(Durability::Fast).await.unwrap();
    let database = server.empty().await.unwrap();
    let mut admin = database.connect().await.unwrap();
    admin.execute("CREATE EXTENSION citext; CREATE EXTENSION pgcrypto").await.unwrap();
    let app = database.create_role("app", "NOCREATEROLE NOSUPERUSER").await.unwrap();
    let grant = format!("GRANT CREATE ON DATABASE {} TO {}", database.name(), app.name());
    admin.execute(sqlx::AssertSqlSafe(grant)).await.unwrap();
    admin
        .execute(
            "CREATE TABLE public._sqlx_migrations (version bigint); INSERT INTO public._sqlx_migrations VALUES (7)",
        )
        .await
        .unwrap();

    let first = migrate(&config(app.url())).await.unwrap();
    assert_eq!(first.applied.len(), files());
    let roles = first.roles_sql.expect("the roles are left to an administrator");
    let second = migrate(&config(app.url())).await.unwrap();
    assert!(second.applied.is_empty(), "each migration runs once");
    assert!(second.roles_sql.is_some());
    let kept = "SELECT array_agg(version) = '{7}' FROM public._sqlx_migrations";
    assert!(value::<bool>(&mut admin, kept).await, "the host's own record of migrations is not touched");

    let enqueue = "SELECT email.enqueue('invite', 'invitation', 'someone@example.org')";
    let mut connection = PgConnection::connect(app.url()).await.unwrap();
    value::<String>(&mut connection, enqueue).await;

    admin.execute(sqlx::AssertSqlSafe(roles)).await.unwrap();
    let third = migrate(&config(app.url())).await.unwrap();
    assert_eq!(third.roles_sql, None, "with the roles there is nothing left to do");
    let granted = "SELECT has_function_privilege('postroom_enqueuer', 'email.enqueue_batch(jsonb)', 'EXECUTE')
                      AND has_table_privilege('postroom_worker', 'email.outbox', 'UPDATE')";
    assert!(value::<bool>(&mut admin, granted).await);
    value::<String>(&mut connection, enqueue).await;
}

#[tokio::test]
async fn many_that_migrate_at_once_take_turns() {
    let database = TestDatabase::empty().await.unwrap();
    let runs: Vec<_> = (0..4)
        .map(|_| {
            let config = config(database.url());
            tokio::spawn(async move { migrate(&config).await })
        })
        .collect();
    let mut applied = Vec::new();
    for run in runs {
        applied.extend(run.await.unwrap().unwrap().applied);
    }
    applied.sort();
    assert_eq!(applied.len(), files(), "each migration was applied once: {applied:?}");
    applied.dedup();
    assert_eq!(applied.len(), files());
}

#[tokio::test]
async fn check_tells_what_is_pending_altered_or_unknown() {
    let database = TestDatabase::empty().await.unwrap();
    let config = config(database.url());
    let fresh = check(&config).await.unwrap();
    assert_eq!(fresh.len(), files());
    assert!(fresh.iter().all(|drift| matches!(drift, Drift::Pending(_))), "{fresh:?}");
    let mut connection = database.connect().await.unwrap();
    let untouched = "SELECT to_regnamespace('email') IS NULL";
    assert!(value::<bool>(&mut connection, untouched).await, "a check changes nothing");

    migrate(&config).await.unwrap();
    assert_eq!(check(&config).await.unwrap(), []);
    connection
        .execute(
            "UPDATE email._migrations SET checksum = '\\x00' WHERE name = 'queue_create';
             DELETE FROM email._migrations WHERE name = 'views_create';
             INSERT INTO email._migrations (version, name, checksum) VALUES ('99991231000000', 'future_create', '\\x00')",
        )
        .await
        .unwrap();
    let drifts = check(&config).await.unwrap();
    assert_eq!(
        drifts,
        [
            Drift::Altered("20261123080100_queue_create".to_owned()),
            Drift::Pending("20261123080400_views_create".to_owned()),
            Drift::Unknown("99991231000000_future_create".to_owned()),
        ]
    );
    assert!(matches!(migrate(&config).await, Err(MigrateError::Drifted(Drift::Altered(_)))));
}

#[tokio::test]
async fn a_missing_schema_is_a_meaning_of_its_own() {
    use postroom_adapters_postgres::PostgresStore;
    use postroom_ports::error::PortErrorKind;
    use postroom_ports::queue::DeliveryQueue;
    use postroom_ports::tracker::DeliveryTracker;

    let database = TestDatabase::empty().await.unwrap();
    let store = PostgresStore::connect(&config(database.url())).await.unwrap();
    let counted = store.tracker().counts().await.expect_err("there is nothing to count");
    assert_eq!(counted.kind(), PortErrorKind::NotMigrated);
    let taken = store.queue().enqueue(&[postroom_ports::contract::letters::delivery()]).await;
    assert_eq!(taken.expect_err("there is no door").kind(), PortErrorKind::NotMigrated);
    store.close().await;
    let closed = store.tracker().counts().await.expect_err("it is closed");
    assert_eq!(closed.kind(), PortErrorKind::Unavailable);
}

#[tokio::test]
async fn a_database_of_another_encoding_is_refused_before_anything_is_made() {
    let database = TestDatabase::empty().await.unwrap();
    let mut connection = database.connect().await.unwrap();
    let name = format!("{}_latin", database.name());
    let create = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
    connection.execute(sqlx::AssertSqlSafe(create)).await.unwrap();
    let url = database.url().replace(database.name(), &name);
    let refused = migrate(&config(&url)).await;
    connection.execute(sqlx::AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).await.unwrap();
    assert!(matches!(refused, Err(MigrateError::Encoding(encoding)) if encoding == "LATIN1"));
}
