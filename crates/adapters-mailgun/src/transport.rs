//! The transport itself.

use async_trait::async_trait;
use postroom_domain::detail::Detail;
use postroom_domain::failure::{Code, Failure, FailureClass};
use postroom_domain::id::{ProviderMessageId, TransportName};
use postroom_domain::lifecycle::Evidence;
use postroom_ports::queue::Support;
use postroom_ports::transport::{MailTransport, Outgoing, Receipt, TransportCapabilities};

use crate::client::MailgunClient;
use crate::config::{MailgunConfig, MailgunConfigError};
use crate::http::HttpClient;
use crate::sdk::SdkClient;

/// The largest message that Mailgun takes, in bytes.
pub(crate) const SIZE_LIMIT: u64 = 25_000_000;

/// Letters by Mailgun.
#[derive(Debug)]
pub struct MailgunTransport {
    name: TransportName,
    client: Box<dyn MailgunClient>,
}

impl MailgunTransport {
    /// A transport by our own client, which carries the frozen bytes. Nothing is connected yet.
    ///
    /// # Errors
    /// Whatever [`MailgunConfig::validate`] finds.
    pub fn new(config: MailgunConfig) -> Result<Self, MailgunConfigError> {
        config.validate()?;
        Self::by(Box::new(HttpClient::new(config)?))
    }

    /// A transport by mailgun-rs's own sender, which carries text and HTML, and neither
    /// Message-ID nor further headers, tags or test mode. It follows `HTTPS_PROXY`.
    ///
    /// # Errors
    /// Whatever [`MailgunConfig::validate`] finds, and every setting that this sender would
    /// leave out in silence.
    pub fn by_sdk(config: MailgunConfig) -> Result<Self, MailgunConfigError> {
        config.validate()?;
        Self::by(Box::new(SdkClient::new(config)?))
    }

    fn by(client: Box<dyn MailgunClient>) -> Result<Self, MailgunConfigError> {
        Ok(Self { name: TransportName::parse("mailgun")?, client })
    }

    /// Refuses what the API is known to refuse, before megabytes travel for it.
    fn check(&self, outgoing: Outgoing<'_>) -> Result<(), Failure> {
        let rejected = |code, detail| Err(Failure::new(FailureClass::Rejected, code, detail));
        let capabilities = self.capabilities();
        let size = u64::try_from(outgoing.letter.bytes.len()).unwrap_or(u64::MAX);
        if capabilities.max_size.is_some_and(|limit| size > limit) {
            return rejected(Code::TOO_LARGE, "the message is larger than Mailgun takes");
        }
        if capabilities.smtputf8 == Support::No && outgoing.letter.rcpt_to.needs_smtputf8() {
            return rejected("SMTPUTF8", "the recipient's address is not ASCII, and Mailgun cannot be relied on there");
        }
        Ok(())
    }
}

#[async_trait]
impl MailTransport for MailgunTransport {
    fn name(&self) -> TransportName {
        self.name.clone()
    }

    fn capabilities(&self) -> TransportCapabilities {
        self.client.capabilities()
    }

    async fn send<'a>(&self, outgoing: Outgoing<'a>) -> Result<Receipt, Failure> {
        self.check(outgoing)?;
        let accepted = self.client.send(outgoing).await?;
        Ok(Receipt {
            provider_message_id: ProviderMessageId::parse(accepted.id).ok(),
            detail: Detail::redacted(&accepted.message),
        })
    }

    async fn reconcile<'a>(&self, outgoing: Outgoing<'a>) -> Result<Evidence, Failure> {
        self.client.ask(outgoing).await
    }
}
