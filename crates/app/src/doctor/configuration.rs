//! The settings: what is wrong with them, what is missing, and what belongs on a developer's machine.

use postroom_domain::invalid::Invalid;
use postroom_ports::probe::Finding;

use super::Patient;
use crate::config::{Config, Switch, TlsChoice};
use crate::wiring;

const CHECK: &str = "setting";

pub(super) fn findings(patient: &Patient<'_>) -> Vec<Finding> {
    let mut mistakes = patient.mistakes.to_vec();
    for missing in missing(patient.config) {
        // What could not be read is missing only in a manner of speaking.
        if !mistakes.iter().any(|mistake| mistake.field == missing.field) {
            mistakes.push(missing);
        }
    }
    let mut findings: Vec<Finding> = mistakes.iter().map(mistake).collect();
    findings.extend(doubts(patient.config));
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, "all settings", "everything that a worker needs is there"));
    }
    findings
}

/// A mistake says what is wrong, and often what to do, with a semicolon between.
fn mistake(mistake: &Invalid) -> Finding {
    let field = mistake.field.as_str();
    let (says, fix) = match mistake.reason.split_once("; ") {
        Some((says, fix)) => (says, fix.to_owned()),
        None => (mistake.reason.as_str(), format!("correct {field}; docs/configuration.md says what it may be")),
    };
    Finding::error(CHECK, field, says, fix)
}

/// What only those need who send.
fn missing(config: &Config) -> Vec<Invalid> {
    let mut missing = Vec::new();
    if config.store.is_none() {
        let reason = "is missing; letters need a store: set it to postgres://USER:PASSWORD@HOST/NAME or sqlite://PATH";
        missing.push(Invalid::new("DATABASE_URL", reason));
    }
    missing.extend(wiring::transports(config).err().into_iter().flat_map(|mistakes| mistakes.0));
    if config.workflows.is_none() {
        let reason = "is missing; letters need a sender: set it to an address such as noreply@example.org";
        missing.push(Invalid::new("SMTP_FROM_ADDRESS", reason));
    }
    missing
}

/// What can be meant, and mostly is not.
fn doubts(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(smtp) = config.smtp.as_ref().filter(|smtp| smtp.tls == Some(TlsChoice::None))
        && !wiring::is_on_this_machine(smtp)
    {
        let says = "it is `none`, so letters and their codes cross the network readably";
        findings.push(Finding::warning(
            CHECK,
            "SMTP_TLS",
            says,
            "set it to starttls (port 587) or implicit (port 465)",
        ));
    }
    for (switch, name, says) in [
        (config.email, "EMAIL_ENABLED", "it is false: letters are accepted and wait"),
        (config.worker_enabled, "EMAIL_WORKER_ENABLED", "it is false: `postroom worker` leaves without sending"),
    ] {
        if switch == Switch::Off {
            findings.push(Finding::warning(CHECK, name, says, "set it to true where letters shall go out"));
        }
    }
    findings
}
