//! The schema, embedded: forward only, each migration once, each in a transaction of its own.
//!
//! Our own small runner instead of sqlx's: the tables live in an application's database, so what was applied is
//! recorded in our schema, a lock that does not come is given up instead of stopping the application, and two
//! processes that migrate at once take turns by a lock of the *transaction*, which a pooler cannot leak.

mod files;

use std::collections::HashMap;
use std::fmt;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, raw_sql};

use crate::config::PostgresConfig;
use crate::error::describe;
use crate::migrate::files::{MIGRATIONS, Migration, RIGHTS, ROLES};

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MigrateReport {
    /// The migrations that this run applied, oldest first.
    pub applied: Vec<String>,
    /// Migrations of a newer program that were applied before: then this one changes nothing, and works on the schema as
    /// it is, because a newer one only adds.
    pub newer: Vec<String>,
    /// SQL that an administrator of the server should run, because this user may not create roles; migrate again
    /// afterwards, so that the roles get their rights. Everything works without them.
    pub roles_sql: Option<String>,
}

/// A difference between the schema and this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// Not applied yet.
    Pending(String),
    /// Applied with other content than this program knows.
    Altered(String),
    /// Applied, but unknown to this program: it is older than the schema.
    Unknown(String),
}

impl Drift {
    /// Which migration it is about.
    fn into_name(self) -> String {
        match self {
            Self::Pending(name) | Self::Altered(name) | Self::Unknown(name) => name,
        }
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pending(name) => write!(f, "{name} is pending"),
            Self::Altered(name) => write!(f, "{name} was applied with other content"),
            Self::Unknown(name) => write!(f, "{name} was applied by a newer program"),
        }
    }
}

/// Why the schema could not be migrated or looked at.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database did not answer or refused a statement.
    #[error("{step}: {reason}")]
    Database {
        /// What was being done.
        step: String,
        /// What the database said.
        reason: String,
    },
    /// What was applied differs from what this program knows.
    #[error("{}; nothing was changed", .0)]
    Drifted(Drift),
    /// The database does not keep text as UTF-8.
    #[error("the database's encoding is {0}; letters need UTF8")]
    Encoding(String),
    /// The server is too old.
    #[error("the server is PostgreSQL {0}; 15 or newer is needed")]
    Version(String),
}

/// Brings the schema up to date. May run at every start, by many processes at once, as a user who is no superuser: it
/// takes the right to create a schema in the database, once.
///
/// # Errors
/// [`MigrateError`]; migrations that were applied before the failure stay, and the next run goes on behind them.
pub async fn migrate(config: &PostgresConfig) -> Result<MigrateReport, MigrateError> {
    let mut connection = connect(config).await?;
    fits(&mut connection).await?;
    // Up to here anything could be there: what is applied must be what we know, or only newer.
    let drifts = drifts(&mut connection).await?;
    if let Some(altered) = drifts.iter().find(|drift| matches!(drift, Drift::Altered(_))) {
        return Err(MigrateError::Drifted(altered.clone()));
    }
    let mut report = MigrateReport::default();
    let (newer, pending): (Vec<Drift>, Vec<Drift>) =
        drifts.into_iter().partition(|drift| matches!(drift, Drift::Unknown(_)));
    if let Some(first) = newer.first() {
        // Of two programs that each know something that the other does not, neither is the older.
        if !pending.is_empty() {
            return Err(MigrateError::Drifted(first.clone()));
        }
        report.newer = newer.into_iter().map(Drift::into_name).collect();
        return Ok(report);
    }
    for migration in &MIGRATIONS {
        if apply(&mut connection, migration).await? {
            report.applied.push(migration.to_string());
        }
    }
    report.roles_sql = roles(&mut connection).await?;
    let mut transaction = locked(&mut connection).await?;
    raw_sql(RIGHTS).execute(&mut *transaction).await.map_err(failed("rights"))?;
    transaction.commit().await.map_err(failed("rights"))?;
    close(connection).await;
    Ok(report)
}

/// What stands between the schema and this program; nothing where they fit.
///
/// # Errors
/// [`MigrateError::Database`] where the database does not answer.
pub async fn check(config: &PostgresConfig) -> Result<Vec<Drift>, MigrateError> {
    let mut connection = connect(config).await?;
    let drifts = drifts(&mut connection).await?;
    close(connection).await;
    Ok(drifts)
}

/// The text of each migration, oldest first.
pub(crate) fn texts() -> impl Iterator<Item = &'static str> {
    MIGRATIONS.iter().map(|migration| migration.sql)
}

async fn connect(config: &PostgresConfig) -> Result<PgConnection, MigrateError> {
    let options: PgConnectOptions = config.direct_options("migrate").map_err(failed("connect"))?;
    options.disable_statement_logging().connect().await.map_err(failed("connect"))
}

/// The connection was good for what it was asked; how it ends changes nothing.
async fn close(connection: PgConnection) {
    drop(connection.close().await);
}

/// Whether server and database can hold letters at all.
async fn fits(connection: &mut PgConnection) -> Result<(), MigrateError> {
    let sql = "SELECT current_setting('server_version'), current_setting('server_version_num')::integer, \
               current_setting('server_encoding')";
    let (version, number, encoding): (String, i32, String) =
        sqlx::query_as(sql).fetch_one(connection).await.map_err(failed("connect"))?;
    if number < 150_000 {
        return Err(MigrateError::Version(version));
    }
    if encoding != "UTF8" {
        return Err(MigrateError::Encoding(encoding));
    }
    Ok(())
}

/// Starts a transaction and waits for those of others that migrate; no lock of the application is waited for longer
/// than some seconds.
async fn locked(connection: &mut PgConnection) -> Result<sqlx::Transaction<'_, sqlx::Postgres>, MigrateError> {
    let mut transaction = connection.begin().await.map_err(failed("begin"))?;
    for sql in [
        "SET LOCAL lock_timeout = '60s'",
        "SELECT pg_advisory_xact_lock(hashtextextended('postroom.migrate', 0))",
        "SET LOCAL lock_timeout = '5s'",
    ] {
        raw_sql(sql).execute(&mut *transaction).await.map_err(failed("lock"))?;
    }
    Ok(transaction)
}

/// Applies one migration, unless somebody did.
async fn apply(connection: &mut PgConnection, migration: &Migration) -> Result<bool, MigrateError> {
    let failed = || failed(&migration.to_string());
    let mut transaction = locked(connection).await?;
    if is_recorded(&mut transaction).await.map_err(failed())? {
        let known = sqlx::query("SELECT FROM email._migrations WHERE version = $1").bind(migration.version);
        if known.fetch_optional(&mut *transaction).await.map_err(failed())?.is_some() {
            return Ok(false);
        }
    }
    raw_sql(migration.sql).execute(&mut *transaction).await.map_err(failed())?;
    let note =
        "INSERT INTO email._migrations (version, name, checksum) VALUES ($1, $2, sha256(convert_to($3, 'UTF8')))";
    let note = sqlx::query(note).bind(migration.version).bind(migration.name).bind(migration.sql);
    note.execute(&mut *transaction).await.map_err(failed())?;
    transaction.commit().await.map_err(failed())?;
    Ok(true)
}

/// Creates the roles, or says what somebody else has to run.
async fn roles(connection: &mut PgConnection) -> Result<Option<String>, MigrateError> {
    let mut transaction = locked(connection).await?;
    match raw_sql(ROLES).execute(&mut *transaction).await {
        Ok(_) => transaction.commit().await.map(|()| None).map_err(failed("roles")),
        Err(error)
            if error.as_database_error().and_then(sqlx::error::DatabaseError::code).as_deref() == Some("42501") =>
        {
            Ok(Some(ROLES.to_owned()))
        }
        Err(error) => Err(failed("roles")(error)),
    }
}

/// Whether there is a record of what was applied: the first migration makes it. Asks the catalog's tables, because
/// `to_regclass` may remember from before the wait for the lock that there was none.
async fn is_recorded(connection: &mut PgConnection) -> sqlx::Result<bool> {
    let there = "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                                 WHERE n.nspname = 'email' AND c.relname = '_migrations')";
    sqlx::query_scalar(there).fetch_one(connection).await
}

/// Compares what was applied with what we know.
async fn drifts(connection: &mut PgConnection) -> Result<Vec<Drift>, MigrateError> {
    let failed = || failed("compare the schema");
    let mut applied = HashMap::new();
    if is_recorded(connection).await.map_err(failed())? {
        let rows = sqlx::query_as("SELECT version, name, checksum FROM email._migrations ORDER BY version");
        let rows: Vec<(String, String, Vec<u8>)> = rows.fetch_all(&mut *connection).await.map_err(failed())?;
        applied.extend(rows.into_iter().map(|(version, name, checksum)| (version, (name, checksum))));
    }
    let mut drifts = Vec::new();
    for migration in &MIGRATIONS {
        match applied.remove(migration.version) {
            None => drifts.push(Drift::Pending(migration.to_string())),
            Some((_, checksum)) => {
                let ours = sqlx::query_scalar("SELECT sha256(convert_to($1, 'UTF8'))").bind(migration.sql);
                let ours: Vec<u8> = ours.fetch_one(&mut *connection).await.map_err(failed())?;
                if ours != checksum {
                    drifts.push(Drift::Altered(migration.to_string()));
                }
            }
        }
    }
    let mut unknown: Vec<_> = applied.into_iter().collect();
    unknown.sort_unstable();
    drifts.extend(unknown.into_iter().map(|(version, (name, _))| Drift::Unknown(format!("{version}_{name}"))));
    Ok(drifts)
}

fn failed(step: &str) -> impl Fn(sqlx::Error) -> MigrateError + use<> {
    let step = step.to_owned();
    // No letter's value is in a migration: the server's own words help whoever runs it.
    move |error| {
        let said = error.as_database_error().map(|refused| refused.message().to_owned());
        MigrateError::Database { step: step.clone(), reason: said.unwrap_or_else(|| describe(&error)) }
    }
}
