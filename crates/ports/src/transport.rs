//! The way out.

use async_trait::async_trait;
use postroom_domain::failure::Failure;
use postroom_domain::id::{DeliveryId, ProviderMessageId, TransportName};
use postroom_domain::lifecycle::Evidence;

use crate::letter::FrozenLetter;
use crate::queue::Support;

/// What a transport can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransportCapabilities {
    /// Whether it may be able to carry a UTF-8 local part (RFC 6531).
    pub smtputf8: Support,
    /// Whether it can be asked what became of a letter in doubt.
    pub reconcile: Support,
    /// The largest message that it takes, in bytes, where that is known beforehand.
    pub max_size: Option<u64>,
    /// How many letters it sends at once.
    pub concurrency: u32,
}

/// What a provider said when it took responsibility for a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What it calls the letter, where it said.
    pub provider_message_id: Option<ProviderMessageId>,
    /// Its words, redacted.
    pub detail: postroom_domain::detail::Detail,
}

/// One letter to hand over.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// Whose record it is.
    pub delivery_id: &'a DeliveryId,
    /// What travels.
    pub letter: &'a FrozenLetter,
}

/// A provider or a mail server.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait MailTransport: std::fmt::Debug + Send + Sync + 'static {
    /// Its name in configuration, events and metrics.
    fn name(&self) -> TransportName;

    /// What it can do.
    fn capabilities(&self) -> TransportCapabilities;

    /// Hands one letter over. It returns a receipt only once the other side took
    /// responsibility; it MUST answer `InDoubt` where it may have and cannot say. The bytes
    /// MUST travel unchanged. Dropping the future MUST leave the transport usable. It MUST
    /// NOT retry by itself after the first byte of the body left.
    async fn send<'a>(&self, outgoing: Outgoing<'a>) -> Result<Receipt, Failure>;

    /// Asks what became of a letter in doubt. Without the capability: [`Evidence::Unknown`].
    /// [`Evidence::NotAccepted`] MUST hold for good: a worker that was taken for dead may still be
    /// handing the letter over, and whoever said "never" too early has it sent twice.
    async fn reconcile<'a>(&self, outgoing: Outgoing<'a>) -> Result<Evidence, Failure>;
}
