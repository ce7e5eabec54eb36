//! Whether a notice comes through: by it an idle worker is woken at once, instead of at its next poll.

use std::time::Duration;

use postroom_ports::probe::Finding;
use sqlx::Connection as _;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::time::timeout;

use super::connect;
use crate::config::{PostgresConfig, Statements};
use crate::session::Session;

/// What nobody but us listens to.
const CHANNEL: &str = "postroom_doctor";
/// A notice that takes longer than a poll is of no use.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn look(config: &PostgresConfig) -> sqlx::Result<Vec<Finding>> {
    if config.statements == Statements::Unnamed && config.direct.is_none() {
        // That workers poll then is the pooler's finding.
        return Ok(Vec::new());
    }
    let pool = PgPoolOptions::new().max_connections(1).connect_with(config.direct_options("doctor")?).await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen(CHANNEL).await?;
    let mut connection = connect(config.pooled_options("doctor")).await?;
    let mut transaction = connection.begin().await?;
    sqlx::query_file!("queries/catalog/notify.sql").fetch_one(Session::unnamed(&mut transaction)).await?;
    transaction.commit().await?;
    let heard = timeout(PATIENCE, listener.recv()).await;
    connection.close().await?;
    Ok(vec![match heard {
        Ok(Ok(_)) => Finding::ok("notify", "database", "a notice comes through, so workers are woken at once"),
        _ => Finding::warning(
            "notify",
            "database",
            "no notice comes through, so letters wait for a worker's next poll",
            "set POSTROOM_DATABASE_DIRECT_URL to the database's own address, past any pooler",
        ),
    }])
}
