//! `SQLite`'s errors by meaning.

use postroom_ports::error::{PortError, PortErrorKind};

/// The primary result codes (<https://sqlite.org/rescode.html>) that a caller can wait out: another process writes, a
/// table is locked, the disk fails or is full, the file cannot be opened.
const WAIT_OUT: [i32; 5] = [5, 6, 10, 13, 14];
/// The file is damaged, or no database at all.
const DAMAGED: [i32; 2] = [11, 26];

/// Turns a driver's error of `operation` into a port's.
pub(crate) fn failed(operation: &'static str) -> impl Fn(sqlx::Error) -> PortError {
    move |error| {
        let (kind, detail) = classify(&error);
        PortError::new(kind, operation, detail).caused_by(error)
    }
}

/// What the error means, and words for it that hold nothing of a letter.
fn classify(error: &sqlx::Error) -> (PortErrorKind, String) {
    match error {
        sqlx::Error::Database(refused) => {
            let code: i32 = refused.code().and_then(|code| code.parse().ok()).unwrap_or(1);
            (of_database(code, refused.message()), format!("SQLite says {code}: {}", refused.message()))
        }
        sqlx::Error::PoolTimedOut => (PortErrorKind::Unavailable, "no connection became free in time".to_owned()),
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
            (PortErrorKind::Unavailable, "the store is closed".to_owned())
        }
        sqlx::Error::Io(error) => (PortErrorKind::Unavailable, error.to_string()),
        sqlx::Error::ColumnDecode { index, .. } => (PortErrorKind::Corrupt, format!("column {index} does not decode")),
        sqlx::Error::Decode(_) => (PortErrorKind::Corrupt, "a stored value does not decode".to_owned()),
        _ => (PortErrorKind::Other, "the statement failed".to_owned()),
    }
}

/// A missing table has no code of its own in `SQLite`, so its message has to do.
fn of_database(code: i32, message: &str) -> PortErrorKind {
    // The low byte of an extended code is the primary one.
    let primary = code & 0xFF;
    if WAIT_OUT.contains(&primary) {
        PortErrorKind::Unavailable
    } else if DAMAGED.contains(&primary) {
        PortErrorKind::Corrupt
    } else if primary == 1 && (message.contains("no such table") || message.contains("no such column")) {
        PortErrorKind::NotMigrated
    } else {
        PortErrorKind::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_by_meaning() {
        let table = [
            (5, "database is locked", PortErrorKind::Unavailable),
            (261, "database is locked", PortErrorKind::Unavailable),
            (517, "database is locked", PortErrorKind::Unavailable),
            (6, "database table is locked", PortErrorKind::Unavailable),
            (13, "database or disk is full", PortErrorKind::Unavailable),
            (778, "disk I/O error", PortErrorKind::Unavailable),
            (14, "unable to open database file", PortErrorKind::Unavailable),
            (11, "database disk image is malformed", PortErrorKind::Corrupt),
            (26, "file is not a database", PortErrorKind::Corrupt),
            (1, "no such table: deliveries", PortErrorKind::NotMigrated),
            (1, "no such column: revision", PortErrorKind::NotMigrated),
            (1, "near \"SELEC\": syntax error", PortErrorKind::Other),
            (1811, "postroom: a letter begins as queued or in_progress", PortErrorKind::Other),
        ];
        for (code, message, kind) in table {
            assert_eq!(of_database(code, message), kind, "{code} {message}");
        }
    }
}
