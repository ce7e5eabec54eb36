//! Letters that join the caller's own transaction on PostgreSQL: what commits arrives, what does not never was.

use anyhow::{Context, Result};
use postroom_tests::{Kind, Room};
use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};

const ENQUEUE: &str = "SELECT email.enqueue(workflow => 'invite', template => 'invitation', recipient => $1, \
                       data => $2::jsonb)";
const DATA: &str = r#"{"inviter_name": "Robin", "organization_name": "Example", "role": "editor",
                       "accept_url": "https://app.example.org/accept"}"#;

async fn enqueue(connection: &mut PgConnection, recipient: &str) -> Result<String> {
    Ok(sqlx::query(ENQUEUE).bind(recipient).bind(DATA).fetch_one(connection).await?.try_get(0)?)
}

#[tokio::test]
async fn in_sql_a_letter_is_sent_if_and_only_if_its_transaction_commits() -> Result<()> {
    let room = Room::open(Kind::Postgres).await?;
    let mut connection = PgConnection::connect(&room.store.url()).await?;
    connection.execute("CREATE TABLE invitations (id text PRIMARY KEY)").await?;

    let mut transaction = connection.begin().await?;
    transaction.execute("INSERT INTO invitations VALUES ('42')").await?;
    let id = enqueue(&mut transaction, "committed@example.org").await?;
    transaction.execute("SAVEPOINT here").await?;
    enqueue(&mut transaction, "savepoint@example.org").await?;
    transaction.execute("ROLLBACK TO SAVEPOINT here").await?;
    enqueue(&mut transaction, "also-committed@example.org").await?;
    transaction.commit().await?;

    let mut transaction = connection.begin().await?;
    enqueue(&mut transaction, "rolled-back@example.org").await?;
    transaction.rollback().await?;

    // A connection that dies takes its letter along.
    let mut dying = PgConnection::connect(&room.store.url()).await?;
    dying.execute("BEGIN").await?;
    enqueue(&mut dying, "died@example.org").await?;
    dying.close_hard().await?;

    assert_eq!(room.delivered().await?, ["also-committed@example.org", "committed@example.org"]);
    assert_eq!(room.status(&id).await?["status"], "sent");
    Ok(())
}

#[tokio::test]
async fn a_letter_is_not_sent_before_its_transaction_commits() -> Result<()> {
    let room = Room::open(Kind::Postgres).await?;
    let mut connection = PgConnection::connect(&room.store.url()).await?;
    let mut transaction = connection.begin().await?;
    let id = enqueue(&mut transaction, "waiting@example.org").await?;
    let mut worker = room.worker().await?;
    // The worker looks for letters and finds this one, which is younger.
    let other = room.invite("other@example.org").await?;
    room.becomes(&other, "sent").await?;
    assert_eq!(room.inbox.count(), 1);
    transaction.commit().await?;
    room.becomes(&id, "sent").await?;
    worker.finish().await?.expect(0)?;
    Ok(())
}

#[tokio::test]
async fn in_sql_a_bad_letter_is_refused_by_field_and_nothing_is_stored() -> Result<()> {
    let room = Room::open(Kind::Postgres).await?;
    let mut connection = PgConnection::connect(&room.store.url()).await?;
    for (argument, field) in [
        ("recipient => 'reader'", "recipient"),
        ("recipient => E'a@example.org\\r\\nBcc: victim@example.org'", "recipient"),
        ("recipient => 'a@example.org', subject => E'Hello\\r\\nBcc: victim@example.org'", "subject"),
        ("recipient => 'a@example.org', recipient_name => E'Sam\\nBcc: victim@example.org'", "recipient_name"),
        ("recipient => 'a@example.org', headers => '{\"X-A\": \"b\\r\\nBcc: victim@example.org\"}'", "headers.X-A"),
        ("recipient => 'a@example.org', priority => -1", "priority"),
        ("recipient => 'a@example.org', due_at => '2100-01-02', expires_at => '2100-01-01'", "due_at"),
        ("recipient => 'a@example.org', data => jsonb_build_object('a', repeat('x', 10000000))", "data"),
    ] {
        let sql = format!("SELECT email.enqueue(workflow => 'invite', template => 'invitation', {argument})");
        let refusal = connection.execute(sqlx::AssertSqlSafe(sql)).await.err().context(argument)?;
        let error = refusal.as_database_error().context("not the database's refusal")?;
        assert_eq!(error.code().as_deref(), Some("22023"), "{argument}");
        assert!(error.message().starts_with(&format!("{field}: ")), "{argument}: {}", error.message());
        assert!(!error.message().contains("victim"), "the value was repeated");
    }
    assert!(room.store.traces().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn in_sql_a_template_error_fails_that_letter_with_its_reason_and_no_other() -> Result<()> {
    let room = Room::open(Kind::Postgres).await?;
    let mut connection = PgConnection::connect(&room.store.url()).await?;
    let row = connection.fetch_one(
        "SELECT email.enqueue(workflow => 'invite', template => 'invitation', recipient => 'a@example.org')",
    );
    let bad: String = row.await?.try_get(0)?;
    enqueue(&mut connection, "good@example.org").await?;
    assert_eq!(room.delivered().await?, ["good@example.org"]);
    let document = room.status(&bad).await?;
    assert_eq!((&document["status"], &document["last_error_code"]), (&"failed".into(), &"TEMPLATE".into()));
    let reason = document["last_error_message"].as_str().unwrap_or_default();
    assert!(reason.contains("inviter_name"), "{reason}");
    Ok(())
}
