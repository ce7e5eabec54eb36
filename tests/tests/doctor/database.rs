//! Databases that something is wrong with.

use anyhow::Result;
use postroom_test_database::{Pooler, TestDatabase};
use postroom_tests::{Kind, Postroom, Store};
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::doctor;

const ASK: [&str; 2] = ["--only", "database"];

fn postroom(store: &Store) -> Result<Postroom> {
    Ok(Postroom::new()?.with("DATABASE_URL", store.url()))
}

#[tokio::test]
async fn what_is_missing_or_switched_off_in_the_schema_is_named() -> Result<()> {
    let store = Store::migrated(Kind::Postgres).await?;
    for fault in [
        "DROP INDEX email.outbox_waiting",
        "ALTER TABLE email.idempotency DROP CONSTRAINT idempotency_pkey CASCADE",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'email.deliveries_tenant'::regclass",
        "ALTER TABLE email.outbox SET (autovacuum_enabled = false)",
        "ALTER TABLE email.deliveries DISABLE TRIGGER deliveries_after_update",
        "ALTER TABLE email.deliveries DROP COLUMN provider CASCADE",
        "DROP TRIGGER deliveries_touch ON email.deliveries",
        "DROP FUNCTION email.uuid_v7 CASCADE",
        "UPDATE email._migrations SET checksum = '\\x00' WHERE name = 'queue_create'",
    ] {
        store.execute(fault).await?;
    }
    let found = doctor(&postroom(&store)?, &ASK, 1).await?;
    found.names("database.index", "error", "CREATE INDEX CONCURRENTLY outbox_waiting ON email.outbox (priority");
    found.names("database.index", "error", "idempotency_pkey");
    found.names("database.index", "error", "REINDEX INDEX CONCURRENTLY email.deliveries_tenant");
    found.names("database.vacuum", "error", "ALTER TABLE email.outbox RESET (autovacuum_enabled)");
    found.names("database.trigger", "error", "ENABLE TRIGGER deliveries_after_update");
    found.names("database.schema", "error", "the column deliveries.provider is missing");
    found.names("database.schema", "error", "the view delivery_overview is missing");
    found.names("database.schema", "error", "the trigger deliveries_touch is missing");
    found.names("database.schema", "error", "the function uuid_v7 is missing");
    found.names("database.migrations", "error", "20261123080100_queue_create");
    Ok(())
}

#[tokio::test]
async fn a_schema_that_is_not_there_is_named_with_the_command_that_makes_it() -> Result<()> {
    let store = Store::empty(Kind::Postgres).await?;
    doctor(&postroom(&store)?, &ASK, 1).await?.names("database.migrations", "error", "postroom migrate");
    Ok(())
}

#[tokio::test]
async fn a_database_that_is_read_only_is_named() -> Result<()> {
    let store = Store::migrated(Kind::Postgres).await?;
    store
        .execute("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$")
        .await?;
    doctor(&postroom(&store)?, &ASK, 1).await?.names("database.read-only", "error", "default_transaction_read_only");
    Ok(())
}

#[tokio::test]
async fn a_transaction_that_stays_open_is_named_by_its_process() -> Result<()> {
    let store = Store::migrated(Kind::Postgres).await?;
    let mut connection = PgConnection::connect(&store.url()).await?;
    let mut open = connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
    let process: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut *open).await?;
    let words = [&ASK[..], &["--longest-transaction", "1ms"]].concat();
    let found = doctor(&postroom(&store)?, &words, 0).await?;
    found.names("database.transactions", "warning", &format!("pg_terminate_backend({process})"));
    open.rollback().await?;
    let found = doctor(&postroom(&store)?, &words, 0).await?;
    found.names("database.transactions", "ok", "");
    Ok(())
}

#[tokio::test]
async fn a_pooler_that_nobody_declared_is_named_and_a_declared_one_is_in_order() -> Result<()> {
    let store = Store::migrated(Kind::Postgres).await?;
    let pooler = Pooler::before(&store.url()).await?;
    let undeclared = postroom(&store)?.with("DATABASE_URL", pooler.url());
    doctor(&undeclared, &ASK, 1).await?.names("database.pooler", "error", "POSTROOM_DATABASE_POOLER=transaction");
    let declared = undeclared.with("POSTROOM_DATABASE_POOLER", "transaction");
    let found = doctor(&declared, &ASK, 0).await?;
    found.names("database.pooler", "warning", "POSTROOM_DATABASE_DIRECT_URL");
    let found = doctor(&declared.with("POSTROOM_DATABASE_DIRECT_URL", store.url()), &ASK, 0).await?;
    found.names("database.pooler", "ok", "");
    found.names("database.notify", "ok", "");
    Ok(())
}

#[tokio::test]
async fn a_pooler_that_is_not_there_is_a_doubt() -> Result<()> {
    let store = Store::migrated(Kind::Postgres).await?;
    let told = postroom(&store)?.with("POSTROOM_DATABASE_POOLER", "transaction");
    doctor(&told, &ASK, 0).await?.names("database.pooler", "warning", "POSTROOM_DATABASE_POOLER=none");
    Ok(())
}

#[tokio::test]
async fn a_role_without_rights_is_told_what_it_lacks() -> Result<()> {
    let database = TestDatabase::empty().await?;
    let owner = Postroom::new()?.with("DATABASE_URL", database.url());
    owner.run(&["migrate"]).await?.expect(0)?;
    let role = database.create_role("stranger", "").await?;
    let mut connection = database.connect().await?;
    let grant = format!("GRANT USAGE ON SCHEMA email TO {0}; GRANT SELECT ON email._migrations TO {0}", role.name());
    connection.execute(sqlx::AssertSqlSafe(grant)).await?;
    let stranger = Postroom::new()?.with("DATABASE_URL", role.url());
    doctor(&stranger, &ASK, 1).await?.names("database.rights", "error", "email.outbox");
    Ok(())
}

#[tokio::test]
async fn a_database_that_is_away_is_a_finding_and_not_an_end() -> Result<()> {
    // Port 1 is nobody's.
    let postroom = Postroom::new()?.with("DATABASE_URL", "postgres://user:hunter2@127.0.0.1:1/letters");
    doctor(&postroom, &ASK, 1).await?.names("database.reachable", "error", "cannot be reached");
    // A name that the DNS never has (RFC 6761).
    let postroom = Postroom::new()?.with("DATABASE_URL", "postgres://user:hunter2@nowhere.invalid/letters");
    doctor(&postroom, &ASK, 1).await?.names("database.reachable", "error", "name cannot be resolved");
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_missing_no_database_or_changed_by_hand_is_named() -> Result<()> {
    let home = Postroom::new()?;
    let file = home.write("letters.db", &[b'x'; 4096])?;
    let url = |path: &str| format!("sqlite://{path}");
    doctor(&home.clone().with("DATABASE_URL", url(&file)), &ASK, 1).await?.names("database.reachable", "error", &file);
    let nowhere = home.home().join("nowhere/letters.db").display().to_string();
    let found = doctor(&home.clone().with("DATABASE_URL", url(&nowhere)), &ASK, 1).await?;
    found.names("database.reachable", "error", "folder");
    let absent = home.home().join("absent.db");
    let found = doctor(&home.with("DATABASE_URL", url(&absent.display().to_string())), &ASK, 0).await?;
    found.names("database.reachable", "warning", "postroom migrate");
    assert!(!absent.exists(), "the doctor made a file");

    let store = Store::migrated(Kind::Sqlite).await?;
    let index =
        store.texts("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY name").await?;
    store.execute(&format!("DROP INDEX {}", index[0])).await?;
    doctor(&postroom(&store)?, &ASK, 1).await?.names("database.schema", "error", &index[0]);
    Ok(())
}
