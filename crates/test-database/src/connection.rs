//! Connections, one at a time: a pool would belong to the runtime of one test, and the server belongs to all.

use std::str::FromStr;

use anyhow::Result;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection};

/// Opens a connection; its statements are not logged.
pub(crate) async fn connect(url: &str) -> Result<PgConnection> {
    Ok(PgConnectOptions::from_str(url)?.disable_statement_logging().connect().await?)
}
