//! The two stores, and what is truly in them, asked by plain SQL.

use std::time::Duration;

use anyhow::Result;
use postroom_test_database::{Server, Template, TestDatabase};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, Executor as _, PgConnection, SqliteConnection};
use tempfile::TempDir;

use crate::binary::Postroom;

/// Which store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A database of a real PostgreSQL server.
    Postgres,
    /// One file.
    Sqlite,
}

/// A store that one test has for itself.
#[derive(Debug)]
pub struct Store(Place);

#[derive(Debug)]
enum Place {
    Postgres(TestDatabase),
    Sqlite(TempDir),
}

/// Everything that a letter leaves behind.
const TABLES: [(&str, &str); 6] = [
    ("deliveries", "SELECT count(*) FROM deliveries"),
    ("delivery_events", "SELECT count(*) FROM delivery_events"),
    ("outbox", "SELECT count(*) FROM outbox"),
    ("payloads", "SELECT count(*) FROM payloads"),
    ("attachments", "SELECT count(*) FROM attachments"),
    ("idempotency", "SELECT count(*) FROM idempotency"),
];

impl Store {
    /// A store with nothing in it, not even a schema.
    ///
    /// # Errors
    /// There is no PostgreSQL, with the line that installs one; or no folder can be made.
    pub async fn empty(kind: Kind) -> Result<Self> {
        Ok(Self(match kind {
            Kind::Postgres => Place::Postgres(TestDatabase::empty().await?),
            Kind::Sqlite => Place::Sqlite(tempfile::Builder::new().prefix("postroom-store-").tempdir()?),
        }))
    }

    /// A store that `postroom migrate` has made ready.
    ///
    /// # Errors
    /// As [`Store::empty`], or the migration fails.
    pub async fn migrated(kind: Kind) -> Result<Self> {
        let store = match kind {
            Kind::Postgres => Self(Place::Postgres(TestDatabase::fresh(&template()?).await?)),
            Kind::Sqlite => Self::empty(kind).await?,
        };
        if kind == Kind::Sqlite {
            migrate(&store.url()).await?;
        }
        Ok(store)
    }

    /// The same on a server that this test has for itself, and may crash.
    ///
    /// # Errors
    /// As [`Store::migrated`].
    pub async fn migrated_on(server: &Server) -> Result<Self> {
        Ok(Self(Place::Postgres(server.fresh(&template()?).await?)))
    }

    /// Runs SQL that only one of the stores knows.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn execute(&self, sql: &str) -> Result<()> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match &self.0 {
            Place::Postgres(database) => postgres(database).await?.execute(sql).await.map(drop)?,
            Place::Sqlite(folder) => {
                SqliteConnection::connect_with(&options(folder)).await?.execute(sql).await.map(drop)?;
            }
        }
        Ok(())
    }

    /// What `DATABASE_URL` calls it.
    #[must_use]
    pub fn url(&self) -> String {
        match &self.0 {
            Place::Postgres(database) => database.url().to_owned(),
            Place::Sqlite(folder) => format!("sqlite://{}", folder.path().join("letters.db").display()),
        }
    }

    /// One number. Tables are named without a schema, the same on both stores.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn number(&self, sql: &'static str) -> Result<i64> {
        match &self.0 {
            Place::Postgres(database) => Ok(sqlx::query_scalar(sql).fetch_one(&mut postgres(database).await?).await?),
            Place::Sqlite(folder) => Ok(sqlx::query_scalar(sql).fetch_one(&mut sqlite(folder).await?).await?),
        }
    }

    /// One column of texts. Tables are named without a schema, the same on both stores.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn texts(&self, sql: &'static str) -> Result<Vec<String>> {
        match &self.0 {
            Place::Postgres(database) => Ok(sqlx::query_scalar(sql).fetch_all(&mut postgres(database).await?).await?),
            Place::Sqlite(folder) => Ok(sqlx::query_scalar(sql).fetch_all(&mut sqlite(folder).await?).await?),
        }
    }

    /// One text about one letter, `$1` in the statement; `None` where it is null or there is no such letter.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn text(&self, sql: &'static str, id: &str) -> Result<Option<String>> {
        let found: Option<Option<String>> = match &self.0 {
            Place::Postgres(database) => {
                sqlx::query_scalar(sql).bind(id).fetch_optional(&mut postgres(database).await?).await?
            }
            Place::Sqlite(folder) => {
                sqlx::query_scalar(sql).bind(id).fetch_optional(&mut sqlite(folder).await?).await?
            }
        };
        Ok(found.flatten())
    }

    /// Makes every worker silent for a minute, as far as the store knows: nobody has to wait for the beats that a
    /// dead or frozen one misses.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn forget_beats(&self) -> Result<()> {
        self.execute(match &self.0 {
            Place::Postgres(_) => "UPDATE workers SET beat_at = beat_at - interval '1 minute'",
            Place::Sqlite(_) => "UPDATE workers SET beat_at = beat_at - 60000000",
        })
        .await
    }

    /// Whether a write would be carried out now: not while another process holds the file's only lock.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub async fn is_writable(&self) -> Result<bool> {
        let Place::Sqlite(folder) = &self.0 else { return Ok(true) };
        let file = options(folder).busy_timeout(Duration::ZERO);
        let mut connection = SqliteConnection::connect_with(&file).await?;
        let free = connection.execute("BEGIN IMMEDIATE").await.is_ok();
        if free {
            connection.execute("ROLLBACK").await?;
        }
        Ok(free)
    }

    /// The tables in which a letter has left something; empty where nothing is stored.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn traces(&self) -> Result<Vec<&'static str>> {
        let mut found = Vec::new();
        for (table, sql) in TABLES {
            if self.number(sql).await? > 0 {
                found.push(table);
            }
        }
        Ok(found)
    }
}

/// The binary brings its migrations along, so another binary is another schema.
fn template() -> Result<Template> {
    let binary = Postroom::new()?.edition()?;
    Ok(Template::new("end_to_end", binary, |url| async move { migrate(&url).await }))
}

async fn migrate(url: &str) -> Result<()> {
    Postroom::new()?.with("DATABASE_URL", url).run(&["migrate"]).await?.expect(0)?;
    Ok(())
}

async fn postgres(database: &TestDatabase) -> Result<PgConnection> {
    let mut connection = database.connect().await?;
    connection.execute("SET search_path = email").await?;
    Ok(connection)
}

async fn sqlite(folder: &TempDir) -> Result<SqliteConnection> {
    Ok(SqliteConnection::connect_with(&options(folder)).await?)
}

fn options(folder: &TempDir) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(folder.path().join("letters.db"))
}
