//! The transport itself.

use std::fmt;

use async_trait::async_trait;
use postroom_domain::failure::Failure;
use postroom_domain::id::TransportName;
use postroom_domain::lifecycle::Evidence;
use postroom_ports::queue::Support;
use postroom_ports::transport::{MailTransport, Outgoing, Receipt, TransportCapabilities};

use crate::config::{SmtpConfig, SmtpConfigError};
use crate::pool::Pool;
use crate::session::{Cause, Deadline, Setback, Settings, check_line_ends};
use crate::tls::Security;

/// Letters by SMTP, over a pool of connections to one mail server.
pub struct SmtpTransport {
    name: TransportName,
    pool: Pool,
}

impl SmtpTransport {
    /// A transport to the server of this configuration. Nothing is connected yet.
    ///
    /// # Errors
    /// Whatever [`SmtpConfig::validate`] finds.
    pub fn new(config: SmtpConfig) -> Result<Self, SmtpConfigError> {
        config.validate()?;
        let one = |mistake| SmtpConfigError { mistakes: vec![mistake] };
        let name = TransportName::parse("smtp").map_err(one)?;
        let security = Security::of(&config).map_err(one)?;
        Ok(Self { name, pool: Pool::new(Settings { config, security }) })
    }

    fn config(&self) -> &SmtpConfig {
        &self.pool.settings().config
    }
}

#[async_trait]
impl MailTransport for SmtpTransport {
    fn name(&self) -> TransportName {
        self.name.clone()
    }

    fn capabilities(&self) -> TransportCapabilities {
        TransportCapabilities {
            smtputf8: Support::Yes,
            // SMTP has no way of asking what became of a letter.
            reconcile: Support::No,
            max_size: None,
            concurrency: self.config().pool.connections,
        }
    }

    async fn send<'a>(&self, outgoing: Outgoing<'a>) -> Result<Receipt, Failure> {
        let letter = outgoing.letter;
        check_line_ends(&letter.bytes)?;
        let deadline = Deadline::after(self.config().timeouts.whole);
        let mut lease = self.pool.lease(deadline).await?;
        let mut outcome = lease.deliver(letter, deadline).await;
        if let Err(Setback { cause: Cause::StaleConnection, .. }) = outcome {
            lease = lease.redial(deadline).await?;
            outcome = lease.deliver(letter, deadline).await;
        }
        lease.release().await;
        outcome.map_err(|setback| setback.failure)
    }

    async fn reconcile<'a>(&self, _outgoing: Outgoing<'a>) -> Result<Evidence, Failure> {
        Ok(Evidence::Unknown)
    }
}

impl fmt::Debug for SmtpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpTransport").field("config", self.config()).finish_non_exhaustive()
    }
}
