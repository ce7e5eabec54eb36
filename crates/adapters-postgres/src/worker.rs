//! Who is at work.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::id::WorkerId;
use postroom_ports::error::{PortError, PortErrorKind};
use postroom_ports::worker::{Presence, Woken, WorkerRegistry};

use crate::connections::Connections;
use crate::error::port_error;
use crate::listener::Listener;

/// The registry of workers, on a connection of its own: a heartbeat never waits behind the queue's work.
#[derive(Clone, Debug)]
pub struct PostgresWorkers {
    beat: Connections,
    listener: Arc<Listener>,
}

impl PostgresWorkers {
    pub(crate) const fn new(beat: Connections, listener: Arc<Listener>) -> Self {
        Self { beat, listener }
    }
}

fn known(operation: &'static str, rows: u64) -> Result<(), PortError> {
    if rows == 0 {
        return Err(PortError::new(PortErrorKind::Other, operation, "the worker is not registered"));
    }
    Ok(())
}

#[async_trait]
impl WorkerRegistry for PostgresWorkers {
    async fn register(&self, worker: WorkerId, label: &str) -> Result<(), PortError> {
        let failed = port_error("workers.register");
        let mut turn = self.beat.turn().await.map_err(&failed)?;
        sqlx::query_file!("queries/workers/register.sql", worker.as_uuid(), label)
            .execute(turn.session())
            .await
            .map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        self.listener.start().await;
        Ok(())
    }

    async fn beat(&self, worker: WorkerId) -> Result<(), PortError> {
        const OPERATION: &str = "workers.beat";
        let failed = port_error(OPERATION);
        let mut turn = self.beat.turn().await.map_err(&failed)?;
        let done = sqlx::query_file!("queries/workers/beat.sql", worker.as_uuid())
            .execute(turn.session())
            .await
            .map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        known(OPERATION, done.rows_affected())
    }

    async fn set_presence(&self, worker: WorkerId, presence: Presence) -> Result<(), PortError> {
        const OPERATION: &str = "workers.set_presence";
        let failed = port_error(OPERATION);
        let mut turn = self.beat.turn().await.map_err(&failed)?;
        let idle = presence == Presence::Idle;
        let done = sqlx::query_file!("queries/workers/presence.sql", worker.as_uuid(), idle)
            .execute(turn.session())
            .await
            .map_err(&failed)?;
        turn.end().await.map_err(failed)?;
        known(OPERATION, done.rows_affected())
    }

    async fn wait(&self, worker: WorkerId, longest: Duration) -> Result<Woken, PortError> {
        Ok(self.listener.wait(worker, longest).await)
    }

    async fn retire(&self, worker: WorkerId) -> Result<(), PortError> {
        let failed = port_error("workers.retire");
        self.listener.forget(worker);
        let mut turn = self.beat.turn().await.map_err(&failed)?;
        sqlx::query_file!("queries/workers/retire.sql", worker.as_uuid())
            .execute(turn.session())
            .await
            .map_err(&failed)?;
        turn.end().await.map_err(failed)
    }
}
