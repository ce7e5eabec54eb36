//! What is paused by people.

use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::id::PauseReason;
use postroom_ports::error::PortError;
use postroom_ports::pauses::{LONGEST, Pause, PauseBoard, Paused, Resumed};

use crate::connections::Connections;
use crate::error::port_error;
use crate::row::{micros, time};

/// The pauses of a database. Its claims look at them by themselves.
#[derive(Clone, Debug)]
pub struct PostgresPauses {
    front: Connections,
}

/// One row of the table.
struct Row {
    kind: String,
    name: String,
    since: jiff_sqlx::Timestamp,
    until: Option<jiff_sqlx::Timestamp>,
    reason: Option<String>,
}

impl PostgresPauses {
    pub(crate) const fn new(front: Connections) -> Self {
        Self { front }
    }
}

#[async_trait]
impl PauseBoard for PostgresPauses {
    async fn pause(
        &self,
        what: &Paused,
        lasting: Option<Duration>,
        reason: Option<PauseReason>,
    ) -> Result<Pause, PortError> {
        const OPERATION: &str = "pauses.pause";
        let failed = port_error(OPERATION);
        let lasting = lasting.map(|time| micros(time.min(LONGEST)));
        let reason = reason.as_ref().map(PauseReason::as_str);
        let mut turn = self.front.turn().await.map_err(&failed)?;
        let row = sqlx::query_file_as!(Row, "queries/pauses/put.sql", what.kind(), what.name(), lasting, reason)
            .fetch_one(turn.session())
            .await
            .map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        row.decode(OPERATION)
    }

    async fn resume(&self, what: &Paused) -> Result<Resumed, PortError> {
        let failed = port_error("pauses.resume");
        let mut turn = self.front.turn().await.map_err(&failed)?;
        let was = sqlx::query_file_scalar!("queries/pauses/end.sql", what.kind(), what.name())
            .fetch_one(turn.session())
            .await
            .map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        Ok(if was { Resumed::Done } else { Resumed::WasNot })
    }

    async fn paused(&self) -> Result<Vec<Pause>, PortError> {
        const OPERATION: &str = "pauses.paused";
        let failed = port_error(OPERATION);
        let mut turn = self.front.turn().await.map_err(&failed)?;
        let rows =
            sqlx::query_file_as!(Row, "queries/pauses/list.sql").fetch_all(turn.session()).await.map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        rows.into_iter().map(|row| row.decode(OPERATION)).collect()
    }
}

impl Row {
    fn decode(self, operation: &'static str) -> Result<Pause, PortError> {
        let corrupt = |column| PortError::corrupt(operation, "pauses", column, "of a person");
        Ok(Pause {
            what: Paused::parse(&self.kind, &self.name).map_err(|_| corrupt("name"))?,
            since: time(self.since),
            until: self.until.map(time),
            reason: self.reason.map(PauseReason::parse).transpose().map_err(|_| corrupt("reason"))?,
        })
    }
}
