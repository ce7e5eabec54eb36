//! What an operator may say about the mail server, and what is wrong with it.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use postroom_domain::invalid::Invalid;
use rustls_pki_types::ServerName;
use secrecy::{ExposeSecret, SecretString};

use crate::tls;

/// How the connection is encrypted (`SMTP_TLS`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsMode {
    /// Begins in plain text and changes over before anything is said (RFC 3207). The server
    /// must offer it.
    StartTls,
    /// TLS from the first byte (RFC 8314), usually on port 465.
    Implicit,
    /// No encryption at all.
    None,
}

impl TlsMode {
    /// All three.
    pub const ALL: [Self; 3] = [Self::StartTls, Self::Implicit, Self::None];

    /// The name, as `SMTP_TLS` spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StartTls => "starttls",
            Self::Implicit => "implicit",
            Self::None => "none",
        }
    }

    /// The mode of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == name)
    }
}

/// How long each stage may take. The defaults are those of RFC 5321 §4.5.3.2, except for
/// `connect`, which it leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// DNS and the TCP connection; 30 seconds.
    pub connect: Duration,
    /// Until the server says 220; 5 minutes.
    pub greeting: Duration,
    /// For any command, and for the TLS handshake; 5 minutes.
    pub command: Duration,
    /// Until 354 after DATA; 2 minutes.
    pub data_start: Duration,
    /// For writing the message, the final dot included; 3 minutes.
    pub body: Duration,
    /// For the answer to the final dot; 10 minutes, because whoever hangs up earlier sends
    /// letters twice (RFC 1047).
    pub after_dot: Duration,
    /// For one letter from beginning to end, waiting for a free connection included; 15
    /// minutes. It cuts every other time-out short.
    pub whole: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            greeting: Duration::from_mins(5),
            command: Duration::from_mins(5),
            data_start: Duration::from_mins(2),
            body: Duration::from_mins(3),
            after_dot: Duration::from_mins(10),
            whole: Duration::from_mins(15),
        }
    }
}

impl Timeouts {
    fn named(&self) -> [(&'static str, Duration); 7] {
        [
            ("smtp.timeouts.connect", self.connect),
            ("smtp.timeouts.greeting", self.greeting),
            ("smtp.timeouts.command", self.command),
            ("smtp.timeouts.data_start", self.data_start),
            ("smtp.timeouts.body", self.body),
            ("smtp.timeouts.after_dot", self.after_dot),
            ("smtp.timeouts.whole", self.whole),
        ]
    }
}

/// How connections are shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolLimits {
    /// How many connections may be open at once, idle ones included; 8.
    pub connections: u32,
    /// How many letters travel over one connection before it is closed; 100.
    pub letters: u32,
    /// How old a connection may grow; 5 minutes.
    pub age: Duration,
    /// How long a connection may wait for its next letter; 30 seconds.
    pub idle: Duration,
}

impl Default for PoolLimits {
    fn default() -> Self {
        Self { connections: 8, letters: 100, age: Duration::from_mins(5), idle: Duration::from_secs(30) }
    }
}

/// Everything about the mail server. [`SmtpConfig::new`] gives defaults for all but the host.
///
/// `Debug` shows neither user name nor password.
#[derive(Clone)]
pub struct SmtpConfig {
    /// `SMTP_HOST`: a name or an IP address.
    pub host: String,
    /// `SMTP_PORT`; 587.
    pub port: u16,
    /// `SMTP_USERNAME`; without it nobody signs in.
    pub username: Option<String>,
    /// `SMTP_PASSWORD`.
    pub password: Option<SecretString>,
    /// `SMTP_TLS`; `None` is automatic: STARTTLS is required, except on this machine itself
    /// (a loopback host), where nothing is encrypted.
    pub tls: Option<TlsMode>,
    /// `SMTP_CA_FILE`: PEM certificates to trust instead of those of the system.
    pub ca_file: Option<PathBuf>,
    /// How we introduce ourselves in EHLO; `localhost`.
    pub helo_name: String,
    /// How long each stage may take.
    pub timeouts: Timeouts,
    /// How connections are shared.
    pub pool: PoolLimits,
}

impl SmtpConfig {
    /// The server at `host`, port 587, with defaults for everything else.
    #[must_use]
    pub fn new(host: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            port: 587,
            username: None,
            password: None,
            tls: None,
            ca_file: None,
            helo_name: "localhost".to_owned(),
            timeouts: Timeouts::default(),
            pool: PoolLimits::default(),
        }
    }

    /// Checks everything that can be checked without the server; reads the CA file.
    ///
    /// # Errors
    /// All mistakes at once, each by the name of its environment variable, or by its key in
    /// the configuration file where it has none.
    pub fn validate(&self) -> Result<(), SmtpConfigError> {
        let mut mistakes = self.mistakes();
        mistakes.extend(tls::Security::of(self).err());
        if mistakes.is_empty() { Ok(()) } else { Err(SmtpConfigError { mistakes }) }
    }

    /// The mode that is in force.
    #[must_use]
    pub fn tls_mode(&self) -> TlsMode {
        self.tls.unwrap_or(if self.is_loopback() { TlsMode::None } else { TlsMode::StartTls })
    }

    /// The host without the brackets that an IPv6 address may come in.
    pub(crate) fn bare_host(&self) -> &str {
        self.host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&self.host)
    }

    /// Whether the server runs on this very machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.bare_host().trim_end_matches('.').to_ascii_lowercase();
        let by_name = host == "localhost" || host.ends_with(".localhost");
        by_name || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
    }

    fn mistakes(&self) -> Vec<Invalid> {
        let mut mistakes = Vec::new();
        let mut wrong = |field: &str, reason: &str| mistakes.push(Invalid::new(field, reason));
        if ServerName::try_from(self.bare_host()).is_err() {
            wrong("SMTP_HOST", "is no host name and no IP address; write it as smtp.example.org");
        }
        if self.port == 0 {
            wrong("SMTP_PORT", "must be 1 to 65535; 587 is usual");
        }
        let has = |text: &str| !text.is_empty() && !text.contains('\0');
        let password = self.password.as_ref().map(ExposeSecret::expose_secret);
        match (self.username.as_deref(), password) {
            (Some(_), None) => wrong("SMTP_PASSWORD", "is missing; SMTP_USERNAME is of no use without it"),
            (None, Some(_)) => wrong("SMTP_USERNAME", "is missing; SMTP_PASSWORD is of no use without it"),
            (Some(username), Some(_)) if !has(username) => wrong("SMTP_USERNAME", "is empty or holds a NUL"),
            (Some(_), Some(password)) if !has(password) => wrong("SMTP_PASSWORD", "is empty or holds a NUL"),
            _ => {}
        }
        if self.username.is_some() && self.tls_mode() == TlsMode::None && !self.is_loopback() {
            wrong("SMTP_TLS", "is 'none', so the password would cross the network readably; use starttls or implicit");
        }
        let speakable = |b: u8| b.is_ascii_alphanumeric() || b".-[]:".contains(&b);
        if self.helo_name.is_empty() || self.helo_name.len() > 255 || !self.helo_name.bytes().all(speakable) {
            wrong("smtp.helo_name", "is no host name; write it as mail.example.org");
        }
        for (field, count) in
            [("smtp.pool.connections", self.pool.connections), ("smtp.pool.letters", self.pool.letters)]
        {
            if count == 0 {
                wrong(field, "must be 1 or more");
            }
        }
        for (field, time) in self.timeouts.named() {
            if time.is_zero() {
                wrong(field, "must be longer than zero");
            }
        }
        mistakes
    }
}

impl fmt::Debug for SmtpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpConfig")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls_mode())
            .field("signs_in", &self.username.is_some())
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}

/// Why the mail server cannot be used as configured: every mistake, by name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct SmtpConfigError {
    /// The mistakes, at least one.
    pub mistakes: Vec<Invalid>,
}
