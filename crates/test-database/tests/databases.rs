//! Databases of tests on whatever server this run has.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use postroom_test_database::{Server, Template, TestDatabase};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// Templates stay on a server that lives on, so each test's content is new.
fn new_content() -> String {
    uuid::Uuid::new_v4().to_string()
}

fn letters(content: &str, built: &Arc<AtomicUsize>) -> Template {
    let built = Arc::clone(built);
    Template::new("letters", content, move |url| {
        built.fetch_add(1, Ordering::SeqCst);
        async move {
            let mut connection = PgConnection::connect(&url).await?;
            connection.execute("CREATE TABLE letters (id bigint); INSERT INTO letters VALUES (1)").await?;
            // As careless as a migration may be: its connection is left open.
            std::mem::forget(connection);
            Ok(())
        }
    })
}

async fn count(database: &TestDatabase) -> Result<i64> {
    let mut connection = database.connect().await?;
    Ok(sqlx::query_scalar("SELECT count(*) FROM letters").fetch_one(&mut connection).await?)
}

async fn exists(catalogue_query: &'static str, name: &str) -> Result<bool> {
    let mut connection = PgConnection::connect(&Server::shared().await?.url()).await?;
    Ok(sqlx::query_scalar(catalogue_query).bind(name).fetch_one(&mut connection).await?)
}

const DATABASE_EXISTS: &str = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)";
const ROLE_EXISTS: &str = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)";

#[tokio::test]
async fn clones_share_the_template_and_nothing_else() -> Result<()> {
    let built = Arc::default();
    let template = letters(&new_content(), &built);
    let (one, other) = (TestDatabase::fresh(&template).await?, TestDatabase::fresh(&template).await?);
    one.connect().await?.execute("INSERT INTO letters VALUES (2)").await?;
    assert_eq!((count(&one).await?, count(&other).await?), (2, 1));
    assert_ne!(one.name(), other.name());
    assert_eq!(built.load(Ordering::SeqCst), 1);
    Ok(())
}

#[tokio::test]
async fn many_who_ask_at_once_build_one_template() -> Result<()> {
    let (built, content) = (Arc::default(), new_content());
    // A value each, as in processes of their own.
    let askers: Vec<_> = (0..8)
        .map(|_| {
            let template = letters(&content, &built);
            tokio::spawn(async move { TestDatabase::fresh(&template).await })
        })
        .collect();
    for asker in askers {
        assert_eq!(count(&asker.await??).await?, 1);
    }
    assert_eq!(built.load(Ordering::SeqCst), 1);
    Ok(())
}

#[tokio::test]
async fn other_content_is_another_template() -> Result<()> {
    let built = Arc::default();
    TestDatabase::fresh(&letters(&new_content(), &built)).await?;
    TestDatabase::fresh(&letters(&new_content(), &built)).await?;
    assert_eq!(built.load(Ordering::SeqCst), 2);
    Ok(())
}

#[tokio::test]
async fn a_template_whose_migration_fails_is_not_there() -> Result<()> {
    let content = new_content();
    let broken = Template::new("letters", &content, |url| async move {
        let mut connection = PgConnection::connect(&url).await?;
        connection.execute("CREATE TABLE letters (id bigint); SELECT 1 / 0").await?;
        Ok(())
    });
    let error = format!("{:#}", TestDatabase::fresh(&broken).await.unwrap_err());
    assert!(error.contains("cannot make the template `letters`"), "{error}");
    assert!(error.contains("division by zero"), "{error}");

    let mended = letters(&content, &Arc::default());
    assert_eq!(count(&TestDatabase::fresh(&mended).await?).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_name_that_is_not_plain_is_refused() -> Result<()> {
    let template = Template::new("letters; DROP", (), |_| async { Ok(()) });
    assert!(TestDatabase::fresh(&template).await.is_err());
    let database = TestDatabase::empty().await?;
    assert!(database.create_role("Robert'); --", "").await.is_err());
    Ok(())
}

#[tokio::test]
async fn a_dropped_database_takes_its_sessions_and_roles_with_it() -> Result<()> {
    let database = TestDatabase::empty().await?;
    let pool = database.pool(2).await?;
    let role = database.create_role("app", "").await?;
    let mut session = PgConnection::connect(role.url()).await?;
    let name = database.name().to_owned();
    assert!(exists(DATABASE_EXISTS, &name).await? && exists(ROLE_EXISTS, role.name()).await?);

    drop(database);

    assert!(session.execute("SELECT 1").await.is_err());
    assert!(!exists(DATABASE_EXISTS, &name).await?);
    assert!(!exists(ROLE_EXISTS, role.name()).await?);
    drop(pool);
    Ok(())
}

#[tokio::test]
async fn a_role_has_only_the_rights_that_it_was_given() -> Result<()> {
    let database = TestDatabase::empty().await?;
    let (plain, creator) =
        (database.create_role("plain", "").await?, database.create_role("creator", "CREATEROLE").await?);
    for (role, may_create) in [(&plain, false), (&creator, true)] {
        let mut session = PgConnection::connect(role.url()).await?;
        let rights: (String, bool, bool) =
            sqlx::query_as("SELECT rolname::text, rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user")
                .fetch_one(&mut session)
                .await?;
        assert_eq!(rights, (role.name().to_owned(), false, may_create));
    }
    let grant = format!("CREATE SCHEMA app AUTHORIZATION {}", plain.name());
    database.connect().await?.execute(AssertSqlSafe(grant)).await?;
    let mut session = PgConnection::connect(plain.url()).await?;
    session.execute("CREATE TABLE app.letters (id bigint)").await?;
    assert!(session.execute("CREATE TABLE public.letters (id bigint)").await.is_err());
    Ok(())
}
