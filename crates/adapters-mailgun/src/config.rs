//! What an operator may say about Mailgun, and what is wrong with it.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mailgun_rs::MailgunRegion;
use postroom_domain::address::EmailAddress;
use postroom_domain::invalid::Invalid;
use reqwest::{Certificate, Url};
use secrecy::{ExposeSecret, SecretString};

/// How many tags Mailgun keeps of one letter, and how long each may be.
const TAG_COUNT_LIMIT: usize = 10;
const TAG_LIMIT: usize = 128;

/// The address of a region's API, without the version.
#[must_use]
pub const fn region_url(region: &MailgunRegion) -> &'static str {
    match region {
        MailgunRegion::US => "https://api.mailgun.net",
        MailgunRegion::EU => "https://api.eu.mailgun.net",
    }
}

/// How long one exchange may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// DNS, TCP and TLS; 30 seconds.
    pub connect: Duration,
    /// For one request and its whole answer, connecting included; 2 minutes. Whoever hangs up
    /// early does not know whether the letter was taken.
    pub whole: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(30), whole: Duration::from_mins(2) }
    }
}

/// Whether letters are delivered (`MAILGUN_TEST_MODE`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TestMode {
    /// Mailgun accepts them and delivers none.
    On,
    /// Mailgun delivers them.
    #[default]
    Off,
}

/// Everything about Mailgun. [`MailgunConfig::new`] gives defaults for all but key and domain.
///
/// `Debug` does not show the key.
#[derive(Clone)]
pub struct MailgunConfig {
    /// `MAILGUN_API_KEY`.
    pub api_key: SecretString,
    /// `MAILGUN_DOMAIN`: the sending domain, as it is called at Mailgun.
    pub domain: String,
    /// `MAILGUN_API_URL`: a region's address ([`region_url`]) or one of your own, with or
    /// without `/v3` at its end. It must be encrypted, except on this machine itself.
    pub base_url: String,
    /// `MAILGUN_CA_FILE`: PEM certificates to trust instead of those of the system.
    pub ca_file: Option<PathBuf>,
    /// `MAILGUN_TEST_MODE`.
    pub test_mode: TestMode,
    /// What Mailgun's statistics are grouped by; at most 10, each 1 to 128 printable ASCII
    /// characters.
    pub tags: Vec<String>,
    /// How long one exchange may take.
    pub timeouts: Timeouts,
    /// How many letters are sent at once; 8.
    pub connections: u32,
    /// How long it may take until what happened to a letter can be asked for; 30 minutes, the
    /// age from which on Mailgun's documentation trusts its own event log.
    pub events_delay: Duration,
}

impl MailgunConfig {
    /// The sending domain `domain` in the region US, with defaults for everything else.
    #[must_use]
    pub fn new(api_key: impl Into<SecretString>, domain: impl Into<String>) -> Self {
        Self {
            api_key: api_key.into(),
            domain: domain.into(),
            base_url: region_url(&MailgunRegion::US).to_owned(),
            ca_file: None,
            test_mode: TestMode::default(),
            tags: Vec::new(),
            timeouts: Timeouts::default(),
            connections: 8,
            events_delay: Duration::from_mins(30),
        }
    }

    /// Checks everything that can be checked without Mailgun; reads the CA file.
    ///
    /// # Errors
    /// All mistakes at once, each by the name of its environment variable, or by its key in
    /// the configuration file where it has none.
    pub fn validate(&self) -> Result<(), MailgunConfigError> {
        let mut mistakes = self.mistakes();
        mistakes.extend(self.base().err());
        mistakes.extend(self.authorities().err());
        if mistakes.is_empty() { Ok(()) } else { Err(MailgunConfigError { mistakes }) }
    }

    /// Where the API is: scheme, host, port and the path before `/v3`.
    pub(crate) fn base(&self) -> Result<Url, Invalid> {
        let invalid = |reason: &str| Invalid::new("MAILGUN_API_URL", reason);
        let text = self.base_url.trim_end_matches('/');
        let url = Url::parse(text.strip_suffix("/v3").unwrap_or(text))
            .map_err(|_| invalid("is no address; write it as https://api.eu.mailgun.net"))?;
        let bare = url.username().is_empty() && url.password().is_none();
        if !bare || url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("holds more than a host and a path; the key belongs into MAILGUN_API_KEY"));
        }
        match url.scheme() {
            "https" => Ok(url),
            "http" if is_loopback(&url) => Ok(url),
            "http" => Err(invalid("is not encrypted, so the key would cross the network readably; use https")),
            _ => Err(invalid("is no web address; write it as https://api.eu.mailgun.net")),
        }
    }

    /// The region whose address is configured; `None` for an address of one's own.
    pub(crate) fn region(&self) -> Option<MailgunRegion> {
        let base = self.base().ok()?;
        let is = |region: &MailgunRegion| Url::parse(region_url(region)).is_ok_and(|url| url == base);
        [MailgunRegion::US, MailgunRegion::EU].into_iter().find(is)
    }

    /// The certificates of `MAILGUN_CA_FILE`.
    pub(crate) fn authorities(&self) -> Result<Option<Vec<Certificate>>, Invalid> {
        self.ca_file.as_deref().map(read_certificates).transpose()
    }

    fn mistakes(&self) -> Vec<Invalid> {
        let mut mistakes = Vec::new();
        let mut wrong = |field: &str, reason: &str| mistakes.push(Invalid::new(field, reason));
        let graphic = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !graphic(self.api_key.expose_secret()) {
            wrong("MAILGUN_API_KEY", "is empty or holds what no key holds; copy it from Mailgun's control panel");
        }
        // As the domain of an address: what passes is a host name, and safe inside a path.
        let own = EmailAddress::parse(format!("postmaster@{}", self.domain));
        if !own.is_ok_and(|address| address.domain().eq_ignore_ascii_case(&self.domain)) {
            wrong("MAILGUN_DOMAIN", "is no domain; write it as mg.example.org");
        }
        let speakable =
            |tag: &String| (1..=TAG_LIMIT).contains(&tag.len()) && tag.bytes().all(|b| matches!(b, b' '..=b'~'));
        if self.tags.len() > TAG_COUNT_LIMIT || !self.tags.iter().all(speakable) {
            wrong("mailgun.tags", "must be at most 10, each of 1 to 128 printable ASCII characters");
        }
        if self.connections == 0 {
            wrong("mailgun.connections", "must be 1 or more");
        }
        for (field, time) in
            [("mailgun.timeouts.connect", self.timeouts.connect), ("mailgun.timeouts.whole", self.timeouts.whole)]
        {
            if time.is_zero() {
                wrong(field, "must be longer than zero");
            }
        }
        mistakes
    }
}

/// Whether the other side runs on this very machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let by_name = bare == "localhost" || bare.ends_with(".localhost");
    by_name || bare.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

fn read_certificates(path: &Path) -> Result<Vec<Certificate>, Invalid> {
    let invalid = |reason: String| Invalid::new("MAILGUN_CA_FILE", reason);
    let pem = std::fs::read(path).map_err(|error| invalid(format!("cannot be read: {error}")))?;
    match Certificate::from_pem_bundle(&pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(invalid("holds no PEM certificate".to_owned())),
    }
}

impl fmt::Debug for MailgunConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailgunConfig")
            .field("domain", &self.domain)
            .field("test_mode", &self.test_mode)
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}

/// Why Mailgun cannot be used as configured: every mistake, by name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct MailgunConfigError {
    /// The mistakes, at least one.
    pub mistakes: Vec<Invalid>,
}

impl From<Invalid> for MailgunConfigError {
    fn from(mistake: Invalid) -> Self {
        Self { mistakes: vec![mistake] }
    }
}
