//! Brands that no letter bears, and links that every letter has.

use super::{Finding, Rule, Severity};
use crate::link;
use crate::templates::Templates;

pub(super) fn findings(templates: &Templates) -> Vec<Finding> {
    let portals = templates.portals();
    let finding =
        |severity, message| Finding { template: None, locale: None, file: None, severity, rule: Rule::Brand, message };
    let idle = templates.brands().portals().filter(|portal| !portals.contains(portal)).map(|portal| {
        let known = portals.join(", ");
        finding(Severity::Error, format!("the brand of '{portal}' is for no letter: there are templates in {known}"))
    });
    let plain = templates.brands().links().filter(|(_, url)| link::is_plain_http(url)).map(|(label, _)| {
        finding(Severity::Warning, format!("the link '{label}' below each letter is http; use https"))
    });
    idle.chain(plain).collect()
}
