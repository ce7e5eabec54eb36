//! The same configuration, but that no letter leaves this machine.

use std::net::SocketAddr;

use postroom_domain::address::{EmailAddress, Mailbox};
use postroom_domain::invalid::Invalid;
use postroom_domain::policy::WorkflowPolicy;
use postroom_domain::retry::RetryPolicy;

use super::{Config, Provider, SmtpSettings, TlsChoice};
use crate::mailroom::{WorkflowSettings, Workflows};

/// How long the inbox, which is in this process, may take for anything.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);
/// Who writes where nobody says so.
const SENDER: (&str, &str) = ("Postroom", "postroom@example.org");

impl Config {
    /// The same, with the mail server at this address as the only way out, whatever else is configured; and with a sender,
    /// where none is.
    ///
    /// # Errors
    /// Never, unless our own sender is miswritten.
    pub fn captured_at(&self, inbox: SocketAddr) -> Result<Self, Invalid> {
        let smtp = SmtpSettings {
            host: inbox.ip().to_string(),
            port: Some(inbox.port()),
            username: None,
            password: None,
            tls: Some(TlsChoice::None),
            ca_file: None,
            timeout: PATIENCE,
            timeout_after_body: PATIENCE,
        };
        let (default, own, held_tenants) = match self.workflows.clone() {
            Some(Workflows { default, own, held_tenants }) => (default, own, held_tenants),
            None => (by_us()?, std::collections::BTreeMap::new(), self.held_tenants.clone()),
        };
        // A workflow's own route may name a provider that is no way out here.
        let here = |settings: WorkflowSettings| WorkflowSettings { route: Vec::new(), ..settings };
        let own = own.into_iter().map(|(name, settings)| (name, here(settings))).collect();
        Ok(Self {
            smtp: Some(smtp),
            mailgun: None,
            route: vec![Provider::Smtp],
            workflows: Some(Workflows { default: here(default), own, held_tenants }),
            ..self.clone()
        })
    }
}

fn by_us() -> Result<WorkflowSettings, Invalid> {
    let (name, address) = SENDER;
    let sender = Mailbox::new(Some(name), EmailAddress::parse(address)?)?;
    Ok(WorkflowSettings::new(WorkflowPolicy::with_retry(RetryPolicy::standard()), sender))
}
