//! A database that is migrated once and cloned for every test.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;

use anyhow::{Context, Result};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};

use crate::connection::connect;
use crate::database::{TestDatabase, ensure_plain};
use crate::server_url::ServerUrl;

type Migration = dyn Fn(String) -> Pin<Box<dyn Future<Output = Result<()>> + Send>> + Send + Sync;

/// The recipe of a template database: its name, what its content depends on, and the migration that makes it.
pub struct Template {
    name: String,
    database: String,
    migrate: Box<Migration>,
}

impl Template {
    /// A template called `name` (at most 20 of `a-z`, `0-9` and `_`), made by `migrate`, which is given the address of
    /// an empty database.
    ///
    /// `content` is everything that the result depends on, such as the text of all migrations: as long as it is
    /// the same, the template on a server is taken as it is.
    pub fn new<F, Done>(name: &str, content: impl Hash, migrate: F) -> Self
    where
        F: Fn(String) -> Done + Send + Sync + 'static,
        Done: Future<Output = Result<()>> + Send + 'static,
    {
        let mut key = DefaultHasher::new();
        content.hash(&mut key);
        Self {
            name: name.to_owned(),
            database: format!("postroom_template_{name}_{:016x}", key.finish()),
            migrate: Box::new(move |url| Box::pin(migrate(url))),
        }
    }

    /// The name of the template database, once it is on the server.
    pub(crate) async fn ready(&self, server: &ServerUrl) -> Result<&str> {
        ensure_plain(&self.name)?;
        let mut maintenance = connect(&server.maintenance()).await?;
        if !self.exists(&mut maintenance).await? {
            // Many processes may ask at once. The lock is the session's, so a killed builder lets go of it.
            let lock = sqlx::query("SELECT pg_advisory_lock(hashtextextended($1, 0))");
            lock.bind(&self.database).execute(&mut maintenance).await?;
            if !self.exists(&mut maintenance).await? {
                let built = self.build(server, &mut maintenance).await;
                built.with_context(|| format!("cannot make the template `{}`", self.name))?;
            }
        }
        maintenance.close().await?;
        Ok(&self.database)
    }

    async fn exists(&self, maintenance: &mut PgConnection) -> Result<bool> {
        let found = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)");
        Ok(found.bind(&self.database).fetch_one(maintenance).await?)
    }

    /// Migrates a database under another name first: whatever bears the template's name is complete, and what a killed
    /// builder leaves is an ordinary stale test database.
    async fn build(&self, server: &ServerUrl, maintenance: &mut PgConnection) -> Result<()> {
        let draft = TestDatabase::clone_of(server, "template0").await?;
        (self.migrate)(draft.url().to_owned()).await?;
        let (draft, name) = (draft.name(), &self.database);
        // A database can be cloned only while nobody is connected to it.
        for statement in [
            format!("ALTER DATABASE {draft} WITH ALLOW_CONNECTIONS false"),
            format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{draft}'"),
            format!("COMMENT ON DATABASE {draft} IS '{draft}'"),
            format!("ALTER DATABASE {draft} RENAME TO {name}"),
        ] {
            maintenance.execute(AssertSqlSafe(statement)).await?;
        }
        Ok(())
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template").field("name", &self.name).finish_non_exhaustive()
    }
}
