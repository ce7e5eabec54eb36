//! Time and chance: the two things that the domain never asks for.

use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::id::DeliveryId;
use postroom_domain::id::WorkerId;
use postroom_domain::retry::Jitter;
use postroom_domain::time::Timestamp;

/// A clock. Deadlines and due times never depend on `now`, only on what the store says and on
/// how much time has `elapsed` since.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Clock: std::fmt::Debug + Send + Sync + 'static {
    /// The time of day, for Date headers and logs.
    fn now(&self) -> Timestamp;

    /// Time since some fixed point; never runs backwards.
    fn elapsed(&self) -> Duration;

    /// Waits.
    async fn sleep(&self, duration: Duration);
}

/// A source of chance and of new names.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait Chance: std::fmt::Debug + Send + Sync + 'static {
    /// One sample for a wait.
    fn jitter(&self) -> Jitter;

    /// A new delivery id, rising with time (UUIDv7).
    fn delivery_id(&self) -> DeliveryId;

    /// A new worker id.
    fn worker_id(&self) -> WorkerId;
}
