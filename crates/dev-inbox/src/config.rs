//! How an inbox is set up: where it listens, what it offers, where it saves.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;

use crate::policy::AuthPolicy;
use crate::script::Script;

/// 25 MiB, what large mailbox providers take today.
const USUAL_SIZE_LIMIT: usize = 25 * 1024 * 1024;

/// A service extension that `EHLO` offers. `STARTTLS` and `AUTH` are offered
/// by configuring them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Extension {
    /// Commands may be sent without waiting for replies (RFC 2920).
    Pipelining,
    /// The size limit is announced, and `MAIL … SIZE=` understood (RFC 1870).
    Size,
    /// `MAIL … BODY=` is understood (RFC 6152).
    EightBitMime,
    /// `MAIL … SMTPUTF8` and UTF-8 addresses are understood (RFC 6531).
    SmtpUtf8,
    /// Replies carry codes such as `5.1.1` (RFC 2034).
    EnhancedStatusCodes,
}

impl Extension {
    const ALL: [Self; 5] =
        [Self::Pipelining, Self::Size, Self::EightBitMime, Self::SmtpUtf8, Self::EnhancedStatusCodes];
}

/// Everything an inbox needs to know before it starts. The default listens on
/// a free port of 127.0.0.1, offers every [`Extension`], neither TLS nor AUTH,
/// keeps letters in memory and follows an empty script.
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) bind: SocketAddr,
    pub(crate) hostname: String,
    pub(crate) extensions: BTreeSet<Extension>,
    pub(crate) size_limit: usize,
    pub(crate) tls: Tls,
    pub(crate) auth: Option<AuthPolicy>,
    pub(crate) save_to: Option<PathBuf>,
    pub(crate) script: Script,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            bind: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            hostname: "inbox.localhost".to_owned(),
            extensions: Extension::ALL.into(),
            size_limit: USUAL_SIZE_LIMIT,
            tls: Tls::Off,
            auth: None,
            save_to: None,
            script: Script::default(),
        }
    }
}

impl Config {
    /// Listens on this port of 127.0.0.1; 0 takes a free one.
    #[must_use]
    pub fn on_port(mut self, port: u16) -> Self {
        self.bind.set_port(port);
        self
    }

    /// Listens on this address, which must be a loopback address.
    #[must_use]
    pub fn on(mut self, addr: SocketAddr) -> Self {
        self.bind = addr;
        self
    }

    /// Does not offer `extension`, and refuses its parameters.
    #[must_use]
    pub fn without(mut self, extension: Extension) -> Self {
        self.extensions.remove(&extension);
        self
    }

    /// Offers no [`Extension`] at all.
    #[must_use]
    pub fn without_extensions(mut self) -> Self {
        self.extensions.clear();
        self
    }

    /// Refuses letters above this many octets with 552, whether or not
    /// [`Extension::Size`] announces it.
    #[must_use]
    pub fn size_limit(mut self, octets: usize) -> Self {
        self.size_limit = octets;
        self
    }

    /// Offers `STARTTLS` (RFC 3207) with this certificate.
    #[must_use]
    pub fn with_starttls(mut self, tls: Arc<ServerConfig>) -> Self {
        self.tls = Tls::Upgrade(tls);
        self
    }

    /// Speaks TLS from the first octet (RFC 8314), with this certificate.
    #[must_use]
    pub fn with_implicit_tls(mut self, tls: Arc<ServerConfig>) -> Self {
        self.tls = Tls::Implicit(tls);
        self
    }

    /// Offers `AUTH` (RFC 4954).
    #[must_use]
    pub fn with_auth(mut self, policy: AuthPolicy) -> Self {
        self.auth = Some(policy);
        self
    }

    /// Writes every accepted letter to a file of its own in this folder
    /// (created if missing), synced to disk before the client reads `250`.
    #[must_use]
    pub fn save_to(mut self, folder: impl Into<PathBuf>) -> Self {
        self.save_to = Some(folder.into());
        self
    }

    /// Follows this script, of which the caller keeps a clone.
    #[must_use]
    pub fn with_script(mut self, script: Script) -> Self {
        self.script = script;
        self
    }

    pub(crate) fn offers(&self, extension: Extension) -> bool {
        self.extensions.contains(&extension)
    }
}

/// When the connection is encrypted.
#[derive(Clone)]
pub(crate) enum Tls {
    Off,
    Upgrade(Arc<ServerConfig>),
    Implicit(Arc<ServerConfig>),
}

impl fmt::Debug for Tls {
    // The certificate's key hangs below the configuration: name the mode only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "Off",
            Self::Upgrade(_) => "Upgrade",
            Self::Implicit(_) => "Implicit",
        })
    }
}
