//! Who may call: access tokens, as the store keeps them.
//!
//! ```text
//!  postroom_<token_id>_<secret>     what its holder has; shown once, stored nowhere
//!            │            └─ SHA-256 ─▶ TokenDigest   what the store has
//!            └────────────────────────▶ TokenId       what people see in lists
//! ```
//!
//! The store looks a token up by its public part and says what it is good for; whether the secret fits is for the
//! caller to compare, in constant time. `Tokens` of the application does all of that.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::access::{Scopes, TokenId, TokenName};
use postroom_domain::id::TenantId;
use postroom_domain::time::Timestamp;

use crate::error::PortError;

/// How exactly the last use of a token is known: it is noted once in this time at most, so that a busy caller
/// costs no write per call.
pub const USE_NOTED_EVERY: Duration = Duration::from_mins(1);

/// The longest that a token lasts by itself: a century. A longer time is cut to it.
pub const LONGEST: Duration = Duration::from_hours(100 * 365 * 24);

/// One token as people see it: everything but its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// Its public part.
    pub token_id: TokenId,
    /// What people call it. Names need not be unique.
    pub name: TokenName,
    /// What it is good for.
    pub scopes: Scopes,
    /// The tenant whose letters alone it reaches; `None`: all letters.
    pub tenant_id: Option<TenantId>,
    /// When it was made, by the store's clock.
    pub created_at: Timestamp,
    /// From when on it is good for nothing; `None`: it lasts until it is revoked.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to [`USE_NOTED_EVERY`]; `None`: never.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// SHA-256 of a token's whole text. `Debug` shows nothing of it. It is not `PartialEq` on purpose: compare in
/// constant time.
#[derive(Clone, Copy)]
pub struct TokenDigest(pub [u8; 32]);

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest(…)")
    }
}

/// A token that is to be.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Its public part, fresh.
    pub token_id: TokenId,
    /// What people call it.
    pub name: TokenName,
    /// What its secret comes to.
    pub digest: TokenDigest,
    /// What it is good for.
    pub scopes: Scopes,
    /// The tenant whose letters alone it reaches.
    pub tenant_id: Option<TenantId>,
    /// How long it lasts, [`LONGEST`] at most; `None`: until it is revoked.
    pub expires_after: Option<Duration>,
}

/// What became of a new token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// It is good from now on.
    Done(AccessToken),
    /// There is one of that id, which stays as it is.
    Taken,
}

/// A token that is good now, with what its secret must come to.
#[derive(Clone, Debug)]
pub struct KnownToken {
    /// The token.
    pub token: AccessToken,
    /// What its secret must come to.
    pub digest: TokenDigest,
    /// The store's time.
    pub now: Timestamp,
}

impl KnownToken {
    /// Whether its last use is so long ago that this one is worth a note.
    #[must_use]
    pub fn is_use_worth_a_note(&self) -> bool {
        self.token.last_used_at.is_none_or(|last| self.now.since(last) >= USE_NOTED_EVERY)
    }
}

/// What became of a wish to revoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Revoked {
    /// It is good for nothing any more.
    Done,
    /// It had been revoked before.
    Already,
    /// There is none of that id.
    Unknown,
}

/// The tokens. The rules are cases of the contract suite.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait TokenBook: std::fmt::Debug + Send + Sync + 'static {
    /// Takes a token in. It is good from now on, by the store's clock. The secret never reaches the store.
    async fn create(&self, new: &NewToken) -> Result<Created, PortError>;

    /// The token of that id, if it is neither revoked nor expired by the store's clock. Changes nothing: that
    /// somebody knows an id is no use of the token.
    async fn find(&self, id: &TokenId) -> Result<Option<KnownToken>, PortError>;

    /// Notes that the token of that id was used just now, once in [`USE_NOTED_EVERY`] at most. MUST NOT wait for
    /// others who do the same; a note that is lost to them is none to miss.
    async fn note_use(&self, id: &TokenId) -> Result<(), PortError>;

    /// All there are, revoked and expired ones too, the newest first.
    async fn list(&self) -> Result<Vec<AccessToken>, PortError>;

    /// Ends a token for good, from the next [`find`](TokenBook::find) on.
    async fn revoke(&self, id: &TokenId) -> Result<Revoked, PortError>;
}
