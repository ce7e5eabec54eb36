//! The mail server: `[smtp]` and `SMTP_*`.

use std::path::PathBuf;
use std::time::Duration;

use postroom_domain::invalid::Invalid;
use secrecy::SecretString;

use super::reader::Reader;

/// What is known of the mail server. `Debug` shows no password.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// `SMTP_HOST`.
    pub host: String,
    /// `SMTP_PORT`; 587 by default, 465 with implicit TLS.
    pub port: Option<u16>,
    /// `SMTP_USERNAME`.
    pub username: Option<String>,
    /// `SMTP_PASSWORD`.
    pub password: Option<SecretString>,
    /// `SMTP_TLS`: `starttls`, `implicit` or `none`.
    pub tls: Option<TlsChoice>,
    /// `SMTP_CA_FILE`.
    pub ca_file: Option<PathBuf>,
    /// How long an idle server may take for one answer.
    pub timeout: Duration,
    /// How long it may take after the final dot (RFC 5321 §4.5.3.2.6: 10 minutes).
    pub timeout_after_body: Duration,
}

/// What `SMTP_TLS` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsChoice {
    /// Plain at first, then STARTTLS, which is required.
    StartTls,
    /// TLS from the first byte.
    Implicit,
    /// None at all.
    None,
}

pub(super) fn read(reader: &mut Reader) -> Option<SmtpSettings> {
    let host = reader.text("smtp.host", "SMTP_HOST");
    let port = port(reader);
    let username = reader.text("smtp.username", "SMTP_USERNAME");
    let password = reader.secret("smtp.password", "SMTP_PASSWORD").map(SecretString::from);
    let tls = tls(reader);
    let ca_file = reader.text("smtp.ca_file", "SMTP_CA_FILE").map(PathBuf::from);
    let timeout = reader.duration("smtp.timeout", "SMTP_TIMEOUT", Duration::from_mins(1));
    let after_body = reader.duration("smtp.timeout_after_body", "SMTP_TIMEOUT_AFTER_BODY", Duration::from_mins(10));
    if username.is_some() != password.is_some() {
        let missing = if username.is_some() { "SMTP_PASSWORD" } else { "SMTP_USERNAME" };
        reader.mistake(Invalid::new(missing, "is missing; a user name and a password belong together"));
    }
    if ca_file.as_ref().is_some_and(|file| !file.is_file()) {
        reader.mistake(Invalid::new("SMTP_CA_FILE", "names no file"));
    }
    Some(SmtpSettings { host: host?, port, username, password, tls, ca_file, timeout, timeout_after_body: after_body })
}

fn port(reader: &mut Reader) -> Option<u16> {
    let (name, text) = reader.named_text("smtp.port", "SMTP_PORT")?;
    match text.parse() {
        Ok(port) if port > 0 => Some(port),
        _ => {
            reader.mistake(Invalid::new(name, "must be a port from 1 to 65535"));
            None
        }
    }
}

fn tls(reader: &mut Reader) -> Option<TlsChoice> {
    let (name, text) = reader.named_text("smtp.tls", "SMTP_TLS")?;
    match text.as_str() {
        "starttls" => Some(TlsChoice::StartTls),
        "implicit" => Some(TlsChoice::Implicit),
        "none" => Some(TlsChoice::None),
        _ => {
            reader.mistake(Invalid::new(name, "must be starttls, implicit or none"));
            None
        }
    }
}
