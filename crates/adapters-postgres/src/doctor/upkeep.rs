//! What keeps the tables small: vacuum, and transactions that do not stand in its way.

use std::time::Duration;

use postroom_ports::probe::Finding;
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;

use crate::session::Session;

/// So many dead rows are a page or two of a small table; only above does their share tell anything.
const DEAD: i64 = 50_000;

pub(super) async fn vacuum(connection: &mut PgConnection) -> sqlx::Result<Vec<Finding>> {
    let mut transaction = connection.begin().await?;
    let asked = sqlx::query_file!("queries/catalog/vacuum.sql");
    let tables = asked.fetch_all(Session::unnamed(&mut transaction)).await?;
    transaction.rollback().await?;
    if tables.iter().any(|table| !table.server) {
        let says = "autovacuum is off, so dead rows stay and each claim becomes slower";
        return Ok(vec![Finding::error("vacuum", "server", says, "ALTER SYSTEM SET autovacuum = on, and reload")]);
    }
    let mut findings = Vec::new();
    for table in tables {
        let name = format!("email.{}", table.table);
        if !table.own {
            let says = "autovacuum is switched off for this table, so its dead rows stay";
            let fix = format!("ALTER TABLE {name} RESET (autovacuum_enabled)");
            findings.push(Finding::error("vacuum", name, says, fix));
        } else if table.dead > DEAD && table.dead > table.live {
            let last = table.vacuumed_at.map_or_else(|| "never".to_owned(), |time| time.to_jiff().to_string());
            let says = format!("{} dead rows beside {} live ones; last vacuumed: {last}", table.dead, table.live);
            let fix = format!("VACUUM {name}; if they stay, something holds an old snapshot: see transactions");
            findings.push(Finding::warning("vacuum", name, says, fix));
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok("vacuum", "tables", "autovacuum is on and keeps up"));
    }
    Ok(findings)
}

pub(super) async fn transactions(connection: &mut PgConnection, longest: Duration) -> sqlx::Result<Vec<Finding>> {
    let mut transaction = connection.begin().await?;
    let asked = sqlx::query_file!("queries/catalog/transactions.sql", longest.as_secs_f64());
    let open = asked.fetch_all(Session::unnamed(&mut transaction)).await?;
    transaction.rollback().await?;
    let finding = |who: String, state: &str, role: &str, seconds: f64, pid: Option<i32>| {
        let says = format!(
            "a transaction of {role} has been open for {seconds:.0} s ({state}); dead rows stay as long as it does"
        );
        let fix = match pid {
            Some(pid) => {
                format!("let its program end its transactions; to end it now: SELECT pg_terminate_backend({pid})")
            }
            None => "COMMIT PREPARED or ROLLBACK PREPARED it".to_owned(),
        };
        Finding::warning("transactions", who, says, fix)
    };
    let mut findings: Vec<Finding> =
        open.into_iter().map(|row| finding(row.who, &row.state, &row.role, row.seconds, row.pid)).collect();
    if findings.is_empty() {
        findings.push(Finding::ok("transactions", "database", "none is so old that it holds dead rows back"));
    }
    Ok(findings)
}
