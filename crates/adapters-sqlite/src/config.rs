//! Where the store is, and how its file is opened.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::time::Duration;

use postroom_ports::error::{PortError, PortErrorKind};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, SqliteConnection};

use crate::error::failed;

/// How often a file is asked again that two processes open for the first time at once.
const ASK_AGAIN_EVERY: Duration = Duration::from_millis(10);

/// Where the store is, and how patient it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteConfig {
    /// The database file. It is made where it is missing, its folder is not.
    pub path: PathBuf,
    /// How long a statement waits for another process that writes, before it answers
    /// `Unavailable`.
    pub busy_timeout: Duration,
    /// How many connections read beside the one that writes; at least 1.
    pub readers: u32,
}

impl SqliteConfig {
    /// The store in this file, with patience for 5 seconds and 4 readers.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), busy_timeout: Duration::from_secs(5), readers: 4 }
    }

    /// How every connection is opened.
    ///
    /// A commit is on disk before it is answered (`synchronous = FULL`), readers never wait for
    /// the writer (WAL), and what retention deletes is overwritten, because a letter may hold a
    /// sign-in code and a freed page keeps its bytes otherwise.
    pub(crate) fn options(&self) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(&self.path)
            .create_if_missing(false)
            .busy_timeout(self.busy_timeout)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .pragma("secure_delete", "on")
    }

    /// One connection to a file that is there. Whoever opens a new file first switches it to WAL,
    /// once and for good. Of two that do so at once `SQLite` refuses one on the spot, whatever its
    /// busy time-out, because waiting could block both: it asks again, with the same patience.
    pub(crate) async fn connection(&self, operation: &'static str) -> Result<SqliteConnection, PortError> {
        let asked = async {
            loop {
                match self.options().connect().await.map_err(failed(operation)) {
                    Err(error) if error.is_transient() => tokio::time::sleep(ASK_AGAIN_EVERY).await,
                    answer => return answer,
                }
            }
        };
        match tokio::time::timeout(self.busy_timeout, asked).await {
            Ok(answer) => answer,
            Err(_) => self.options().connect().await.map_err(failed(operation)),
        }
    }

    /// Makes the file where it is missing, readable for its owner alone: it holds letters.
    /// `SQLite` gives the files beside it (`-wal`, `-shm`) the same permissions.
    pub(crate) fn create_file(&self, operation: &'static str) -> Result<(), PortError> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder
            && !folder.is_dir()
        {
            let detail = format!("the folder {} does not exist; make it first", folder.display());
            return Err(PortError::new(PortErrorKind::Other, operation, detail));
        }
        private_file(&self.path).map_err(|error| {
            let detail = format!("the file {} cannot be opened for writing: {error}", self.path.display());
            PortError::new(PortErrorKind::Other, operation, detail).caused_by(error)
        })
    }
}

fn private_file(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}
