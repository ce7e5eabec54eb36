//! A store of one's own for each test, and the ways to look behind it.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::path::PathBuf;
use std::time::Duration;

use postroom_adapters_sqlite::config::SqliteConfig;
use postroom_adapters_sqlite::migrate::migrate;
use postroom_adapters_sqlite::store::SqliteStore;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use tempfile::TempDir;

/// A folder with a file in it that goes when the test ends.
pub struct Home {
    folder: TempDir,
}

impl Home {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub async fn migrated() -> Self {
        let home = Self::new();
        migrate(&home.config()).await.unwrap();
        home
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("letters.sqlite")
    }

    pub fn config(&self) -> SqliteConfig {
        SqliteConfig { busy_timeout: Duration::from_secs(30), ..SqliteConfig::new(self.path()) }
    }

    pub async fn store(&self) -> SqliteStore {
        SqliteStore::connect(self.config()).await.unwrap()
    }

    /// A connection as an application or a person at a shell has it.
    pub async fn connection(&self) -> SqliteConnection {
        SqliteConnectOptions::new()
            .filename(self.path())
            .busy_timeout(Duration::from_secs(30))
            .connect()
            .await
            .unwrap()
    }

    /// Makes everything that is stored older.
    pub async fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_micros()).unwrap();
        let mut connection = self.connection().await;
        for statement in OLDER {
            sqlx::query(statement).bind(by).execute(&mut connection).await.unwrap();
        }
    }
}

const OLDER: [&str; 7] = [
    "UPDATE outbox SET due_at = due_at - ?1, lease_until = lease_until - ?1, expires_at = expires_at - ?1",
    "UPDATE deliveries SET queued_at = queued_at - ?1, age_from = age_from - ?1, due_at = due_at - ?1,
        expires_at = expires_at - ?1, last_attempted_at = last_attempted_at - ?1, sent_at = sent_at - ?1,
        final_at = final_at - ?1, created_at = created_at - ?1, updated_at = updated_at - ?1",
    "UPDATE delivery_events SET created_at = created_at - ?1",
    "UPDATE payloads SET created_at = created_at - ?1",
    "UPDATE idempotency SET expires_at = expires_at - ?1",
    "UPDATE reports SET created_at = created_at - ?1",
    "UPDATE workers SET started_at = started_at - ?1, beat_at = beat_at - ?1, retired_at = retired_at - ?1",
];
