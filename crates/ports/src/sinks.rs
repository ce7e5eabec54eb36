//! Those who want to hear: of every transition, of alarms, of letters that were given up.
#![expect(clippy::needless_lifetimes, reason = "mockall cannot do without the name of this one")]
#![cfg_attr(feature = "mock", expect(clippy::ref_option_ref, reason = "mockall writes its matchers so"))]

use async_trait::async_trait;
use postroom_domain::failure::Code;
use postroom_domain::id::{DeliveryId, TransportName, Workflow};
use postroom_domain::lifecycle::{Alarm, Transition};

use crate::error::PortError;

/// Called with every transition after it was committed, in order per delivery. It MUST return
/// soon and cannot refuse anything: what must not be lost is read from the events instead.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait Observer: std::fmt::Debug + Send + Sync + 'static {
    /// One committed transition; `provider` is the transport whose answer it follows from, where one answered.
    fn committed<'a>(
        &self,
        delivery: &DeliveryId,
        workflow: &Workflow,
        provider: Option<&'a TransportName>,
        transition: &Transition,
    );
}

/// Something that a person has to hear about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// What it is.
    pub alarm: Alarm,
    /// The letter that raised it.
    pub delivery_id: DeliveryId,
    /// Its workflow.
    pub workflow: Workflow,
    /// The transport that answered, where one did.
    pub transport: Option<TransportName>,
    /// The code of the failure.
    pub code: Option<Code>,
}

/// The way to a person. It MUST NOT lead through the transport that is in trouble.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Notifier: std::fmt::Debug + Send + Sync + 'static {
    /// Tells about `alert`; once per cause is enough.
    async fn alert(&self, alert: &Alert) -> Result<(), PortError>;
}

/// Where letters go that were given up, beside their record.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait DeadLetterSink: std::fmt::Debug + Send + Sync + 'static {
    /// Takes note of one dead letter. May be called twice for the same one.
    async fn put(&self, alert: &Alert) -> Result<(), PortError>;
}
