//! The ways out, each asked by its own adapter.

use postroom_domain::invalid::Invalid;
use postroom_ports::probe::{Finding, Probed};

use super::Patient;
use crate::config::Provider;
use crate::wiring;

pub(super) async fn probe(patient: &Patient<'_>) -> Probed {
    let mut all = Probed::default();
    for provider in patient.config.providers() {
        let probed = one(patient, provider).await;
        all.findings.extend(probed.findings);
        all.keys.extend(probed.keys);
    }
    if all.findings.is_empty() {
        let fix = "set SMTP_HOST, or MAILGUN_API_KEY and MAILGUN_DOMAIN";
        all.findings.push(Finding::error("connect", "transports", "no way out is configured", fix));
    }
    all
}

async fn one(patient: &Patient<'_>, provider: Provider) -> Probed {
    let unasked = |fix: String| Probed {
        findings: vec![Finding::error(
            "connect",
            provider.as_str(),
            "it was not asked: its settings have mistakes",
            fix,
        )],
        keys: Vec::new(),
    };
    if is_misread(provider, patient.mistakes) {
        return unasked("mend what `postroom doctor --only configuration` names, and ask again".to_owned());
    }
    match wiring::probe(patient.config, provider, patient.clock.clone()) {
        Ok(probe) => probe.probe().await,
        Err(mistakes) => unasked(mistakes.0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
    }
}

/// Whether the provider's own settings have mistakes, so that asking by them would tell of something else. A wrong
/// sender changes nothing about the server.
fn is_misread(provider: Provider, mistakes: &[Invalid]) -> bool {
    let (variables, table, senders) = match provider {
        Provider::Smtp => ("SMTP_", "smtp.", "SMTP_FROM_"),
        Provider::Mailgun => ("MAILGUN_", "mailgun.", "MAILGUN_FROM_"),
    };
    let is_its =
        |field: &str| (field.starts_with(variables) || field.starts_with(table)) && !field.starts_with(senders);
    mistakes.iter().any(|mistake| is_its(&mistake.field))
}
