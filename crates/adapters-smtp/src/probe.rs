//! Whether a letter would get through: everything up to MAIL FROM, and then QUIT.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::failure::Failure;
use postroom_domain::id::TransportName;
use postroom_domain::time::Timestamp;
use postroom_ports::clock::Clock;
use postroom_ports::probe::{Finding, Probed, TransportProbe};
use rustls_pki_types::CertificateDer;
use x509_parser::parse_x509_certificate;

use crate::config::{SmtpConfig, SmtpConfigError, Timeouts, TlsMode};
use crate::session::{Deadline, Session, Settings, Trail};
use crate::tls::Security;

/// How long one stage may take: a person is waiting, no letter.
const STAGE: Duration = Duration::from_secs(10);
/// How long all of it may take.
const WHOLE: Duration = Duration::from_secs(30);
/// From how many days before its end on a certificate is worth a word. Most are renewed a month before.
const DAYS: i64 = 21;
const DAY: i64 = 86_400;

/// Asks the mail server of a configuration.
#[derive(Debug)]
pub struct SmtpProbe {
    name: TransportName,
    settings: Settings,
    clock: Arc<dyn Clock>,
}

impl SmtpProbe {
    /// A probe of the server of this configuration; `clock` says how long a certificate still holds. Nothing is
    /// connected yet.
    ///
    /// # Errors
    /// Whatever [`SmtpConfig::validate`] finds.
    pub fn new(config: SmtpConfig, clock: Arc<dyn Clock>) -> Result<Self, SmtpConfigError> {
        config.validate()?;
        let one = |mistake| SmtpConfigError { mistakes: vec![mistake] };
        let name = TransportName::parse("smtp").map_err(one)?;
        let security = Security::of(&config).map_err(one)?;
        let stage = |time: Duration| time.min(STAGE);
        let timeouts = Timeouts {
            connect: stage(config.timeouts.connect),
            greeting: stage(config.timeouts.greeting),
            command: stage(config.timeouts.command),
            ..config.timeouts
        };
        Ok(Self { name, settings: Settings { config: SmtpConfig { timeouts, ..config }, security }, clock })
    }

    /// What was met on the way, where nothing went wrong there.
    fn met(&self, trail: &Trail, subject: &str) -> Vec<Finding> {
        let config = &self.settings.config;
        let mut findings = Vec::new();
        if trail.connected {
            findings.push(Finding::ok("connect", subject, "somebody listens there"));
        }
        if let Some(certificate) = &trail.certificate {
            findings.push(validity(certificate, self.clock.now(), subject));
        }
        if trail.greeted {
            let says = match config.tls_mode() {
                TlsMode::None => "it speaks SMTP, without encryption",
                TlsMode::StartTls | TlsMode::Implicit => "it speaks SMTP, encrypted",
            };
            findings.push(Finding::ok("greeting", subject, says));
        }
        findings
    }
}

#[async_trait]
impl TransportProbe for SmtpProbe {
    fn name(&self) -> TransportName {
        self.name.clone()
    }

    async fn probe(&self) -> Probed {
        let config = &self.settings.config;
        let subject = format!("{}:{}", config.host, config.port);
        let mut trail = Trail::default();
        let opened = Session::open_noting(&self.settings, Deadline::after(WHOLE), &mut trail).await;
        let mut findings = self.met(&trail, &subject);
        match opened {
            Ok(session) => {
                let says =
                    if config.username.is_some() { "it let us sign in" } else { "nobody signs in, as configured" };
                findings.push(Finding::ok("auth", &subject, says));
                session.farewell().await;
            }
            Err(failure) => findings.push(setback(&failure, &trail, &subject)),
        }
        Probed { findings, keys: Vec::new() }
    }
}

/// Why nobody would take a letter, and what to do about it.
fn setback(failure: &Failure, trail: &Trail, subject: &str) -> Finding {
    let check = match failure.code.as_str() {
        "TLS" => "certificate",
        "STARTTLS_MISSING" => "starttls",
        _ if trail.greeted => "auth",
        _ if trail.connected => "greeting",
        _ => "connect",
    };
    let fix = match (check, failure.code.as_str()) {
        (_, "DNS") => "correct SMTP_HOST, or this host's DNS",
        (_, "CONNECT_REFUSED") => "correct SMTP_HOST and SMTP_PORT (587 and 465 are usual), or start the mail server",
        (_, "STARTTLS_MISSING") => {
            "set SMTP_TLS=implicit if it speaks TLS from the start (port 465), or let it offer STARTTLS"
        }
        ("certificate", _) => {
            "renew the certificate on the mail server, name its CA in SMTP_CA_FILE, or correct SMTP_HOST"
        }
        ("auth", _) => "correct SMTP_USERNAME and SMTP_PASSWORD",
        ("connect", _) => {
            "let the firewall through to SMTP_HOST and SMTP_PORT; many hosts block 25, 465 and 587 at first"
        }
        _ => "look into the mail server's log; correct SMTP_PORT and SMTP_TLS if it speaks another way there",
    };
    let says = format!("{} ({})", failure.detail.as_str(), failure.code.as_str());
    Finding::error(check, subject, says, fix)
}

/// How long a certificate still holds. That it holds now was checked by the handshake.
fn validity(certificate: &CertificateDer<'_>, now: Timestamp, subject: &str) -> Finding {
    let Ok((_, parsed)) = parse_x509_certificate(certificate) else {
        let fix = "look at it with `openssl s_client`";
        return Finding::warning("certificate", subject, "nobody can tell how long the certificate holds", fix);
    };
    let days = (parsed.validity().not_after.timestamp() - now.as_micros() / 1_000_000) / DAY;
    let says = format!("the certificate holds for {days} more days");
    if days < DAYS {
        return Finding::warning(
            "certificate",
            subject,
            says,
            "renew it on the mail server before letters stay behind",
        );
    }
    Finding::ok("certificate", subject, says)
}

#[cfg(test)]
mod tests {
    use postroom_ports::probe::Severity;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    #[test]
    fn a_certificate_that_ends_within_three_weeks_is_worth_a_word() {
        let mut parameters = CertificateParams::new(["localhost".to_owned()]).unwrap();
        parameters.not_after = date_time_ymd(2030, 1, 31);
        let certificate = parameters.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let end = date_time_ymd(2030, 1, 31).unix_timestamp();
        for (days, severity) in [(21, Severity::Ok), (20, Severity::Warning), (0, Severity::Warning)] {
            let now = Timestamp::from_micros((end - days * DAY) * 1_000_000);
            let found = validity(certificate.der(), now, "localhost:587");
            assert_eq!(found.severity, severity, "{}", found.says);
            assert!(found.says.contains(&days.to_string()), "{}", found.says);
        }
        let unreadable = CertificateDer::from(vec![1, 2, 3]);
        assert_eq!(validity(&unreadable, Timestamp::EPOCH, "localhost:587").severity, Severity::Warning);
    }
}
