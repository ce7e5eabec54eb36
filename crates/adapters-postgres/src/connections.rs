//! A small pool that does not get stuck: one whose connections died without a word is closed and opened again.
//!
//! The driver waits for an answer for as long as it takes, and so does the ping with which it takes a connection
//! back: behind a peer that is gone without a word, a connection and its place in the pool would be lost for good.
//! So every wait for the server has a limit here, longer than any statement may take. Whoever meets it opens the pool
//! again; what was in use ends by itself, and whoever comes next finds new connections.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use postroom_ports::pool::PoolUse;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use tokio::time::{Instant, timeout};

use crate::config::Statements;
use crate::session::Turn;

/// What a pool is made of.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// For logs.
    pub(crate) purpose: &'static str,
    pub(crate) server: PgConnectOptions,
    pub(crate) connections: u32,
    /// How long to wait for a connection, one of the pool or a new one.
    pub(crate) acquire_timeout: Duration,
    /// How long the server may keep silent.
    pub(crate) answer_timeout: Duration,
    pub(crate) statements: Statements,
}

impl Plan {
    fn pool(&self) -> PgPool {
        let options = PgPoolOptions::new().max_connections(self.connections).acquire_timeout(self.acquire_timeout);
        options.connect_lazy_with(self.server.clone())
    }
}

/// A small pool, and how statements travel on it. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Connections {
    plan: Arc<Plan>,
    current: Arc<Mutex<Current>>,
}

/// The pool that is in use now.
#[derive(Debug)]
struct Current {
    pool: PgPool,
    /// How often it was opened.
    edition: u64,
    /// When the server answered last.
    answered: Instant,
    /// What the log knows of it.
    said: Said,
}

/// Whether the log knows that the server keeps silent: once is enough, until it answers again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    Silent,
}

impl Connections {
    pub(crate) fn new(plan: Plan) -> Self {
        let current = Current { pool: plan.pool(), edition: 0, answered: Instant::now(), said: Said::Nothing };
        Self { plan: Arc::new(plan), current: Arc::new(Mutex::new(current)) }
    }

    /// A connection for one statement. Unnamed statements get a transaction of their own: between parsing and
    /// executing one, a pooler in transaction mode must not change the server underneath.
    pub(crate) async fn turn(&self) -> sqlx::Result<Turn> {
        match self.plan.statements {
            Statements::Prepared => {
                let (pool, watch) = self.now();
                let taken = pool.acquire().await;
                Ok(Turn::alone(watch.heard(taken)?, self.plan.statements, watch))
            }
            Statements::Unnamed => self.transaction().await,
        }
    }

    /// A connection for several statements that hold together.
    pub(crate) async fn transaction(&self) -> sqlx::Result<Turn> {
        /// Our statements count on seeing what others committed before each of them, whatever the role's default is.
        const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
        let (pool, watch) = self.now();
        let begun = watch.within(pool.begin_with(BEGIN)).await;
        Ok(Turn::together(watch.heard(begun)?, self.plan.statements, watch))
    }

    pub(crate) fn look(&self) -> PoolUse {
        let (pool, _) = self.now();
        PoolUse::new(self.plan.purpose, pool.size(), pool.num_idle(), self.plan.connections)
    }

    pub(crate) async fn close(&self) {
        let (pool, _) = self.now();
        // One that cannot say goodbye is let go.
        drop(timeout(self.plan.acquire_timeout, pool.close()).await);
    }

    fn now(&self) -> (PgPool, Watch) {
        let current = self.current();
        (current.pool.clone(), Watch { connections: self.clone(), edition: current.edition })
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        // Each field is whole at every moment.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks after one use of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    connections: Connections,
    edition: u64,
}

impl Watch {
    /// How long the server may keep silent.
    pub(crate) fn limit(&self) -> Duration {
        self.connections.plan.answer_timeout
    }

    /// Waits for an answer, but not for ever.
    pub(crate) async fn within<T>(&self, answer: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
        match timeout(self.limit(), answer).await {
            Ok(answer) => answer,
            Err(_) => Err(self.give_up()),
        }
    }

    /// The server has not answered within the limit: whoever comes next gets new connections.
    pub(crate) fn give_up(&self) -> sqlx::Error {
        self.reopen();
        sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())
    }

    /// Notes that the server answered.
    pub(crate) fn answered(&self) {
        let mut current = self.connections.current();
        (current.answered, current.said) = (Instant::now(), Said::Nothing);
    }

    /// Looks at what came of asking for a connection. Where none becomes free although each statement has its limit,
    /// and nobody was answered for longer than that, they are all stuck.
    fn heard<T>(&self, asked: sqlx::Result<T>) -> sqlx::Result<T> {
        match &asked {
            Err(sqlx::Error::PoolTimedOut) if self.is_silent() => self.reopen(),
            _ => {}
        }
        asked
    }

    fn is_silent(&self) -> bool {
        self.connections.current().answered.elapsed() > self.limit()
    }

    /// Opens the pool again, unless somebody did.
    fn reopen(&self) {
        let plan = &self.connections.plan;
        let mut current = self.connections.current();
        if current.edition != self.edition || current.pool.is_closed() {
            return;
        }
        let stuck = std::mem::replace(&mut current.pool, plan.pool());
        current.edition += 1;
        current.answered = Instant::now();
        let said = std::mem::replace(&mut current.said, Said::Silent);
        drop(current);
        if said == Said::Nothing {
            tracing::warn!(
                pool = plan.purpose,
                silent_s = plan.answer_timeout.as_secs(),
                "the database keeps silent; its connections are given up and opened anew"
            );
        }
        let patience = plan.acquire_timeout;
        tokio::spawn(async move { drop(timeout(patience, stuck.close()).await) });
    }
}
