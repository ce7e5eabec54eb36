//! What is paused by people. Claims look at the table by themselves.

use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::id::PauseReason;
use postroom_domain::time::Timestamp;
use postroom_ports::error::PortError;
use postroom_ports::pauses::{LONGEST, Pause, PauseBoard, Paused, Resumed};

use crate::error::failed;
use crate::row::Place;
use crate::store::{SqliteStore, micros};

/// The pauses of a store.
#[derive(Clone, Debug)]
pub struct SqlitePauses {
    store: SqliteStore,
}

/// One row of the table.
struct Row {
    kind: String,
    name: String,
    since: i64,
    until: Option<i64>,
    reason: Option<String>,
}

impl SqlitePauses {
    pub(crate) const fn new(store: SqliteStore) -> Self {
        Self { store }
    }
}

#[async_trait]
impl PauseBoard for SqlitePauses {
    async fn pause(
        &self,
        what: &Paused,
        lasting: Option<Duration>,
        reason: Option<PauseReason>,
    ) -> Result<Pause, PortError> {
        const OPERATION: &str = "pauses.pause";
        let lasting = lasting.map(|time| micros(time.min(LONGEST)));
        let reason = reason.as_ref().map(PauseReason::as_str);
        let mut write = self.store.begin(OPERATION).await?;
        sqlx::query_file!("queries/pauses/forget.sql").execute(write.connection()).await.map_err(failed(OPERATION))?;
        let row = sqlx::query_file_as!(Row, "queries/pauses/put.sql", what.kind(), what.name(), lasting, reason)
            .fetch_one(write.connection())
            .await
            .map_err(failed(OPERATION))?;
        write.commit().await?;
        row.decode(OPERATION)
    }

    async fn resume(&self, what: &Paused) -> Result<Resumed, PortError> {
        const OPERATION: &str = "pauses.resume";
        let mut write = self.store.begin(OPERATION).await?;
        let done = sqlx::query_file!("queries/pauses/end.sql", what.kind(), what.name())
            .execute(write.connection())
            .await
            .map_err(failed(OPERATION))?;
        write.commit().await?;
        Ok(if done.rows_affected() > 0 { Resumed::Done } else { Resumed::WasNot })
    }

    async fn paused(&self) -> Result<Vec<Pause>, PortError> {
        const OPERATION: &str = "pauses.paused";
        let mut read = self.store.read(OPERATION).await?;
        let rows = sqlx::query_file_as!(Row, "queries/pauses/list.sql")
            .fetch_all(&mut *read)
            .await
            .map_err(failed(OPERATION))?;
        rows.into_iter().map(|row| row.decode(OPERATION)).collect()
    }
}

impl Row {
    fn decode(self, operation: &'static str) -> Result<Pause, PortError> {
        let at = Place { operation, table: "pauses", row: &self.kind };
        Ok(Pause {
            what: at.parsed("name", Paused::parse(&self.kind, &self.name))?,
            since: Timestamp::from_micros(self.since),
            until: self.until.map(Timestamp::from_micros),
            reason: at.parsed("reason", self.reason.map(PauseReason::parse).transpose())?,
        })
    }
}
