//! A file of one's own for each test, and the ways in.

use std::path::PathBuf;
use std::time::Duration;

use postroom_adapters_sqlite::config::SqliteConfig;
use postroom_adapters_sqlite::migrate::migrate;
use postroom_adapters_sqlite::store::SqliteStore;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use tempfile::TempDir;

/// A folder with a file in it that goes when the test ends.
pub(crate) struct Home {
    folder: TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) async fn migrated() -> Self {
        let home = Self::new();
        migrate(&home.config()).await.unwrap();
        home
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("letters.sqlite")
    }

    pub(crate) fn config(&self) -> SqliteConfig {
        SqliteConfig { busy_timeout: Duration::from_secs(30), ..SqliteConfig::new(self.path()) }
    }

    pub(crate) async fn store(&self) -> SqliteStore {
        SqliteStore::connect(self.config()).await.unwrap()
    }

    /// A connection as an application or a person at a shell has it.
    pub(crate) async fn connection(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(self.path()).busy_timeout(Duration::from_secs(30)).connect().await.unwrap()
    }
}
