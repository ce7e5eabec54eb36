//! What receivers look up of a sender before they believe a letter.
//!
//! ```text
//!   Names (hickory, or a test's own) ─▶ spf · dkim · dmarc · mx ─▶ findings
//! ```
//!
//! Each part asks, and a pure function beside it judges what came back.

mod dkim;
mod dmarc;
mod mx;
mod names;
mod spf;

use std::collections::BTreeSet;
use std::time::Duration;

use postroom_ports::probe::{Finding, SigningKey};
use tokio::time::timeout;

pub use self::names::{Hickory, Mx, Names, Unanswered};
use super::Questions;
use crate::config::{Config, Provider};

/// How long the questions about one domain may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asks about every domain that writes.
pub(super) async fn findings(config: &Config, questions: &Questions, keys: &[SigningKey]) -> Vec<Finding> {
    let domains = domains(config, &questions.sender_domains);
    if domains.is_empty() {
        let says = "no sender is configured, so there is no domain to ask for";
        return vec![Finding::warning(
            "sender",
            "sender.address",
            says,
            "set SMTP_FROM_ADDRESS, or give --sender-domain",
        )];
    }
    let names = match Hickory::new(questions.resolver) {
        Ok(names) => names,
        Err(error) => return domains.iter().map(|domain| unasked(domain, &error)).collect(),
    };
    let mut findings = Vec::new();
    for domain in domains {
        let selectors = config.dkim_selectors.iter().chain(&questions.dkim_selectors).cloned();
        let own = selectors.map(|selector| SigningKey { selector, domain: domain.clone() });
        let sender =
            Sender { domain: &domain, envelope: envelope(config), keys: own.chain(keys.iter().cloned()).collect() };
        findings.extend(match timeout(PATIENCE, about(&names, &sender)).await {
            Ok(findings) => findings,
            Err(_) => vec![unasked(&domain, &Unanswered("the time ran out".to_owned()))],
        });
    }
    findings
}

/// Whose domain stands in the envelope, which is what SPF is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Envelope {
    /// The sender's.
    Ours,
    /// The provider's: it takes bounces in, and its own records vouch for it.
    Providers,
}

/// Somebody who writes.
#[derive(Clone, Debug)]
pub struct Sender<'a> {
    /// The domain of their address.
    pub domain: &'a str,
    /// Whose domain stands in the envelope.
    pub envelope: Envelope,
    /// The keys that sign their letters.
    pub keys: Vec<SigningKey>,
}

/// Asks about one sender. Where the DNS does not answer once, the rest is not asked.
pub async fn about(names: &dyn Names, sender: &Sender<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let asked: Result<(), Unanswered> = async {
        findings.extend(spf::look(names, sender).await?);
        findings.extend(dkim::look(names, sender).await?);
        findings.extend(dmarc::look(names, sender.domain).await?);
        findings.push(mx::look(names, sender.domain).await?);
        Ok(())
    }
    .await;
    findings.extend(asked.err().map(|error| unasked(sender.domain, &error)));
    findings
}

fn unasked(domain: &str, error: &Unanswered) -> Finding {
    let fix = "give another resolver with --resolver, or ask from a host that has one";
    Finding::warning("dns", domain, format!("the DNS could not be asked: {error}"), fix)
}

fn envelope(config: &Config) -> Envelope {
    let providers = config.providers();
    if !providers.is_empty() && providers.iter().all(|provider| *provider == Provider::Mailgun) {
        Envelope::Providers
    } else {
        Envelope::Ours
    }
}

fn domains(config: &Config, named: &[String]) -> BTreeSet<String> {
    if !named.is_empty() {
        return named.iter().map(|domain| domain.trim_end_matches('.').to_ascii_lowercase()).collect();
    }
    let all = config.workflows.iter().flat_map(|workflows| workflows.own.values().chain([&workflows.default]));
    all.map(|settings| settings.sender.address().domain().to_ascii_lowercase()).collect()
}
