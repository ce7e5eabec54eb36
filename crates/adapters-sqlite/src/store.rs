//! The open file: one connection that writes, some that read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use postroom_domain::id::WorkerId;
use postroom_domain::time::Timestamp;
use postroom_ports::error::PortError;
use postroom_ports::pool::PoolUse;
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{Connection as _, Sqlite, SqliteConnection, SqlitePool, Transaction};
use tokio::sync::{MutexGuard, Notify};

use crate::config::SqliteConfig;
use crate::error::failed;
use crate::pauses::SqlitePauses;
use crate::queue::SqliteQueue;
use crate::statistics::SqliteStatistics;
use crate::tokens::SqliteTokens;
use crate::tracker::SqliteTracker;
use crate::worker::SqliteWorkers;

/// A store in one file. Clones are the same store.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    writer: SqlitePool,
    readers: SqlitePool,
    turn: tokio::sync::Mutex<()>,
    patience: Duration,
    enqueued: Notify,
    seen: Mutex<HashMap<WorkerId, i64>>,
}

impl SqliteStore {
    /// Opens the file; an empty one is made where it is missing, and needs
    /// [`migrate`](crate::migrate::migrate) before the first letter.
    ///
    /// # Errors
    /// `Other` where its folder does not exist or the file cannot be written, `Unavailable`
    /// where another process holds it for longer than the configured patience.
    pub async fn connect(config: SqliteConfig) -> Result<Self, PortError> {
        const OPERATION: &str = "store.connect";
        config.create_file(OPERATION)?;
        config.connection(OPERATION).await?.close().await.map_err(failed(OPERATION))?;
        // The one in front may wait for another process, and so may the one in front of it.
        let patience = config.busy_timeout.saturating_mul(4).max(Duration::from_secs(1));
        let pool = || {
            // The connections are a file handle each: nothing to check, nothing to renew.
            SqlitePoolOptions::new()
                .acquire_timeout(patience)
                .test_before_acquire(false)
                .idle_timeout(None)
                .max_lifetime(None)
        };
        let writer = pool().max_connections(1).connect_with(config.options()).await.map_err(failed(OPERATION))?;
        let reading = config.options().pragma("query_only", "on");
        let readers = pool().max_connections(config.readers.max(1)).connect_lazy_with(reading);
        let turn = tokio::sync::Mutex::new(());
        let inner = Inner { writer, readers, turn, patience, enqueued: Notify::new(), seen: Mutex::default() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Its queue.
    #[must_use]
    pub fn queue(&self) -> SqliteQueue {
        SqliteQueue::new(self.clone())
    }

    /// Its tracker.
    #[must_use]
    pub fn tracker(&self) -> SqliteTracker {
        SqliteTracker::new(self.clone())
    }

    /// Its workers.
    #[must_use]
    pub fn workers(&self) -> SqliteWorkers {
        SqliteWorkers::new(self.clone())
    }

    /// What people pause.
    #[must_use]
    pub fn pauses(&self) -> SqlitePauses {
        SqlitePauses::new(self.clone())
    }

    /// Who may call.
    #[must_use]
    pub fn tokens(&self) -> SqliteTokens {
        SqliteTokens::new(self.clone())
    }

    /// How it goes.
    #[must_use]
    pub fn statistics(&self) -> SqliteStatistics {
        SqliteStatistics::new(self.clone())
    }

    /// How far the connections are used.
    #[must_use]
    pub fn pools(&self) -> Vec<PoolUse> {
        let look = |purpose, pool: &SqlitePool| {
            PoolUse::new(purpose, pool.size(), pool.num_idle(), pool.options().get_max_connections())
        };
        vec![look("writer", &self.inner.writer), look("readers", &self.inner.readers)]
    }

    /// Waits for what is under way and closes the file. Calls after that answer `Unavailable`.
    pub async fn close(&self) {
        self.inner.readers.close().await;
        self.inner.writer.close().await;
    }

    /// A write transaction, in the order in which they were asked for.
    pub(crate) async fn begin(&self, operation: &'static str) -> Result<Write<'_>, PortError> {
        let turn = tokio::time::timeout(self.inner.patience, self.inner.turn.lock())
            .await
            .map_err(|_| failed(operation)(sqlx::Error::PoolTimedOut))?;
        let transaction = self.begin_ahead(operation).await?.transaction;
        Ok(Write { transaction, operation, _turn: Some(turn) })
    }

    /// A write transaction that overtakes those who wait for their turn: only the one that has
    /// the connection right now is waited for. For heartbeats.
    pub(crate) async fn begin_ahead(&self, operation: &'static str) -> Result<Write<'_>, PortError> {
        // IMMEDIATE takes the write lock at once, so that no read in the transaction can turn
        // out to be stale at its first write.
        let transaction = self.inner.writer.begin_with("BEGIN IMMEDIATE").await.map_err(failed(operation))?;
        Ok(Write { transaction, operation, _turn: None })
    }

    /// Several reads of one moment.
    pub(crate) async fn read(&self, operation: &'static str) -> Result<Transaction<'static, Sqlite>, PortError> {
        self.inner.readers.begin().await.map_err(failed(operation))
    }

    /// Rings when this process enqueued something.
    pub(crate) fn enqueued(&self) -> &Notify {
        &self.inner.enqueued
    }

    /// How far each idle worker had seen the queue when it was last woken.
    pub(crate) fn seen(&self) -> std::sync::MutexGuard<'_, HashMap<WorkerId, i64>> {
        // One insert or removal at a time: a panic elsewhere leaves the map whole.
        self.inner.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A write transaction; dropped without a commit, it changes nothing.
pub(crate) struct Write<'s> {
    transaction: Transaction<'static, Sqlite>,
    operation: &'static str,
    // Behind the transaction: the turn passes on when the connection is free again.
    _turn: Option<MutexGuard<'s, ()>>,
}

impl Write<'_> {
    /// The connection that the statements go to.
    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }

    /// Makes it so, on disk.
    pub(crate) async fn commit(self) -> Result<(), PortError> {
        self.transaction.commit().await.map_err(failed(self.operation))
    }
}

/// The store's time.
pub(crate) async fn now(connection: &mut SqliteConnection) -> sqlx::Result<Timestamp> {
    sqlx::query_file_scalar!("queries/clock/read.sql").fetch_one(connection).await.map(Timestamp::from_micros)
}

/// A duration as the store counts it.
pub(crate) fn micros(duration: Duration) -> i64 {
    Timestamp::EPOCH.plus(duration).as_micros()
}

/// A list as the statements take it: `SQLite` has no arrays, but reads JSON.
pub(crate) fn list<T: Into<serde_json::Value>>(items: impl IntoIterator<Item = T>) -> String {
    serde_json::Value::from_iter(items).to_string()
}
