//! What the driver says, by what it means to a caller.

use std::fmt;

use postroom_ports::error::{PortError, PortErrorKind};
use sqlx::postgres::PgDatabaseError;

/// Turns a driver's error into a port's. The text says the SQLSTATE and, for our own guards, their message, which
/// names fields and statuses and never a value; a server's own messages may quote rows and stay in the source.
pub(crate) fn port_error(operation: &'static str) -> impl Fn(sqlx::Error) -> PortError {
    move |error| {
        let detail = describe(&error);
        PortError::new(kind(&error), operation, detail).caused_by(Redacted(error))
    }
}

pub(crate) fn describe(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(database) => match database.try_downcast_ref::<PgDatabaseError>() {
            Some(refused) => format!("the database refused it (SQLSTATE {})", refused.code()),
            None => "the database refused it".to_owned(),
        },
        sqlx::Error::PoolTimedOut => "no connection became free in time".to_owned(),
        sqlx::Error::Io(io) if is_lookup(io) => "the host's name cannot be resolved".to_owned(),
        sqlx::Error::Io(io) => format!("the connection failed: {}", io.kind()),
        sqlx::Error::ColumnDecode { index, .. } => format!("column {index} does not decode"),
        _ => "the database could not be used".to_owned(),
    }
}

/// Whether a name of the DNS was not found; the standard library has no kind of its own for that.
pub(crate) fn is_lookup(io: &std::io::Error) -> bool {
    io.to_string().contains("lookup address")
}

/// What the caller should do about it.
fn kind(error: &sqlx::Error) -> PortErrorKind {
    match error {
        sqlx::Error::Database(database) => database.code().map_or(PortErrorKind::Other, |code| of_sqlstate(&code)),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Protocol(_) => PortErrorKind::Unavailable,
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::TypeNotFound { .. } => {
            PortErrorKind::Corrupt
        }
        _ => PortErrorKind::Other,
    }
}

/// The meaning of a SQLSTATE (PostgreSQL's appendix A).
fn of_sqlstate(code: &str) -> PortErrorKind {
    match code {
        // No such table, type, column, schema or function.
        "42P01" | "42704" | "42703" | "3F000" | "42883" => PortErrorKind::NotMigrated,
        // Serialization, deadlock, a standby that is read-only, a time-out, a lock that did not come; the server's
        // queue of notices is full, which it says at the commit.
        "40001" | "40P01" | "25006" | "57014" | "55P03" | "54000" => PortErrorKind::Unavailable,
        // Connections; shutdown, crash, starting up; disk, memory and connections exhausted; the database is gone.
        _ if code.starts_with("08") || code.starts_with("57P") || code.starts_with("53") => PortErrorKind::Unavailable,
        _ => PortErrorKind::Other,
    }
}

/// The SQLSTATE of a failed call, where the database refused it: `40001` tells a caller whose own transaction it was to
/// run that again.
#[must_use]
pub fn sqlstate(error: &PortError) -> Option<String> {
    let driver = std::error::Error::source(error)?.downcast_ref::<Redacted>()?;
    Some(driver.0.as_database_error()?.code()?.into_owned())
}

/// Whether the database chose this transaction as the victim of a conflict: the same call may simply come again.
pub(crate) fn is_conflict(error: &PortError) -> bool {
    sqlstate(error).is_some_and(|code| code == "40001" || code == "40P01")
}

/// A driver's error whose text shows no values of rows. [`sqlstate`] still finds the code.
struct Redacted(sqlx::Error);

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(refused) = self.0.as_database_error().and_then(|e| e.try_downcast_ref::<PgDatabaseError>()) else {
            return f.write_str(&describe(&self.0));
        };
        // Only what we wrote ourselves is free of values: the guards raise with their schema's name.
        match (refused.code(), refused.schema()) {
            ("23514", Some("email")) if refused.constraint().is_none() => f.write_str(refused.message()),
            (code, _) => write!(f, "SQLSTATE {code}{}", refused.table().map_or(String::new(), |t| format!(" on {t}"))),
        }
    }
}

impl std::error::Error for Redacted {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sqlstate_has_its_meaning() {
        use PortErrorKind::{NotMigrated, Other, Unavailable};
        let table = [
            ("08006", Unavailable),
            ("08P01", Unavailable),
            ("57P01", Unavailable),
            ("57P03", Unavailable),
            ("57014", Unavailable),
            ("53100", Unavailable),
            ("53300", Unavailable),
            ("40001", Unavailable),
            ("40P01", Unavailable),
            ("25006", Unavailable),
            ("55P03", Unavailable),
            ("54000", Unavailable),
            ("42P01", NotMigrated),
            ("42704", NotMigrated),
            ("42703", NotMigrated),
            ("3F000", NotMigrated),
            ("42883", NotMigrated),
            ("23514", Other),
            ("42501", Other),
            ("28P01", Other),
        ];
        for (code, meaning) in table {
            assert_eq!(of_sqlstate(code), meaning, "{code}");
        }
        assert_eq!(kind(&sqlx::Error::PoolTimedOut), Unavailable);
    }
}
