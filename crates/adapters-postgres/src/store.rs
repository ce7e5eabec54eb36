//! One database and the small pools to it.

use std::sync::Arc;

use postroom_ports::error::PortError;
use postroom_ports::pool::PoolUse;
use postroom_ports::worker::BEAT_STALE;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::config::PostgresConfig;
use crate::connections::{Connections, Plan};
use crate::error::port_error;
use crate::listener::Listener;
use crate::pauses::PostgresPauses;
use crate::queue::PostgresQueue;
use crate::statistics::PostgresStatistics;
use crate::tokens::PostgresTokens;
use crate::tracker::PostgresTracker;
use crate::worker::PostgresWorkers;

/// A PostgreSQL database with Postroom's schema. Clones share its connections.
///
/// The pools are small and separate: claims do not wait for the API, the API does not wait for claims, and a
/// heartbeat waits for nobody. A pool opens its connections when it needs them, so a process that only enqueues holds
/// none of the others.
#[derive(Clone, Debug)]
pub struct PostgresStore {
    work: Connections,
    front: Connections,
    beat: Connections,
    listener: Arc<Listener>,
}

impl PostgresStore {
    /// Connects. The schema is not looked at: a missing one is the first call's
    /// [`NotMigrated`](postroom_ports::error::PortErrorKind::NotMigrated).
    ///
    /// # Errors
    /// Where the address is none or the database does not answer.
    pub async fn connect(config: &PostgresConfig) -> Result<Self, PortError> {
        let failed = port_error("store.connect");
        let plan = |purpose: &'static str, connections: u32| {
            let plan = Plan {
                purpose,
                server: config.session_options(purpose)?,
                connections,
                acquire_timeout: config.acquire_timeout,
                answer_timeout: config.answer_timeout(),
                statements: config.statements,
            };
            Ok::<_, sqlx::Error>(plan)
        };
        let beat = plan("beat", 1).map_err(&failed)?;
        // A beat is due every two seconds: one that waits longer than this is worth nothing.
        let beat = Plan {
            acquire_timeout: beat.acquire_timeout.min(BEAT_STALE),
            answer_timeout: beat.answer_timeout.min(BEAT_STALE),
            ..beat
        };
        let listening: PgConnectOptions = config.listener_options().map_err(&failed)?;
        let store = Self {
            work: Connections::new(plan("work", config.work_connections).map_err(&failed)?),
            front: Connections::new(plan("front", config.front_connections).map_err(&failed)?),
            beat: Connections::new(beat),
            listener: Arc::new(Listener::new(listening, config.keepalive)),
        };
        probe(config).await.map_err(&failed)?;
        Ok(store)
    }

    /// The queue.
    #[must_use]
    pub fn queue(&self) -> PostgresQueue {
        PostgresQueue::new(self.work.clone(), self.front.clone())
    }

    /// The tracker.
    #[must_use]
    pub fn tracker(&self) -> PostgresTracker {
        PostgresTracker::new(self.front.clone())
    }

    /// The registry of workers.
    #[must_use]
    pub fn workers(&self) -> PostgresWorkers {
        PostgresWorkers::new(self.beat.clone(), Arc::clone(&self.listener))
    }

    /// What people pause.
    #[must_use]
    pub fn pauses(&self) -> PostgresPauses {
        PostgresPauses::new(self.front.clone())
    }

    /// Who may call.
    #[must_use]
    pub fn tokens(&self) -> PostgresTokens {
        PostgresTokens::new(self.front.clone())
    }

    /// How it goes.
    #[must_use]
    pub fn statistics(&self) -> PostgresStatistics {
        PostgresStatistics::new(self.front.clone())
    }

    /// How far the connections are used.
    #[must_use]
    pub fn pools(&self) -> Vec<PoolUse> {
        [&self.work, &self.front, &self.beat].map(Connections::look).to_vec()
    }

    /// Ends all connections; whatever is called afterwards finds the store unavailable.
    pub async fn close(&self) {
        self.listener.stop();
        for connections in [&self.work, &self.front, &self.beat] {
            connections.close().await;
        }
    }
}

/// One connection outside the pools, which would go on trying where nobody listens: whoever starts with the wrong
/// address should hear of it at once.
async fn probe(config: &PostgresConfig) -> Result<(), sqlx::Error> {
    let options = config.session_options("probe")?;
    let connecting = async { options.connect().await?.close().await };
    tokio::time::timeout(config.acquire_timeout, connecting).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}
