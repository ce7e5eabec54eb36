//! The schema: what was applied, what is missing of it, and what this role may do with it.

use std::collections::BTreeMap;

use postroom_ports::probe::Finding;
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;

use super::parts;
use crate::config::{PostgresConfig, Statements};
use crate::migrate::{Drift, MigrateError, check, texts};
use crate::session::Session;

pub(super) async fn look(config: &PostgresConfig, connection: &mut PgConnection) -> sqlx::Result<Vec<Finding>> {
    let mut findings = if config.statements == Statements::Unnamed && config.direct.is_none() {
        let fix = "set POSTROOM_DATABASE_DIRECT_URL to the database's own address";
        vec![Finding::warning("migrations", "applied", "the pooler cannot carry what would have to be asked", fix)]
    } else {
        match check(config).await {
            Ok(drifts) => drifts.iter().map(drift).collect(),
            Err(error) => vec![unread(&error)],
        }
    };
    // Half a schema lacks more than can be named usefully.
    if findings.iter().any(|finding: &Finding| finding.check == "migrations" && finding.subject == "schema") {
        return Ok(findings);
    }
    let mut transaction = connection.begin().await?;
    findings.extend(parts::look(&mut transaction).await?);
    findings.extend(indexes(&mut transaction).await?);
    findings.extend(triggers(&mut transaction).await?);
    findings.extend(rights(&mut transaction).await?);
    transaction.rollback().await?;
    if findings.is_empty() {
        findings.push(Finding::ok(
            "schema",
            "email",
            "columns, views, functions, indexes, triggers and rights are there",
        ));
    }
    Ok(findings)
}

fn drift(drift: &Drift) -> Finding {
    let says = drift.to_string();
    match drift {
        Drift::Pending(_) => Finding::error("migrations", "schema", says, "run `postroom migrate`"),
        Drift::Altered(name) => {
            let fix = "never edit a migration that ran: use the program that this schema was made by, or restore the row \
                       of email._migrations";
            Finding::error("migrations", name, says, fix)
        }
        Drift::Unknown(name) => Finding::warning(
            "migrations",
            name,
            says,
            "install the newer version here too; an older one may misread rows",
        ),
    }
}

fn unread(error: &MigrateError) -> Finding {
    let fix = "look whether this role may read email._migrations (GRANT postroom_worker TO …)";
    Finding::error("migrations", "schema", format!("what was applied cannot be read: {error}"), fix)
}

async fn indexes(connection: &mut PgConnection) -> sqlx::Result<Vec<Finding>> {
    let there = sqlx::query_file!("queries/catalog/indexes.sql").fetch_all(Session::unnamed(connection)).await?;
    let mut wanted = wanted();
    let mut findings = Vec::new();
    for index in there {
        wanted.remove(&index.name);
        if !index.valid {
            let says =
                format!("the index on email.{} is invalid: it costs every write and serves no read", index.table);
            let fix = format!("REINDEX INDEX CONCURRENTLY email.{}", index.name);
            findings.push(Finding::error("index", index.name, says, fix));
        }
    }
    let missing =
        |(name, fix)| Finding::error("index", name, "the index is missing, so reads go through the whole table", fix);
    findings.extend(wanted.into_iter().map(missing));
    Ok(findings)
}

/// The indexes that the migrations create, and how to have one back without stopping anybody.
fn wanted() -> BTreeMap<String, String> {
    let mut wanted = BTreeMap::new();
    for text in texts() {
        for statement in text.split("CREATE TABLE email.").skip(1) {
            // Each table has a primary key, and PostgreSQL names its index after the table.
            let table = word(statement);
            let fix = format!("add the primary key of email.{table} again, as its migration has it");
            wanted.insert(format!("{table}_pkey"), fix);
        }
        for start in ["\nCREATE INDEX ", "\nCREATE UNIQUE INDEX "] {
            for statement in text.split(start).skip(1) {
                let rest = statement.split(';').next().unwrap_or_default();
                let rest = rest.split_whitespace().collect::<Vec<_>>().join(" ");
                // A host may have built a big table's index by hand before: then the migration takes it as it is.
                let rest = rest.strip_prefix("IF NOT EXISTS ").unwrap_or(&rest);
                let start = start.trim_start().replace("INDEX ", "INDEX CONCURRENTLY ");
                wanted.insert(word(rest).to_owned(), format!("{start}{rest}"));
            }
        }
    }
    wanted
}

pub(super) fn word(text: &str) -> &str {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default()
}

async fn triggers(connection: &mut PgConnection) -> sqlx::Result<Vec<Finding>> {
    let off = sqlx::query_file!("queries/catalog/triggers.sql").fetch_all(Session::unnamed(connection)).await?;
    let finding = |trigger: String, table: String| {
        let says = format!("the trigger is switched off, so email.{table} is neither guarded nor on record");
        let fix = format!("ALTER TABLE email.{table} ENABLE TRIGGER {trigger}");
        Finding::error("trigger", trigger, says, fix)
    };
    Ok(off.into_iter().map(|row| finding(row.name, row.table)).collect())
}

async fn rights(connection: &mut PgConnection) -> sqlx::Result<Vec<Finding>> {
    let lacks = sqlx::query_file!("queries/catalog/rights.sql").fetch_all(Session::unnamed(connection)).await?;
    let finding = |lacks: String| {
        let says = format!("it lacks {lacks}, which a worker needs");
        Finding::error(
            "rights",
            "this role",
            says,
            "GRANT postroom_worker TO it, or let its owner run `postroom migrate`",
        )
    };
    Ok(lacks.into_iter().map(|row| finding(row.lacks)).collect())
}
