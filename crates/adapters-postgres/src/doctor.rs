//! Whether the database is fit for letters, asked without changing anything.
//!
//! ```text
//!   reach ─▶ server (version, clock, room) ─▶ schema (drift, parts, indexes, rights)
//!        └─▶ pooler ─▶ notices             ─▶ upkeep (vacuum, old transactions)
//! ```
//!
//! Each part asks in a transaction of its own with unnamed statements, so that it works through any pooler, and on a
//! standby. What cannot be asked is a finding like everything else.

mod notices;
mod parts;
mod pooler;
mod schema;
mod server;
mod upkeep;

use std::time::Duration;

use postroom_ports::clock::Clock;
use postroom_ports::probe::{Finding, Severity};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::time::timeout;

use crate::config::PostgresConfig;
use crate::error::{describe, is_lookup};

/// How long one part may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Looks at everything. `clock` is this host's, to be held against the database's; `longest` is how old a transaction
/// may be before it is named.
///
/// It never fails: a database that is not there is a finding.
pub async fn examine(config: &PostgresConfig, clock: &dyn Clock, longest: Duration) -> Vec<Finding> {
    let mut connection = match reach(config).await {
        Ok(connection) => connection,
        Err(finding) => return vec![finding],
    };
    let mut findings = Vec::new();
    findings.extend(asked("server", server::look(&mut connection, clock)).await);
    findings.extend(asked("schema", schema::look(config, &mut connection)).await);
    let pooler = asked("pooler", pooler::look(config)).await;
    // Behind one that nobody declared, our listening would stay on a session that others get next.
    let is_ours_alone = pooler.iter().all(|finding| finding.severity != Severity::Error);
    findings.extend(pooler);
    if is_ours_alone {
        findings.extend(asked("notify", notices::look(config)).await);
    }
    findings.extend(asked("vacuum", upkeep::vacuum(&mut connection)).await);
    findings.extend(asked("transactions", upkeep::transactions(&mut connection, longest)).await);
    // The connection was good for what it was asked; how it ends changes nothing.
    drop(timeout(PATIENCE, connection.close()).await);
    findings
}

/// What a part found, or that it could not be asked.
async fn asked(check: &'static str, part: impl Future<Output = sqlx::Result<Vec<Finding>>>) -> Vec<Finding> {
    let unasked = |reason: String| {
        let fix = "ask again; if it stays so, look into the database's own log";
        vec![Finding::warning(check, "database", format!("it could not be asked: {reason}"), fix)]
    };
    match timeout(PATIENCE, part).await {
        Ok(Ok(findings)) => findings,
        Ok(Err(error)) => unasked(describe(&error)),
        Err(_) => unasked("it did not answer in time".to_owned()),
    }
}

async fn connect(options: sqlx::Result<PgConnectOptions>) -> sqlx::Result<PgConnection> {
    options?.disable_statement_logging().connect().await
}

/// The connection that most is asked on: past the pooler, where there is a way.
async fn reach(config: &PostgresConfig) -> Result<PgConnection, Finding> {
    let patience = config.acquire_timeout;
    for (variable, options) in [
        ("DATABASE_URL", config.pooled_options("doctor")),
        ("POSTROOM_DATABASE_DIRECT_URL", config.direct_options("doctor")),
    ] {
        match timeout(patience, connect(options)).await.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
            Ok(connection) if config.direct.is_none() || variable != "DATABASE_URL" => return Ok(connection),
            Ok(connection) => drop(connection.close().await),
            Err(error) => return Err(unreachable(variable, &error)),
        }
    }
    Err(unreachable("DATABASE_URL", &sqlx::Error::PoolTimedOut))
}

fn unreachable(variable: &str, error: &sqlx::Error) -> Finding {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    let is_unknown = matches!(error, sqlx::Error::Io(io) if is_lookup(io));
    let fix = match code.as_deref() {
        _ if is_unknown => "correct the host in it, or this host's DNS",
        Some("28P01" | "28000") => "correct the user and the password in it, or the server's pg_hba.conf",
        Some("3D000") => "correct the database's name in it, or create the database",
        Some("53300") => "free connections, or raise max_connections",
        Some("57P03") => "wait until the server has started",
        _ => "look whether the server runs, and correct the host and the port in it",
    };
    let says = match code.as_deref() {
        Some("28P01" | "28000") => "the database refuses the user or the password".to_owned(),
        Some("3D000") => "there is no database of this name".to_owned(),
        Some("53300") => "the server has no connection left".to_owned(),
        _ => format!("the database cannot be reached: {}", describe(error)),
    };
    Finding::error("reachable", variable, says, format!("{variable}: {fix}"))
}
