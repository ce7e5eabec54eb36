//! The rules of every probe, on Mailgun's; and what its account of a domain comes to.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use postroom_adapters_mailgun::{MailgunConfig, MailgunProbe, MailgunTransport, TestMode, Timeouts};
use postroom_ports::contract::{Peer, ProbeHarness, ReceivedLetter, TransportHarness};
use postroom_ports::probe::{Severity, SigningKey, TransportProbe};
use postroom_ports::transport::MailTransport;
use tokio::sync::Mutex;

use crate::contract::set;
use crate::fake::{Act, Fake};

struct Harness {
    config: MailgunConfig,
    fake: Mutex<Fake>,
}

fn domain(state: &str) -> Act {
    let records = r#"[{"record_type": "TXT", "name": "s1._domainkey.mg.example.org", "valid": "valid"},
                      {"record_type": "CNAME", "name": "email.mg.example.org", "valid": "unknown"}]"#;
    Act::json(200, &format!(r#"{{"domain": {{"state": "{state}"}}, "sending_dns_records": {records}}}"#))
}

#[async_trait]
impl TransportHarness for Harness {
    async fn fresh() -> Self {
        let fake = Fake::plain().await;
        let timeouts = Timeouts { whole: Duration::from_secs(5), ..Timeouts::default() };
        let config = MailgunConfig { base_url: fake.url(), timeouts, ..MailgunConfig::new("key", "mg.example.org") };
        let harness = Self { config, fake: Mutex::new(fake) };
        harness.set_peer(Peer::Accept).await;
        harness
    }

    fn transport(&self) -> Arc<dyn MailTransport> {
        Arc::new(MailgunTransport::new(self.config.clone()).unwrap())
    }

    async fn set_peer(&self, peer: Peer) {
        let mut fake = self.fake.lock().await;
        set(&mut fake, peer).await;
        if peer == Peer::Accept {
            fake.always(domain("active"));
        }
    }

    async fn received(&self) -> Vec<ReceivedLetter> {
        let seen = self.fake.lock().await.seen();
        assert!(seen.iter().all(|request| request.line.starts_with("GET /v4/domains/mg.example.org ")), "{seen:?}");
        Vec::new()
    }
}

impl ProbeHarness for Harness {
    fn probe(&self) -> Arc<dyn TransportProbe> {
        Arc::new(MailgunProbe::new(self.config.clone()).unwrap())
    }
}

postroom_ports::probe_contract!(Harness);

/// What is said under this check, when Mailgun answers so.
async fn found(act: Act, check: &str) -> Option<(Severity, String)> {
    let harness = Harness::fresh().await;
    harness.fake.lock().await.always(act);
    let probed = harness.probe().probe().await;
    let found = probed.findings.into_iter().find(|finding| finding.check == check)?;
    Some((found.severity, format!("{} {}", found.says, found.fix.unwrap_or_default())))
}

#[tokio::test]
async fn each_answer_is_named_with_what_to_do() {
    let reason = r#"{"message": "no"}"#;
    let table = [
        (domain("active"), "domain", Severity::Ok, "active"),
        (domain("unverified"), "domain", Severity::Error, "publish"),
        (domain("disabled"), "domain", Severity::Error, "support"),
        (domain("active"), "domain-records", Severity::Warning, "CNAME"),
        (Act::json(401, reason), "key", Severity::Error, "MAILGUN_API_KEY"),
        (Act::json(403, reason), "key", Severity::Error, "MAILGUN_API_URL"),
        (Act::json(404, reason), "domain", Severity::Error, "MAILGUN_DOMAIN"),
        (Act::json(500, reason), "connect", Severity::Error, "status page"),
        (Act::json(200, "[]"), "connect", Severity::Error, "not the API's"),
    ];
    for (act, check, severity, words) in table {
        let (as_found, says) = found(act, check).await.unwrap();
        assert_eq!(as_found, severity, "{says}");
        assert!(says.contains(words), "{says}");
    }
}

#[tokio::test]
async fn its_keys_are_told_and_test_mode_is_a_doubt() {
    let mut harness = Harness::fresh().await;
    harness.config.test_mode = TestMode::On;
    let probed = harness.probe().probe().await;
    let key = SigningKey { selector: "s1".to_owned(), domain: "mg.example.org".to_owned() };
    assert_eq!(probed.keys, [key]);
    assert!(probed.findings.iter().any(|finding| finding.check == "test-mode"), "{:?}", probed.findings);
}
