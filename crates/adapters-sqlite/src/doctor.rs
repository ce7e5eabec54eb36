//! Whether the file is fit for letters, asked without changing anything in it.

use postroom_ports::error::PortError;
use postroom_ports::probe::Finding;
use sqlx::{Connection as _, SqliteConnection};

use crate::config::SqliteConfig;
use crate::error::failed;
use crate::migrate::check;

const OPERATION: &str = "doctor";

/// Looks at everything. It never fails: a file that is not there is a finding.
pub async fn examine(config: &SqliteConfig) -> Vec<Finding> {
    let subject = config.path.display().to_string();
    if let Some(finding) = absent(config, &subject) {
        return vec![finding];
    }
    match look(config, &subject).await {
        Ok(findings) => findings,
        Err(error) => {
            let fix = "look at the file and its folder: they must be this user's own, on a local disk, and a database";
            vec![Finding::error("reachable", subject, format!("the file cannot be used: {error}"), fix)]
        }
    }
}

fn absent(config: &SqliteConfig, subject: &str) -> Option<Finding> {
    if config.path.exists() {
        return None;
    }
    let folder = config.path.parent().filter(|folder| !folder.as_os_str().is_empty());
    Some(match folder {
        Some(folder) if !folder.is_dir() => {
            let fix = format!("make the folder {}, or correct DATABASE_URL", folder.display());
            Finding::error("reachable", subject, "the file's folder does not exist", fix)
        }
        _ => {
            let fix = "run `postroom migrate`, or correct DATABASE_URL if letters should be here already";
            Finding::warning(
                "reachable",
                subject,
                "there is no file yet; the first command that needs it makes it",
                fix,
            )
        }
    })
}

async fn look(config: &SqliteConfig, subject: &str) -> Result<Vec<Finding>, PortError> {
    let mut findings = Vec::new();
    let mut connection = config.connection(OPERATION).await?;
    findings.push(integrity(&mut connection, subject).await.map_err(failed(OPERATION))?);
    findings.push(journal(&mut connection, subject).await.map_err(failed(OPERATION))?);
    findings.push(writable(&mut connection, subject).await);
    connection.close().await.map_err(failed(OPERATION))?;
    findings.extend(schema(config).await?);
    Ok(findings)
}

async fn integrity(connection: &mut SqliteConnection, subject: &str) -> sqlx::Result<Finding> {
    let answer: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(connection).await?;
    if answer == "ok" {
        return Ok(Finding::ok("integrity", subject, "the file is sound"));
    }
    let fix = "stop every worker, keep a copy, and restore the last backup, or try `.recover` of the program sqlite3";
    Ok(Finding::error("integrity", subject, "the file is damaged", fix))
}

async fn journal(connection: &mut SqliteConnection, subject: &str) -> sqlx::Result<Finding> {
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(connection).await?;
    if mode == "wal" {
        return Ok(Finding::ok("journal", subject, "readers do not wait for the writer (WAL)"));
    }
    let says = format!("its journal is '{mode}' instead of WAL, so readers and the writer wait for each other");
    Ok(Finding::warning("journal", subject, says, "put the file on a local disk; network file systems know no WAL"))
}

async fn writable(connection: &mut SqliteConnection, subject: &str) -> Finding {
    // Takes the lock that every write needs, and gives it back.
    match connection.begin_with("BEGIN IMMEDIATE").await {
        Ok(transaction) => match transaction.rollback().await {
            Ok(()) => Finding::ok("writable", subject, "letters can be written"),
            Err(error) => refused(&failed(OPERATION)(error), subject),
        },
        Err(error) => refused(&failed(OPERATION)(error), subject),
    }
}

fn refused(error: &PortError, subject: &str) -> Finding {
    let fix = "make file and folder this user's own (chown, chmod 600), or end the process that holds the file";
    Finding::error("writable", subject, format!("nothing can be written: {error}"), fix)
}

async fn schema(config: &SqliteConfig) -> Result<Vec<Finding>, PortError> {
    let drift = check(config).await?;
    if drift.is_none() {
        return Ok(vec![Finding::ok(
            "schema",
            "letters",
            "tables, indexes and triggers are as this version made them",
        )]);
    }
    let pending = drift
        .pending
        .into_iter()
        .map(|name| Finding::error("migrations", name, "the migration is pending", "run `postroom migrate`"));
    let foreign = drift.foreign.into_iter().map(|name| {
        let says = "the migration ran with other content, or by a newer version";
        Finding::error("migrations", name, says, "use the program that this file was made by, or a newer one")
    });
    let altered = drift.altered.into_iter().map(|name| {
        let says = "it is missing, or was changed by hand";
        Finding::error("schema", name, says, "make it again as migrations/sqlite has it, or restore a backup")
    });
    Ok(pending.chain(foreign).chain(altered).collect())
}
