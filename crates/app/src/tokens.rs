//! Access tokens: made once, shown once, checked with every call.
//!
//! ```text
//!  postroom_q7w3…_Jx0f…     the whole text, 43 characters of it secret (256 bits of chance)
//!           │                what lists show, and what revokes it
//!           └─▶ the store: SHA-256 of the whole text, scopes, tenant, and until when
//! ```

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use postroom_domain::access::{Scopes, TokenId, TokenName};
use postroom_domain::id::TenantId;
use postroom_domain::invalid::Invalid;
use postroom_ports::access::{AccessToken, Created, NewToken, Revoked, TokenBook, TokenDigest};
use postroom_ports::error::{PortError, PortErrorKind};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// What every token begins with, so that scanners of source code can tell a leaked one.
const PREFIX: &str = "postroom_";
/// 256 bits in base64url.
const SECRET_LENGTH: usize = 43;
/// The letters and digits of a new id: 32 of them, and none that looks like another.
const ID_ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A token that somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedToken {
    /// What people call it.
    pub name: TokenName,
    /// What it is good for.
    pub scopes: Scopes,
    /// The tenant whose letters alone it reaches; `None`: all letters.
    pub tenant_id: Option<TenantId>,
    /// How long it lasts; `None`: until it is revoked.
    pub expires_after: Option<Duration>,
}

/// The chance that a token is made of: [`random`](crate::system::random) bytes. `Debug` shows nothing.
pub struct TokenChance {
    /// Becomes its id.
    pub id: [u8; 16],
    /// Becomes its secret.
    pub secret: [u8; 32],
}

impl fmt::Debug for TokenChance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenChance(…)")
    }
}

/// The whole text of a token, which its holder sends. `Debug` shows nothing, and there is no `Display`.
pub struct TokenText(String);

impl TokenText {
    fn new(id: &TokenId, secret: [u8; 32]) -> Self {
        Self(format!("{PREFIX}{id}_{}", URL_SAFE_NO_PAD.encode(secret)))
    }

    /// The text, for the one time that it is shown.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenText(…)")
    }
}

/// A token that was just made, with the text that nobody can read again.
#[derive(Debug)]
pub struct IssuedToken {
    /// The token.
    pub token: AccessToken,
    /// What its holder sends.
    pub text: TokenText,
}

/// Why a call is not let in.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// It is no token that is good here. Whether it is misspelt, unknown, revoked or over is nobody's business.
    #[error("the token is good for nothing here; it may have been revoked or be over")]
    Token,
    /// The store could not be asked.
    #[error(transparent)]
    Store(#[from] PortError),
}

/// Makes, checks, lists and revokes tokens.
#[derive(Clone, Debug)]
pub struct Tokens {
    book: Arc<dyn TokenBook>,
}

impl Tokens {
    /// The tokens of a store.
    #[must_use]
    pub fn new(book: Arc<dyn TokenBook>) -> Self {
        Self { book }
    }

    /// Makes a token out of fresh `chance`. Its text leaves the program with the answer and is stored nowhere.
    ///
    /// # Errors
    /// Those of the store; `Other` where the chance was not fresh and its id is taken.
    pub async fn create(&self, wanted: WantedToken, chance: TokenChance) -> Result<IssuedToken, PortError> {
        let other = |detail: String| PortError::new(PortErrorKind::Other, "tokens.create", detail);
        let token_id = token_id(chance.id).map_err(|invalid| other(invalid.to_string()))?;
        let text = TokenText::new(&token_id, chance.secret);
        let WantedToken { name, scopes, tenant_id, expires_after } = wanted;
        let digest = digest(text.expose());
        let new = NewToken { token_id, name, digest, scopes, tenant_id, expires_after };
        match self.book.create(&new).await? {
            Created::Done(token) => Ok(IssuedToken { token, text }),
            Created::Taken => Err(other("the token id is taken; try once more".to_owned())),
        }
    }

    /// The token whose whole text this is, if it is good now; its use is noted. What is no token by its form is
    /// denied without a question to the store, and the secret is compared in constant time.
    ///
    /// # Errors
    /// [`Denied`]. That a use could not be noted is none: the log says so.
    pub async fn verify(&self, text: &str) -> Result<AccessToken, Denied> {
        let id = id_in(text).ok_or(Denied::Token)?;
        let known = self.book.find(&id).await?.ok_or(Denied::Token)?;
        if !bool::from(known.digest.0.ct_eq(&digest(text).0)) {
            return Err(Denied::Token);
        }
        if known.is_use_worth_a_note()
            && let Err(error) = self.book.note_use(&id).await
        {
            tracing::warn!(token.id = %id, %error, "the use of a token could not be noted");
        }
        Ok(known.token)
    }

    /// All tokens, the newest first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list(&self) -> Result<Vec<AccessToken>, PortError> {
        self.book.list().await
    }

    /// Ends a token for good.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn revoke(&self, id: &TokenId) -> Result<Revoked, PortError> {
        self.book.revoke(id).await
    }
}

fn digest(text: &str) -> TokenDigest {
    TokenDigest(Sha256::digest(text).into())
}

fn token_id(chance: [u8; 16]) -> Result<TokenId, Invalid> {
    // Five bits each: no letter comes more often than another.
    TokenId::parse(chance.map(|byte| char::from(ID_ALPHABET[usize::from(byte & 31)])).iter().collect::<String>())
}

/// The public part of what looks like a token.
fn id_in(text: &str) -> Option<TokenId> {
    let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (secret.len() == SECRET_LENGTH && secret.bytes().all(fits)).then(|| TokenId::parse(id).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_made_of_every_byte_of_chance() {
        let all: Vec<_> = (0..=255).map(|byte| token_id([byte; 16])).collect();
        assert!(all.iter().all(Result::is_ok));
        assert_eq!(token_id([0; 16]).map(String::from).as_deref(), Ok("aaaaaaaaaaaaaaaa"));
        assert_eq!(ID_ALPHABET.iter().collect::<std::collections::BTreeSet<_>>().len(), 32);
    }

    #[test]
    fn what_looks_like_no_token_has_no_id() {
        let id = TokenId::parse("abcdefghijkl").ok();
        let secret = "-_".repeat(21) + "0";
        assert_eq!(id_in(&format!("postroom_abcdefghijkl_{secret}")), id);
        for bad in [
            String::new(),
            "postroom_".to_owned(),
            secret.clone(),
            format!("Bearer postroom_abcdefghijkl_{secret}"),
            format!("postroom_abcdefghijkl{secret}"),
            format!("postroom_short_{secret}"),
            format!("postroom_ABCDEFGHIJKL_{secret}"),
            format!("postroom_abcdefghijkl_{secret}0"),
            format!("postroom_abcdefghijkl_{}", &secret[1..]),
            format!("postroom_abcdefghijkl_{}+", &secret[1..]),
            format!("postroom_abcdefghijkl_{} ", &secret[1..]),
        ] {
            assert_eq!(id_in(&bad), None, "{bad:?}");
        }
    }
}
