//! The server itself: its version, its clock, its room.

use postroom_domain::time::Timestamp;
use postroom_ports::clock::Clock;
use postroom_ports::probe::Finding;
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;

use crate::row::time;
use crate::session::Session;

/// What a worker takes: for work, for doors and reads, for beats, to listen, and one to migrate.
const ROOM: i32 = 11;
const SECOND: u64 = 1_000_000;

pub(super) async fn look(connection: &mut PgConnection, clock: &dyn Clock) -> sqlx::Result<Vec<Finding>> {
    let mut transaction = connection.begin().await?;
    let before = clock.now();
    let asked = sqlx::query_file!("queries/catalog/server.sql");
    let row = asked.fetch_one(Session::unnamed(&mut transaction)).await?;
    let after = clock.now();
    transaction.rollback().await?;
    let mut findings = vec![version(&row.version, row.number, &row.encoding)];
    if row.standby {
        let fix = "name the primary in DATABASE_URL; with several hosts, add target_session_attrs=read-write";
        findings.push(Finding::error("read-only", "server", "it is a standby, so nothing can be written", fix));
    } else if row.read_only {
        let says =
            "sessions start read-only (default_transaction_read_only), so email.enqueue and migrations are refused";
        let fix = "ALTER DATABASE … RESET default_transaction_read_only, and the same for the role";
        findings.push(Finding::error("read-only", "database", says, fix));
    }
    findings.push(skew(before, time(row.now), after));
    findings.push(room(row.room));
    findings.push(notifications(row.notifications));
    Ok(findings)
}

fn version(version: &str, number: i32, encoding: &str) -> Finding {
    let subject = format!("PostgreSQL {version}");
    if number < 150_000 {
        return Finding::error("version", subject, "15 or newer is needed", "upgrade the server");
    }
    if encoding != "UTF8" {
        let says = format!("the database's encoding is {encoding}; letters need UTF8");
        return Finding::error("version", subject, says, "create a database with ENCODING 'UTF8', and move there");
    }
    Finding::ok("version", subject, "it is new enough")
}

/// How far the two clocks are apart. The database's was read somewhere between our two looks at ours, so half of what
/// lies between them is nobody's fault.
fn skew(before: Timestamp, theirs: Timestamp, after: Timestamp) -> Finding {
    let (before, after) = (before.as_micros(), after.as_micros());
    let doubt = after.abs_diff(before) / 2;
    let apart = theirs.as_micros().abs_diff(before.midpoint(after)).saturating_sub(doubt);
    let says = format!("this host's clock and the database's are {} s apart", apart / SECOND);
    let fix = "let both hosts keep time by NTP (timedatectl, chronyc tracking)";
    match apart {
        0..=SECOND => Finding::ok("clock", "server", "its clock and this host's agree"),
        _ if apart > 30 * SECOND => Finding::error("clock", "server", says, fix),
        _ => Finding::warning("clock", "server", says, fix),
    }
}

fn room(free: i32) -> Finding {
    if free >= ROOM {
        return Finding::ok("connections", "server", format!("{free} connections are free"));
    }
    let says = format!("{free} connections are free, and a worker takes up to {ROOM}");
    Finding::warning("connections", "server", says, "raise max_connections, or put a pooler before the database")
}

/// The queue of notices is shared by the whole server and fills up behind a session that listens and never reads.
fn notifications(used: f64) -> Finding {
    if used < 0.5 {
        return Finding::ok("notifications", "server", "the queue of notices has room");
    }
    let says =
        format!("the queue of notices is {:.0} % full; when it is full, no letter can be enqueued", used * 100.0);
    let fix = "end the session that listens and sits in a transaction (pg_stat_activity, state 'idle in transaction')";
    let found = if used > 0.9 { Finding::error } else { Finding::warning };
    found("notifications", "server".to_owned(), says, fix.to_owned())
}

#[cfg(test)]
mod tests {
    use postroom_ports::probe::Severity;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn clocks_that_are_apart_are_named_by_how_far() {
        let table = [
            (0, 0, 0, Severity::Ok),
            (100, 101, 100, Severity::Ok),
            (100, 103, 100, Severity::Warning),
            (100, 70, 100, Severity::Warning),
            (100, 131, 100, Severity::Error),
            (100, 60, 100, Severity::Error),
            // The answer took a minute: the database may have looked at any moment of it.
            (100, 159, 160, Severity::Ok),
        ];
        for (before, theirs, after, severity) in table {
            let found = skew(at(before), at(theirs), at(after));
            assert_eq!(found.severity, severity, "{before} {theirs} {after}");
        }
    }

    #[test]
    fn a_server_is_judged_by_version_encoding_room_and_notices() {
        assert_eq!(version("15.1", 150_001, "UTF8").severity, Severity::Ok);
        assert_eq!(version("14.9", 140_009, "UTF8").severity, Severity::Error);
        assert_eq!(version("15.1", 150_001, "LATIN1").severity, Severity::Error);
        assert_eq!(room(11).severity, Severity::Ok);
        assert_eq!(room(10).severity, Severity::Warning);
        for (used, severity) in [(0.0, Severity::Ok), (0.6, Severity::Warning), (0.95, Severity::Error)] {
            assert_eq!(notifications(used).severity, severity);
        }
    }
}
