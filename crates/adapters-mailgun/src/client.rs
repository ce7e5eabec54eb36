//! The seam: what the transport needs of whoever speaks to Mailgun.

use std::fmt::Debug;

use async_trait::async_trait;
use mailgun_rs::SendResponse;
use postroom_domain::failure::Failure;
use postroom_domain::lifecycle::Evidence;
use postroom_ports::transport::{Outgoing, TransportCapabilities};

/// Somebody who speaks to Mailgun. What it cannot carry it refuses; it never drops a part.
#[async_trait]
pub(crate) trait MailgunClient: Debug + Send + Sync + 'static {
    /// What it can do.
    fn capabilities(&self) -> TransportCapabilities;

    /// Hands one letter over; the id comes without angle brackets.
    async fn send<'a>(&self, outgoing: Outgoing<'a>) -> Result<SendResponse, Failure>;

    /// Asks what became of a letter in doubt.
    async fn ask<'a>(&self, outgoing: Outgoing<'a>) -> Result<Evidence, Failure>;
}
