//! What letters are made of, as `postroom templates lint` sees it.

use postroom_ports::probe::Finding;

use crate::config::Config;
use crate::wiring::{self, Severity};

const CHECK: &str = "lint";

pub(super) fn findings(config: &Config) -> Vec<Finding> {
    let linted = match wiring::lint(config) {
        Ok(linted) => linted,
        Err(mistakes) => {
            let finding = |mistake: &postroom_domain::invalid::Invalid| {
                Finding::error(CHECK, &mistake.field, &mistake.reason, format!("correct {}", mistake.field))
            };
            return mistakes.0.iter().map(finding).collect();
        }
    };
    if linted.is_empty() {
        return vec![Finding::ok(CHECK, "all templates", "nothing to find fault with")];
    }
    linted.into_iter().map(finding).collect()
}

fn finding(linted: wiring::Finding) -> Finding {
    let subject = linted.file.or(linted.template).unwrap_or_else(|| "configuration".to_owned());
    let fix = format!("rule {}: `postroom templates lint` tells more", linted.rule.as_str());
    let found = match linted.severity {
        Severity::Error => Finding::error,
        Severity::Warning => Finding::warning,
    };
    found(CHECK, subject, linted.message, fix)
}
