//! Who may sign in, by which mechanism, and whether one must.

use std::fmt;

/// Who may sign in, and whether one must.
#[derive(Clone)]
pub struct AuthPolicy {
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) mechanisms: Vec<Mechanism>,
    pub(crate) need: AuthNeed,
    pub(crate) channel: AuthChannel,
}

impl AuthPolicy {
    /// Accepts this user with this password, by either mechanism; signing in
    /// is optional, and allowed without TLS.
    #[must_use]
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            password: password.into(),
            mechanisms: vec![Mechanism::Plain, Mechanism::Login],
            need: AuthNeed::Optional,
            channel: AuthChannel::Any,
        }
    }

    /// Offers this mechanism alone; the other is refused with 504.
    #[must_use]
    pub fn only(mut self, mechanism: Mechanism) -> Self {
        self.mechanisms = vec![mechanism];
        self
    }

    /// Refuses `MAIL` with 530 before signing in.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.need = AuthNeed::Required;
        self
    }

    /// Neither offers nor accepts `AUTH` before TLS: 538.
    #[must_use]
    pub fn over_tls_only(mut self) -> Self {
        self.channel = AuthChannel::TlsOnly;
        self
    }
}

impl fmt::Debug for AuthPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthPolicy").field("need", &self.need).field("channel", &self.channel).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthNeed {
    Optional,
    Required,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthChannel {
    Any,
    TlsOnly,
}

/// A way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// User and password in one answer (RFC 4616).
    Plain,
    /// User and password, asked for one by one: older, and still what some
    /// servers offer alone.
    Login,
}

impl Mechanism {
    /// The mechanism's name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
        }
    }
}
