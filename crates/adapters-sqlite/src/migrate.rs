//! The schema: brought up to date, and compared with what it should be.
//!
//! The migrations are embedded. Those that ran are recorded, with their checksums, in a table
//! of our own beside the letters, so that a host application that shares the file can keep its
//! own migrations in sqlx's usual table.

use std::collections::BTreeMap;

use postroom_ports::error::{PortError, PortErrorKind};
use sqlx::migrate::{Migration, Migrator};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use crate::config::SqliteConfig;
use crate::error::failed;

static MIGRATOR: Migrator = sqlx::migrate!("../../migrations/sqlite");
const MIGRATE: &str = "migrate";
const CHECK: &str = "migrate.check";

/// How a file's schema differs from the one that this program was built with. Migrations go by
/// the names of their files, less the ending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// Migrations that did not run yet.
    pub pending: Vec<String>,
    /// Migrations that ran and are not as they are now.
    pub foreign: Vec<String>,
    /// Migrations that ran and are unknown to this program: it is older than the file's schema, and works on it all the
    /// same, because a newer one only adds.
    pub newer: Vec<String>,
    /// Tables, indexes, views and triggers that are missing or were changed by hand.
    pub altered: Vec<String>,
}

impl Drift {
    /// Whether nothing differs.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.pending.is_empty() && self.foreign.is_empty() && self.newer.is_empty() && self.altered.is_empty()
    }
}

/// Brings the file up to date, and makes it where it is missing; the names of the migrations
/// that ran. All of them run in one transaction, and of two processes at once one waits for
/// the other and finds nothing left to do.
///
/// # Errors
/// `Other` where a migration that ran before has changed since, `Unavailable` where another
/// process holds the file for longer than the configured patience.
pub async fn migrate(config: &SqliteConfig) -> Result<Vec<String>, PortError> {
    config.create_file(MIGRATE)?;
    let mut connection = config.connection(MIGRATE).await?;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(failed(MIGRATE))?;
    let applied = applied(&mut transaction).await.map_err(failed(MIGRATE))?;
    let mut ran = Vec::new();
    for migration in MIGRATOR.iter() {
        match applied.get(&migration.version) {
            Some(row) if row.checksum == *migration.checksum => {}
            Some(row) => {
                let detail = format!("{} was changed after it ran; migrations are never edited", row.name);
                return Err(PortError::new(PortErrorKind::Other, MIGRATE, detail));
            }
            None => {
                run(&mut transaction, migration).await.map_err(failed(MIGRATE))?;
                ran.push(name(migration));
            }
        }
    }
    transaction.commit().await.map_err(failed(MIGRATE))?;
    connection.close().await.map_err(failed(MIGRATE))?;
    Ok(ran)
}

/// Compares the file's schema with what it should be and changes nothing: not even a missing
/// file is made, all migrations are pending then.
///
/// # Errors
/// `Unavailable` where the file cannot be read, `Corrupt` where it is no database.
pub async fn check(config: &SqliteConfig) -> Result<Drift, PortError> {
    if !config.path.exists() {
        return Ok(Drift { pending: MIGRATOR.iter().map(name).collect(), ..Drift::default() });
    }
    let mut connection = config.connection(CHECK).await?;
    let drift = drift(&mut connection).await.map_err(failed(CHECK))?;
    connection.close().await.map_err(failed(CHECK))?;
    Ok(drift)
}

async fn drift(connection: &mut SqliteConnection) -> sqlx::Result<Drift> {
    let actual = objects(connection).await?;
    let mut applied = applied(connection).await?;
    let mut drift = Drift::default();
    let mut ideal = SqliteConnectOptions::new().in_memory(true).connect().await?;
    for migration in MIGRATOR.iter() {
        match applied.remove(&migration.version) {
            Some(row) if row.checksum == *migration.checksum => {}
            Some(row) => drift.foreign.push(row.name),
            None => {
                drift.pending.push(name(migration));
                continue;
            }
        }
        sqlx::raw_sql(migration.sql.clone()).execute(&mut ideal).await?;
    }
    drift.newer.extend(applied.into_values().map(|row| row.name));
    if !drift.newer.is_empty() {
        // What a newer program made of a table, this one cannot judge.
        return Ok(drift);
    }
    // Only what should be there is looked at: the rest of the file is the host's.
    let altered = objects(&mut ideal).await?.into_iter().filter(|(name, sql)| actual.get(name) != Some(sql));
    drift.altered = altered.map(|(name, _)| name).collect();
    Ok(drift)
}

/// One migration that ran.
struct Applied {
    name: String,
    checksum: Vec<u8>,
}

/// What ran so far. The first migration makes the table that says so.
async fn applied(connection: &mut SqliteConnection) -> sqlx::Result<BTreeMap<i64, Applied>> {
    if !objects(connection).await?.contains_key("_postroom_migrations") {
        return Ok(BTreeMap::new());
    }
    let rows = sqlx::query_file!("queries/migrations/list.sql").fetch_all(connection).await?;
    Ok(rows.into_iter().map(|row| (row.version, Applied { name: row.name, checksum: row.checksum })).collect())
}

async fn run(connection: &mut SqliteConnection, migration: &Migration) -> sqlx::Result<()> {
    sqlx::raw_sql(migration.sql.clone()).execute(&mut *connection).await?;
    let (version, checksum) = (migration.version, migration.checksum.to_vec());
    sqlx::query_file!("queries/migrations/insert.sql", version, name(migration), checksum).execute(connection).await?;
    Ok(())
}

/// Every object of a schema by its name, with the statement that made it.
async fn objects(connection: &mut SqliteConnection) -> sqlx::Result<BTreeMap<String, String>> {
    let rows = sqlx::query_file!("queries/migrations/objects.sql").fetch_all(connection).await?;
    Ok(rows.into_iter().map(|row| (row.name, row.sql)).collect())
}

fn name(migration: &Migration) -> String {
    format!("{}_{}", migration.version, migration.description.replace(' ', "_"))
}
