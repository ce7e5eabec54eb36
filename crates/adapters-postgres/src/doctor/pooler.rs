//! What really stands between us and the database, and what we were told.
//!
//! A session that is alone with its server process keeps it. Where another session gets the same process between two of
//! its statements, or it comes back to another one, a pooler in transaction mode hands them around.

use postroom_ports::probe::Finding;
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;

use super::connect;
use crate::config::{PostgresConfig, Statements};
use crate::error::describe;
use crate::session::Session;

/// A pooler that has many processes to choose from may choose well by chance.
const ROUNDS: usize = 8;
const CHECK: &str = "pooler";
const SUBJECT: &str = "database.pooler";

pub(super) async fn look(config: &PostgresConfig) -> sqlx::Result<Vec<Finding>> {
    let shares = shares(config).await?;
    Ok(match (config.statements, shares) {
        (Statements::Prepared, Sharing::No) => {
            vec![Finding::ok(CHECK, SUBJECT, "each session keeps its server process, as `none` says")]
        }
        (Statements::Unnamed, Sharing::No) => vec![Finding::warning(
            CHECK,
            SUBJECT,
            "it is `transaction`, and nothing shows such a pooler: each statement pays for a transaction of its own",
            "set POSTROOM_DATABASE_POOLER=none if there is none in transaction mode",
        )],
        (Statements::Unnamed, Sharing::Yes) => vec![declared(config)],
        (Statements::Prepared, Sharing::Yes) => undeclared(config).await,
    })
}

fn declared(config: &PostgresConfig) -> Finding {
    if config.direct.is_some() {
        return Finding::ok(CHECK, SUBJECT, "a pooler in transaction mode, as `transaction` says");
    }
    let says = "behind the pooler nobody can be woken, so workers poll, and migrations are refused";
    Finding::warning(
        CHECK,
        "database.direct_url",
        says,
        "set POSTROOM_DATABASE_DIRECT_URL to the database's own address",
    )
}

async fn undeclared(config: &PostgresConfig) -> Vec<Finding> {
    let says = "a pooler in transaction mode stands before the database, and `none` is configured";
    match prepared_statements(config).await {
        Ok(()) => vec![Finding::warning(
            CHECK,
            SUBJECT,
            format!("{says}; it knows prepared statements, but can wake nobody and carry no migration"),
            "set POSTROOM_DATABASE_DIRECT_URL to the database's own address",
        )],
        Err(error) => vec![Finding::error(
            CHECK,
            SUBJECT,
            format!("{says}; our statements fail there: {}", describe(&error)),
            "set POSTROOM_DATABASE_POOLER=transaction, and POSTROOM_DATABASE_DIRECT_URL to the database's own address",
        )],
    }
}

/// Whether server processes change hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sharing {
    Yes,
    No,
}

async fn shares(config: &PostgresConfig) -> sqlx::Result<Sharing> {
    let mut ours = connect(config.pooled_options("doctor")).await?;
    let mut theirs = connect(config.pooled_options("doctor")).await?;
    let mut sharing = Sharing::No;
    for _ in 0..ROUNDS {
        let before = alone(&mut ours).await?;
        let mut held = theirs.begin().await?;
        let other = process(&mut held).await?;
        let after = alone(&mut ours).await?;
        held.rollback().await?;
        if other == before || other == after || before != after {
            sharing = Sharing::Yes;
            break;
        }
    }
    ours.close().await?;
    theirs.close().await?;
    Ok(sharing)
}

async fn alone(connection: &mut PgConnection) -> sqlx::Result<i32> {
    let mut transaction = connection.begin().await?;
    let process = process(&mut transaction).await?;
    transaction.rollback().await?;
    Ok(process)
}

async fn process(connection: &mut PgConnection) -> sqlx::Result<i32> {
    sqlx::query_file_scalar!("queries/catalog/backend.sql").fetch_one(Session::unnamed(connection)).await
}

/// Two sessions with the settings that our stores ask for, and a statement of the same name in each.
async fn prepared_statements(config: &PostgresConfig) -> sqlx::Result<()> {
    let mut ours = connect(config.session_options("doctor")).await?;
    let mut theirs = connect(config.session_options("doctor")).await?;
    for _ in 0..ROUNDS {
        for connection in [&mut ours, &mut theirs] {
            sqlx::query_file_scalar!("queries/catalog/backend.sql").fetch_one(Session::of(connection)).await?;
        }
    }
    Ok(())
}
