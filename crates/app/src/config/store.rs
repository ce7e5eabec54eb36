//! Where letters are kept: `[database]`.

use std::path::PathBuf;
use std::time::Duration;

use postroom_domain::invalid::Invalid;
use secrecy::SecretString;

use super::reader::Reader;

/// Where letters are kept.
#[derive(Clone, Debug)]
pub enum StoreSettings {
    /// A PostgreSQL database.
    Postgres(PostgresSettings),
    /// One file.
    Sqlite(PathBuf),
}

/// A PostgreSQL database, and what stands before it.
#[derive(Clone, Debug)]
pub struct PostgresSettings {
    /// Its address.
    pub url: SecretString,
    /// Its address past the pooler.
    pub direct_url: Option<SecretString>,
    /// What stands before it.
    pub pooler: Pooler,
    /// How long to wait for a connection.
    pub acquire_timeout: Duration,
    /// How long one statement may take; a database that is silent for longer than that is given up and connected anew.
    pub statement_timeout: Duration,
    /// How long a connection may be silent before either side asks whether the other is still there.
    pub keepalive: Duration,
}

impl PostgresSettings {
    /// The defaults for a database.
    fn at(url: SecretString) -> Self {
        let seconds = Duration::from_secs;
        Self {
            url,
            direct_url: None,
            pooler: Pooler::None,
            acquire_timeout: seconds(10),
            statement_timeout: seconds(30),
            keepalive: seconds(30),
        }
    }
}

/// What stands between us and the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pooler {
    /// Nothing that changes how we talk: no pooler, one in session mode, or one that knows prepared statements.
    #[default]
    None,
    /// One that gives each transaction another connection.
    Transaction,
}

pub(super) fn read(reader: &mut Reader) -> Option<StoreSettings> {
    let url = reader.secret("database.url", "DATABASE_URL");
    let direct = reader.secret("database.direct_url", "POSTROOM_DATABASE_DIRECT_URL");
    let pooler = pooler(reader);
    let usual = PostgresSettings::at(SecretString::default());
    let mut time = |name: &str, variable: &str, usual| reader.duration(&format!("database.{name}"), variable, usual);
    let acquire_timeout = time("acquire_timeout", "POSTROOM_DATABASE_ACQUIRE_TIMEOUT", usual.acquire_timeout);
    let statement_timeout = time("statement_timeout", "POSTROOM_DATABASE_STATEMENT_TIMEOUT", usual.statement_timeout);
    let keepalive = time("keepalive", "POSTROOM_DATABASE_KEEPALIVE", usual.keepalive);
    let mut store = accepted(reader, parse_store(&url?))?;
    if let StoreSettings::Postgres(postgres) = &mut store {
        postgres.pooler = pooler;
        (postgres.acquire_timeout, postgres.statement_timeout) = (acquire_timeout, statement_timeout);
        postgres.keepalive = keepalive;
        postgres.direct_url = direct.and_then(|url| accepted(reader, parse_direct(&url)));
    }
    Some(store)
}

fn accepted<T>(reader: &mut Reader, read: Result<T, Invalid>) -> Option<T> {
    read.map_err(|mistake| reader.mistake(mistake)).ok()
}

fn pooler(reader: &mut Reader) -> Pooler {
    match reader.named_text("database.pooler", "POSTROOM_DATABASE_POOLER") {
        None => Pooler::None,
        Some((_, text)) if text == "none" => Pooler::None,
        Some((_, text)) if text == "transaction" => Pooler::Transaction,
        Some((name, _)) => {
            reader.mistake(Invalid::new(name, "must be none or transaction"));
            Pooler::None
        }
    }
}

/// What a database URL names.
///
/// # Errors
/// Names `DATABASE_URL` and the two forms, and never repeats the URL: it may hold a password.
pub fn parse_store(url: &str) -> Result<StoreSettings, Invalid> {
    if is_postgres(url) {
        let url = SecretString::from(url);
        return Ok(StoreSettings::Postgres(PostgresSettings::at(url)));
    }
    match url.strip_prefix("sqlite://") {
        Some(path) if !path.is_empty() => Ok(StoreSettings::Sqlite(PathBuf::from(path))),
        _ => Err(Invalid::new("DATABASE_URL", "must be postgres://USER:PASSWORD@HOST/NAME or sqlite://PATH")),
    }
}

fn parse_direct(url: &str) -> Result<SecretString, Invalid> {
    if is_postgres(url) {
        return Ok(SecretString::from(url));
    }
    Err(Invalid::new("POSTROOM_DATABASE_DIRECT_URL", "must be postgres://USER:PASSWORD@HOST/NAME"))
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}
