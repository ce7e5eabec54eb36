//! `postroom doctor`.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;
use comfy_table::{Cell, Color};
use postroom_ports::probe::{Finding, Severity};
use serde_json::{Value, json};

use super::context::{Context, Format};
use super::{Failure, Global, output, progress, table};
use crate::config::parse_duration;
use crate::doctor::{Area, Patient, Questions, examine};
use crate::system::SystemClock;

/// Asks everything that letters depend on, sends nothing and changes nothing, and says what to do about what it finds.
#[derive(Args, Debug)]
#[command(after_help = "\
It runs where the configuration is wrong, the database is away or there is no network: each of these is a finding.

What is asked:
  configuration  every setting, and what is missing
  database       version, schema, indexes, rights, pooler, notices, vacuum, old transactions, clock, room
  transports     SMTP up to signing in, certificate included; Mailgun's account of the domain
  dns            SPF, DKIM, DMARC and MX of each sender's domain
  templates      as `postroom templates lint`

Exit status: 0 no error (warnings are none) · 1 at least one error · 2 wrong usage.
Examples:
  postroom doctor
  postroom doctor --only database,transports --json
  postroom doctor --only dns --sender-domain example.org --dkim-selector s1
Each check and its fix: docs/doctor.md")]
pub(super) struct Doctor {
    /// Ask only these parts
    #[arg(long, value_name = "PART,…", value_delimiter = ',', value_parser = areas())]
    only: Vec<String>,
    /// Whom to ask for names instead of whom the system asks
    #[arg(long, value_name = "IP[:PORT]", value_parser = resolver)]
    resolver: Option<SocketAddr>,
    /// A domain that writes, instead of those of the configured senders; may be repeated
    #[arg(long = "sender-domain", value_name = "DOMAIN", value_parser = name)]
    sender_domains: Vec<String>,
    /// A selector by which letters are signed (DKIM), beside `dns.dkim_selectors`; may be repeated
    #[arg(long = "dkim-selector", value_name = "SELECTOR", value_parser = name)]
    dkim_selectors: Vec<String>,
    /// How old a transaction of the database may be before it is named
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = time)]
    longest_transaction: Duration,
}

fn areas() -> PossibleValuesParser {
    PossibleValuesParser::new(Area::ALL.map(Area::as_str))
}

fn resolver(text: &str) -> Result<SocketAddr, String> {
    let address = text.parse().or_else(|_| text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53)));
    address.map_err(|_| "must be an IP address, with or without a port, such as 9.9.9.9 or [::1]:5353".to_owned())
}

/// Letters, digits, hyphens, underscores and dots: what may stand in a name of the DNS.
fn name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    if !text.is_empty() && text.len() <= 253 && text.chars().all(plain) && !text.contains("..") {
        return Ok(text.to_owned());
    }
    Err("must be a name of the DNS, such as example.org".to_owned())
}

fn time(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| "must be a time such as 30s, 5m or 1h".to_owned())
}

impl Doctor {
    /// Runs it.
    ///
    /// # Errors
    /// At least one finding is an error.
    pub(super) async fn run(self, global: &Global) -> Result<(), Failure> {
        let (context, mistakes) = Context::despite_mistakes(global, "off")?;
        let patient = Patient { config: &context.config, mistakes: &mistakes, clock: Arc::new(SystemClock::start()) };
        let waiting = progress::waiting();
        let found = examine(&patient, &self.questions(), |area| {
            waiting.set_message(format!("asking: {}", area.as_str()));
        })
        .await;
        waiting.finish_and_clear();
        report(&context, &found)
    }

    fn questions(self) -> Questions {
        let wanted = |area: &Area| self.only.is_empty() || self.only.iter().any(|name| name == area.as_str());
        Questions {
            areas: Area::ALL.into_iter().filter(wanted).collect(),
            resolver: self.resolver,
            sender_domains: self.sender_domains,
            dkim_selectors: self.dkim_selectors,
            longest_transaction: self.longest_transaction,
        }
    }
}

fn report(context: &Context, found: &[(Area, Vec<Finding>)]) -> Result<(), Failure> {
    let [ok, warnings, errors] = Severity::ALL.map(|severity| {
        found.iter().flat_map(|(_, findings)| findings).filter(|finding| finding.severity == severity).count()
    });
    match context.format {
        Format::Json => {
            let findings: Vec<Value> = found
                .iter()
                .flat_map(|(area, findings)| findings.iter().map(|finding| document(*area, finding)))
                .collect();
            let all = json!({ "findings": findings, "ok": ok, "warnings": warnings, "errors": errors });
            output::line(&all.to_string());
        }
        Format::Text => {
            for (area, findings) in found {
                let header = [area.as_str(), "", "about", "what was found"];
                output::line(&table::table(context.colours, header, findings.iter().map(row).collect()));
                output::line("");
            }
            output::line(&format!("{ok} in order · {} · {}", count(warnings, "warning"), count(errors, "error")));
        }
    }
    if errors == 0 {
        return Ok(());
    }
    Err(Failure::refused(format!(
        "{}; each says behind → what to do, and docs/doctor.md says more",
        count(errors, "error")
    )))
}

fn count(number: usize, what: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {what}{ending}")
}

fn row(finding: &Finding) -> [Cell; 4] {
    let colour = match finding.severity {
        Severity::Ok => Color::Green,
        Severity::Warning => Color::Yellow,
        Severity::Error => Color::Red,
    };
    let what = match &finding.fix {
        Some(fix) => format!("{}\n→ {fix}", finding.says),
        None => finding.says.clone(),
    };
    [
        Cell::new(finding.check),
        Cell::new(finding.severity.as_str()).fg(colour),
        Cell::new(&finding.subject),
        Cell::new(what),
    ]
}

fn document(area: Area, finding: &Finding) -> Value {
    json!({
        "check": format!("{}.{}", area.as_str(), finding.check),
        "subject": finding.subject,
        "severity": finding.severity.as_str(),
        "says": finding.says,
        "fix": finding.fix,
    })
}
