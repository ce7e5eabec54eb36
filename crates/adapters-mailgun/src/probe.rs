//! Whether Mailgun would take a letter: asked of its account of our domain, without handing one over.

use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::failure::Failure;
use postroom_domain::id::TransportName;
use postroom_ports::probe::{Finding, Probed, SigningKey, TransportProbe};

use crate::config::{MailgunConfig, MailgunConfigError, TestMode, Timeouts};
use crate::http::{Domain, HttpClient, Record};

/// How long all of it may take: a person is waiting, no letter.
const PATIENCE: Duration = Duration::from_secs(15);

/// Asks Mailgun for the domain of a configuration.
#[derive(Debug)]
pub struct MailgunProbe {
    name: TransportName,
    client: HttpClient,
    domain: String,
    test_mode: TestMode,
}

impl MailgunProbe {
    /// A probe of this configuration's domain. Nothing is connected yet.
    ///
    /// # Errors
    /// Whatever [`MailgunConfig::validate`] finds.
    pub fn new(config: MailgunConfig) -> Result<Self, MailgunConfigError> {
        config.validate()?;
        let name = TransportName::parse("mailgun")?;
        let (domain, test_mode) = (config.domain.clone(), config.test_mode);
        let timeouts =
            Timeouts { connect: config.timeouts.connect.min(PATIENCE), whole: config.timeouts.whole.min(PATIENCE) };
        Ok(Self { name, client: HttpClient::new(MailgunConfig { timeouts, ..config })?, domain, test_mode })
    }

    fn account(&self, answer: &Domain) -> Vec<Finding> {
        let subject = self.domain.as_str();
        let mut findings = vec![Finding::ok("key", subject, "Mailgun accepts the key and knows the domain")];
        findings.push(state(&answer.domain.state, subject));
        if self.test_mode == TestMode::On {
            let says = "in test mode Mailgun accepts letters and delivers none";
            findings.push(Finding::warning(
                "test-mode",
                subject,
                says,
                "set MAILGUN_TEST_MODE=false where letters shall arrive",
            ));
        }
        let missing = answer.sending_dns_records.iter().filter(|record| record.valid != "valid");
        findings.extend(missing.map(|record| unfound(record, subject)));
        findings
    }
}

#[async_trait]
impl TransportProbe for MailgunProbe {
    fn name(&self) -> TransportName {
        self.name.clone()
    }

    async fn probe(&self) -> Probed {
        match self.client.domain().await {
            Ok(answer) => Probed {
                findings: self.account(&answer),
                keys: answer.sending_dns_records.iter().filter_map(key).collect(),
            },
            Err(failure) => Probed { findings: vec![setback(&failure, &self.domain)], keys: Vec::new() },
        }
    }
}

fn state(state: &str, subject: &str) -> Finding {
    match state {
        "active" => Finding::ok("domain", subject, "the domain is active at Mailgun"),
        "unverified" => {
            let says = "the domain is not verified, so Mailgun refuses its letters";
            Finding::error(
                "domain",
                subject,
                says,
                "publish the DNS records that Mailgun's control panel shows, and verify",
            )
        }
        _ => {
            let says = "Mailgun has switched the domain off";
            Finding::error("domain", subject, says, "ask Mailgun's support; its control panel says why")
        }
    }
}

fn unfound(record: &Record, subject: &str) -> Finding {
    let name = record.name.as_deref().unwrap_or(subject);
    let says = format!("Mailgun does not find its {} record", record.kind);
    Finding::warning("domain-records", name, says, "publish it as Mailgun's control panel shows it")
}

fn key(record: &Record) -> Option<SigningKey> {
    let (selector, domain) = record.name.as_deref()?.split_once("._domainkey.")?;
    Some(SigningKey { selector: selector.to_owned(), domain: domain.trim_end_matches('.').to_owned() })
}

fn setback(failure: &Failure, subject: &str) -> Finding {
    let code = failure.code.as_str();
    let (check, fix) = match code {
        "HTTP_401" | "HTTP_403" => (
            "key",
            "copy MAILGUN_API_KEY anew from Mailgun's control panel; a key of the EU region needs \
             MAILGUN_API_URL=https://api.eu.mailgun.net, and one that may only send cannot be asked for",
        ),
        "HTTP_404" => (
            "domain",
            "correct MAILGUN_DOMAIN; a domain of the EU region needs MAILGUN_API_URL=https://api.eu.mailgun.net",
        ),
        "TLS" => ("connect", "correct MAILGUN_API_URL, or name the CA in MAILGUN_CA_FILE"),
        _ if code.starts_with("HTTP_") => ("connect", "ask again; if it stays so, see Mailgun's status page"),
        _ => ("connect", "let the firewall through to MAILGUN_API_URL, and correct it if it is another"),
    };
    let says = match code {
        "HTTP_401" | "HTTP_403" => format!("Mailgun refuses the key ({code})"),
        "HTTP_404" => format!("Mailgun knows no such domain ({code})"),
        _ => format!("{} ({code})", failure.detail.as_str()),
    };
    Finding::error(check, subject, says, fix)
}
