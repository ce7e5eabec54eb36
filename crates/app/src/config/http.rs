//! How the API and the dashboard are served: `[http]`.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use postroom_domain::invalid::Invalid;
use secrecy::SecretString;

use super::reader::Reader;

/// Where it listens unless something else is said: this machine alone hears it.
const HOME: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8321);
/// The shortest key that cookies are signed with, in bytes.
const KEY: usize = 32;

/// How the API and the dashboard are served.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// The address and port to listen on.
    pub listen: SocketAddr,
    /// Requests a second that one token, or one network address without any, may make.
    pub rate: NonZeroU32,
    /// The largest body of a request, in bytes.
    pub max_body: u32,
    /// How long one request may take.
    pub timeout: Duration,
    /// Whether whoever reads `/metrics` must show a token; without it only where others could reach it.
    pub metrics: Option<MetricsAccess>,
    /// Where a worker that serves nothing else shows how it is.
    pub worker_listen: Option<SocketAddr>,
    /// What cookies are signed with; without it a fresh key with each start, so that people sign in again.
    pub cookie_key: Option<SecretString>,
}

/// Who may read `/metrics`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricsAccess {
    /// Whoever reaches the port.
    Open,
    /// Whoever shows a token that may read.
    Token,
}

pub(super) fn read(reader: &mut Reader) -> HttpSettings {
    HttpSettings {
        listen: listen(reader),
        rate: rate(reader),
        // Fifty letters with attachments of the largest size have to come in two requests.
        max_body: reader.number("http.max_body", "POSTROOM_HTTP_MAX_BODY", 1_000..=1_000_000_000, 32_000_000),
        timeout: reader.duration("http.timeout", "POSTROOM_HTTP_TIMEOUT", Duration::from_secs(30)),
        metrics: metrics(reader),
        worker_listen: worker_listen(reader),
        cookie_key: cookie_key(reader),
    }
}

fn metrics(reader: &mut Reader) -> Option<MetricsAccess> {
    let Some((name, text)) = reader.named_text("http.metrics", "POSTROOM_HTTP_METRICS") else {
        reader.by_default("http.metrics", "token, or open on this machine alone");
        return None;
    };
    match text.as_str() {
        "open" => Some(MetricsAccess::Open),
        "token" => Some(MetricsAccess::Token),
        _ => {
            reader.mistake(Invalid::new(name, "must be open or token"));
            None
        }
    }
}

fn worker_listen(reader: &mut Reader) -> Option<SocketAddr> {
    let (name, text) = reader.named_text("worker.metrics_listen", "EMAIL_WORKER_METRICS_LISTEN")?;
    parse_listen(&text).map_err(|mistake| reader.mistake(mistake.in_field(name))).ok()
}

fn listen(reader: &mut Reader) -> SocketAddr {
    let Some((name, text)) = reader.named_text("http.listen", "POSTROOM_HTTP_LISTEN") else {
        reader.by_default("http.listen", HOME.to_string());
        return HOME;
    };
    parse_listen(&text).unwrap_or_else(|mistake| {
        reader.mistake(mistake.in_field(name));
        HOME
    })
}

/// An address and a port.
///
/// # Errors
/// Names `listen` and the form that is expected.
pub fn parse_listen(text: &str) -> Result<SocketAddr, Invalid> {
    let reason = "must be an IP address and a port, such as 127.0.0.1:8321 or [::1]:8321";
    text.parse().map_err(|_| Invalid::new("listen", reason))
}

fn rate(reader: &mut Reader) -> NonZeroU32 {
    let rate = reader.number("http.rate", "POSTROOM_HTTP_RATE", 1..=1_000_000, 100);
    NonZeroU32::new(rate).unwrap_or(NonZeroU32::MIN)
}

fn cookie_key(reader: &mut Reader) -> Option<SecretString> {
    let key = reader.secret("http.cookie_key", "POSTROOM_HTTP_COOKIE_KEY")?;
    if key.len() < KEY {
        let reason = format!("must have at least {KEY} characters; `openssl rand -hex 32` makes one");
        reader.mistake(Invalid::new("POSTROOM_HTTP_COOKIE_KEY", reason));
    }
    Some(SecretString::from(key))
}
