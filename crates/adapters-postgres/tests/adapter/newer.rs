//! Two versions side by side: this program on the schema of the next. What `migrations/README.md` allows a first release
//! to do, `newer/expand.sql` does, and all that this program says to a database must still work.

use std::fs;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use postroom_adapters_postgres::{Drift, PostgresStore, check, migrate};
use postroom_domain::lifecycle::Event;
use postroom_ports::access::TokenBook;
use postroom_ports::contract::StoreHarness;
use postroom_ports::contract::desk::settlement;
use postroom_ports::contract::letters::{decide, delivery};
use postroom_ports::pauses::PauseBoard;
use postroom_ports::queue::{DeliveryQueue, Enqueued, Fenced};
use postroom_ports::statistics::Statistics;
use postroom_ports::tracker::DeliveryTracker;
use postroom_ports::worker::WorkerRegistry;
use postroom_test_database::{Template, TestDatabase};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Column as _, Connection as _, Executor as _, PgConnection, SqlSafeStr as _};

use crate::scene::{Scene, config, in_repository, migrations, request};

const EXPAND: &str = include_str!("newer/expand.sql");

fn template() -> &'static Template {
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        Template::new("newer", migrations() + EXPAND, |url| async move {
            migrate(&config(&url)).await?;
            apply(&mut PgConnection::connect(&url).await?, EXPAND).await?;
            Ok(())
        })
    })
}

/// As a migration is applied: in one transaction.
async fn apply(connection: &mut PgConnection, sql: &str) -> sqlx::Result<()> {
    let mut transaction = connection.begin().await?;
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut *transaction).await?;
    transaction.commit().await
}

/// A store on the newer schema.
struct Newer(Scene);

impl Newer {
    async fn scene() -> Scene {
        let database = TestDatabase::fresh(template()).await.unwrap();
        let store = PostgresStore::connect(&config(database.url())).await.unwrap();
        Scene { database, store }
    }
}

#[async_trait]
impl StoreHarness for Newer {
    async fn fresh() -> Self {
        Self(Self::scene().await)
    }

    fn queue(&self) -> Arc<dyn DeliveryQueue> {
        StoreHarness::queue(&self.0)
    }

    fn tracker(&self) -> Arc<dyn DeliveryTracker> {
        StoreHarness::tracker(&self.0)
    }

    fn workers(&self) -> Arc<dyn WorkerRegistry> {
        StoreHarness::workers(&self.0)
    }

    fn pauses(&self) -> Arc<dyn PauseBoard> {
        StoreHarness::pauses(&self.0)
    }

    fn tokens(&self) -> Arc<dyn TokenBook> {
        StoreHarness::tokens(&self.0)
    }

    fn statistics(&self) -> Arc<dyn Statistics> {
        StoreHarness::statistics(&self.0)
    }

    async fn advance(&self, by: Duration) {
        self.0.advance(by).await;
    }
}

postroom_ports::queue_contract!(Newer);
postroom_ports::tracker_contract!(Newer);
postroom_ports::worker_contract!(Newer);
postroom_ports::pauses_contract!(Newer);
postroom_ports::tokens_contract!(Newer);
postroom_ports::statistics_contract!(Newer);

/// What this program cannot do on a schema: statements that are refused or answer with other types, and a letter's life.
async fn what_fails(database: &TestDatabase) -> Vec<String> {
    let mut connection = database.connect().await.unwrap();
    let mut failing = Vec::new();
    let mut statements = 0;
    for entry in fs::read_dir(in_repository("crates/adapters-postgres/.sqlx")).unwrap() {
        let described: Value = serde_json::from_str(&fs::read_to_string(entry.unwrap().path()).unwrap()).unwrap();
        let statement = described["query"].as_str().unwrap().to_owned();
        let expected: Vec<Value> = described["describe"]["columns"].as_array().unwrap().clone();
        statements += 1;
        match connection.describe(AssertSqlSafe(statement.clone()).into_sql_str()).await {
            Err(error) => failing.push(format!("{error}: {statement}")),
            Ok(now) => {
                let now = now.columns().iter().map(|column| format!("{} {}", column.name(), column.type_info()));
                let then = expected
                    .iter()
                    .map(|column| format!("{} {}", column["name"].as_str().unwrap(), shown(&column["type_info"])));
                if !now.eq(then) {
                    failing.push(format!("answers otherwise: {statement}"));
                }
            }
        }
    }
    assert!(statements > 20, "these are not all statements: {statements}");
    if let Err(error) = life(database).await {
        failing.push(format!("a letter's life: {error}"));
    }
    failing
}

/// From the door to the end.
async fn life(database: &TestDatabase) -> anyhow::Result<()> {
    let store = PostgresStore::connect(&config(database.url())).await?;
    let enqueued = store.queue().enqueue(&[delivery()]).await?;
    anyhow::ensure!(matches!(enqueued.as_slice(), [Enqueued::New(_)]), "{enqueued:?}");
    let batch = store.queue().claim(&request()).await?;
    let claim = batch.claims.first().ok_or_else(|| anyhow::anyhow!("nothing is due"))?;
    let given_back = decide(&claim.state, &Event::GivenBack, batch.now);
    let answers = store.queue().settle(&[settlement(&claim.fence, given_back)]).await?;
    anyhow::ensure!(answers == [Fenced::Done], "{answers:?}");
    let door = "SELECT email.enqueue('invite', 'invitation', 'someone@example.org')";
    database.connect().await?.execute(door).await?;
    Ok(())
}

#[tokio::test]
async fn every_statement_of_this_program_works_on_the_next_schema() {
    assert_eq!(what_fails(&Newer::scene().await.database).await, Vec::<String>::new());
}

/// The test above can fail: it does for every change that takes something away.
#[tokio::test]
async fn a_migration_that_contracts_too_early_is_found() {
    let early = [
        ("a column that is gone", "ALTER TABLE email.payloads DROP COLUMN reply_to"),
        ("a column of another name", "ALTER TABLE email.outbox RENAME COLUMN lease_until TO leased_until"),
        ("a column of another type", "ALTER TABLE email.payloads ALTER COLUMN attachments TYPE bigint"),
        ("a column that nobody fills yet", "ALTER TABLE email.deliveries ADD COLUMN region text NOT NULL CHECK (region <> '')"),
        ("a status that is gone", "ALTER TABLE email.deliveries DROP CONSTRAINT deliveries_status,
             ADD CONSTRAINT deliveries_status CHECK (status <> 'retrying')"),
        ("a function that is gone", "DROP FUNCTION email.worse_feedback CASCADE"),
        ("a function that old calls fit, too", "DO $$ BEGIN EXECUTE (
             SELECT format('CREATE FUNCTION email.enqueue(%s, region text DEFAULT NULL) RETURNS text LANGUAGE sql RETURN NULL',
                           pg_get_function_arguments(p.oid))
               FROM pg_proc p WHERE p.oid = 'email.enqueue'::regproc); END $$"),
    ];
    for (what, sql) in early {
        let scene = Scene::fresh().await;
        assert_eq!(what_fails(&scene.database).await, Vec::<String>::new(), "before {what}");
        sqlx::raw_sql("DELETE FROM email.deliveries").execute(&mut scene.connection().await).await.unwrap();
        apply(&mut scene.connection().await, sql).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(!what_fails(&scene.database).await.is_empty(), "nobody noticed {what}");
    }
}

#[tokio::test]
async fn an_older_program_finds_nothing_to_do_and_says_what_is_newer() {
    let scene = Newer::scene().await;
    let config = config(scene.database.url());
    assert_eq!(check(&config).await.unwrap(), [Drift::Unknown("29990101000000_suspensions_create".to_owned())]);
    let report = migrate(&config).await.unwrap();
    assert!(report.applied.is_empty());
    assert_eq!(report.newer, ["29990101000000_suspensions_create"]);
}

/// How `.sqlx` writes a type's name.
fn shown(type_info: &Value) -> String {
    match type_info {
        Value::String(name) => match name.strip_suffix("Array") {
            Some(element) => format!("{}[]", element.to_uppercase()),
            None => name.to_uppercase(),
        },
        other => other.to_string(),
    }
}
