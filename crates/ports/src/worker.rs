//! Workers as the store sees them: who is alive, who may be woken.

use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::id::WorkerId;

use crate::error::PortError;

/// What a worker is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Presence {
    /// It works and will look for more by itself.
    Busy,
    /// It waits and wants to be woken.
    Idle,
}

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Woken {
    /// There may be something to do: a hint, never the truth.
    ByEnqueue,
    /// The time was up.
    ByTime,
}

/// Who is at work. A claim lives while its worker beats.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait WorkerRegistry: std::fmt::Debug + Send + Sync + 'static {
    /// Announces one process start; `label` is for people (host and process id).
    async fn register(&self, worker: WorkerId, label: &str) -> Result<(), PortError>;

    /// Says that the worker lives. MUST NOT wait behind the queue's own work. A worker that
    /// misses three beats of two seconds loses its claims.
    async fn beat(&self, worker: WorkerId) -> Result<(), PortError>;

    /// Says whether it wants to be woken. Enqueuers notify only while somebody is idle.
    async fn set_presence(&self, worker: WorkerId, presence: Presence) -> Result<(), PortError>;

    /// Waits until something was enqueued, for at most `longest`. May wake for nothing; MUST
    /// NOT wait longer, even where the notice was lost.
    async fn wait(&self, worker: WorkerId, longest: Duration) -> Result<Woken, PortError>;

    /// Takes leave. What the worker still holds is free at once.
    async fn retire(&self, worker: WorkerId) -> Result<(), PortError>;
}

/// How often a worker says that it lives.
pub const BEAT_EVERY: Duration = Duration::from_secs(2);
/// How old a beat may grow before the worker counts as dead: three missed beats.
pub const BEAT_STALE: Duration = Duration::from_secs(6);
