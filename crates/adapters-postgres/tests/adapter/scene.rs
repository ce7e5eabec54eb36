//! A migrated database for one test, and what tests do with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use postroom_adapters_postgres::{DatabaseUrl, PostgresConfig, PostgresStore, Statements, migrate};
use postroom_domain::id::DeliveryId;
use postroom_ports::contract::letters;
use postroom_ports::error::PortError;
use postroom_ports::letter::NewDelivery;
use postroom_ports::queue::{Among, Batch, Claim, ClaimRequest, DeliveryQueue, Enqueued};
use postroom_ports::tracker::{Delivery, DeliveryTracker};
use postroom_test_database::{Pooler, Template, TestDatabase};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};

/// A database and a store on it.
pub(crate) struct Scene {
    pub(crate) database: TestDatabase,
    pub(crate) store: PostgresStore,
}

/// The configuration for a database.
pub(crate) fn config(url: &str) -> PostgresConfig {
    PostgresConfig::new(DatabaseUrl::new(url))
}

/// A file or folder of the repository.
pub(crate) fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// Every migration as text: what the template depends on.
pub(crate) fn migrations() -> String {
    let files = fs::read_dir(in_repository("migrations")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.is_file()).collect();
    files.sort();
    files.into_iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

fn template() -> &'static Template {
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        Template::new("adapter", migrations(), |url| async move {
            migrate(&config(&url)).await?;
            Ok(())
        })
    })
}

impl Scene {
    /// A fresh database with the schema.
    pub(crate) async fn fresh() -> Self {
        let database = TestDatabase::fresh(template()).await.unwrap();
        let store = PostgresStore::connect(&config(database.url())).await.unwrap();
        Self { database, store }
    }

    /// The same, and a store that reaches it through a pooler.
    pub(crate) async fn behind_a_pooler() -> (Self, Pooler) {
        let database = TestDatabase::fresh(template()).await.unwrap();
        let pooler = Pooler::before(database.url()).await.unwrap();
        let through = PostgresConfig {
            statements: Statements::Unnamed,
            direct: Some(DatabaseUrl::new(database.url())),
            ..config(pooler.url())
        };
        let store = PostgresStore::connect(&through).await.unwrap();
        (Self { database, store }, pooler)
    }

    /// A connection of somebody else.
    pub(crate) async fn connection(&self) -> PgConnection {
        PgConnection::connect(self.database.url()).await.unwrap()
    }

    /// Runs SQL as the owner.
    pub(crate) async fn sql(&self, sql: &str) {
        self.connection().await.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
    }

    /// Enqueues a letter that nothing speaks against.
    pub(crate) async fn enqueue(&self, new: &NewDelivery) -> DeliveryId {
        let answers = self.store.queue().enqueue(std::slice::from_ref(new)).await.unwrap();
        match answers.as_slice() {
            [Enqueued::New(id)] => id.clone(),
            other => panic!("the letter is new, but the answer was {other:?}"),
        }
    }

    /// Claims all that is due, as a worker that never registered.
    pub(crate) async fn claim(&self) -> Vec<Claim> {
        self.try_claim().await.unwrap().claims
    }

    pub(crate) async fn try_claim(&self) -> Result<Batch, PortError> {
        self.store.queue().claim(&request()).await
    }

    /// The record of a delivery that exists.
    pub(crate) async fn find(&self, id: &str) -> Delivery {
        let id = DeliveryId::parse(id).unwrap();
        self.store.tracker().find(&id).await.unwrap().expect("it has a record")
    }
}

/// A wish for everything that is due, of a worker that never registered.
pub(crate) fn request() -> ClaimRequest {
    ClaimRequest {
        worker: letters::worker_id(),
        limit: 100,
        lane_share: 100,
        lease: std::time::Duration::from_mins(1),
        held_tenants: Vec::new(),
        among: Among::default(),
    }
}

/// The SQLSTATE and the message with which the database refuses a statement.
pub(crate) async fn refusal(connection: &mut PgConnection, sql: &str) -> (String, String) {
    let error = connection.execute(AssertSqlSafe(sql.to_owned())).await.expect_err("it is refused");
    let database = error.as_database_error().expect("the database refuses it");
    (database.code().unwrap().into_owned(), database.message().to_owned())
}

/// One value that a statement returns.
pub(crate) async fn value<T>(connection: &mut PgConnection, sql: &str) -> T
where
    T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
{
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(connection).await.unwrap()
}
