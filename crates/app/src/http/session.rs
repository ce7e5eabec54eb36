//! A session of the dashboard: which token somebody signed in with, in a signed cookie.
//!
//! ```text
//!  <token id>.<when it ends, in seconds since 1970>.<HMAC-SHA256 over both, hexadecimal>
//! ```
//!
//! The cookie says who it was and nothing about what they may do: that is looked up again at each request, so that a
//! revoked token ends its sessions at once. The API takes no cookies.

use std::time::Duration;

use axum::http::{HeaderMap, header};
use hmac::{Hmac, KeyInit as _, Mac as _};
use postroom_domain::access::TokenId;
use postroom_domain::time::Timestamp;
use secrecy::ExposeSecret as _;
use sha2::Sha256;

use crate::config::HttpSettings;
use crate::system::random;

/// The cookie's name.
const NAME: &str = "postroom_session";
/// How long a session lasts.
const LASTING: Duration = Duration::from_hours(12);

/// What cookies are signed with. `Debug` shows nothing of it.
#[derive(Clone)]
pub(super) struct SessionKey(Hmac<Sha256>);

impl std::fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionKey(…)")
    }
}

/// Whether a cookie may travel without TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    /// On this machine alone: there is nothing to listen to.
    Loopback,
    /// Anywhere else: by TLS alone.
    Tls,
}

impl SessionKey {
    /// The configured key, or a fresh one: then everybody signs in again after a restart.
    pub(super) fn of(settings: &HttpSettings) -> Self {
        match &settings.cookie_key {
            Some(key) => Self::new(key.expose_secret().as_bytes()),
            None => Self::new(&random::<32>()),
        }
    }

    fn new(key: &[u8]) -> Self {
        // HMAC takes keys of any length.
        Self(Hmac::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&hmac::digest::Key::<Hmac<Sha256>>::default())))
    }

    /// The cookie of a session that begins now, as a header's value.
    pub(super) fn begin(&self, token: &TokenId, now: Timestamp, channel: Channel) -> String {
        let claim = format!("{token}.{}", seconds(now.plus(LASTING)));
        let signature = hex::encode(self.mac(&claim).finalize().into_bytes());
        cookie(&format!("{claim}.{signature}"), LASTING, channel)
    }

    /// Who signed in, by what the browser shows: `None` where nobody did, or not with this key, or too long ago.
    pub(super) fn read(&self, headers: &HeaderMap, now: Timestamp) -> Option<TokenId> {
        let (claim, signature) = shown(headers)?.rsplit_once('.')?;
        self.mac(claim).verify_slice(&hex::decode(signature).ok()?).ok()?;
        let (token, ends) = claim.split_once('.')?;
        let ends: i64 = ends.parse().ok()?;
        (seconds(now) < ends).then(|| TokenId::parse(token).ok())?
    }

    fn mac(&self, claim: &str) -> Hmac<Sha256> {
        self.0.clone().chain_update(claim)
    }
}

/// The cookie that ends a session, as a header's value.
pub(super) fn end(channel: Channel) -> String {
    cookie("", Duration::ZERO, channel)
}

fn cookie(value: &str, lasting: Duration, channel: Channel) -> String {
    let secure = if channel == Channel::Tls { "; Secure" } else { "" };
    format!("{NAME}={value}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict{secure}", lasting.as_secs())
}

fn shown(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|line| line.split(';')).find_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('='))
}

const fn seconds(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_900_000_000_000_000);

    fn token() -> TokenId {
        TokenId::parse("abcdefghijklmnop").unwrap()
    }

    /// What the browser sends back.
    fn shows(cookie: &str) -> HeaderMap {
        let pair = cookie.split(';').next().unwrap();
        [(header::COOKIE, format!("theme=dark; {pair}").parse().unwrap())].into_iter().collect()
    }

    #[test]
    fn a_session_names_its_token_until_it_ends() {
        let key = SessionKey::new(b"a key");
        let headers = shows(&key.begin(&token(), NOW, Channel::Tls));
        assert_eq!(key.read(&headers, NOW), Some(token()));
        let end = NOW.plus(LASTING);
        assert_eq!(key.read(&headers, end.minus(Duration::from_secs(1))), Some(token()));
        assert_eq!(key.read(&headers, end), None);
    }

    #[test]
    fn what_was_not_signed_with_this_key_is_nobody() {
        let key = SessionKey::new(b"a key");
        let good = key.begin(&token(), NOW, Channel::Tls);
        let forgeries = [
            good.replace("abcdefghijklmnop", "ponmlkjihgfedcba"),
            good.replace(".19", ".29"),
            good.replace(';', "0;"),
            SessionKey::new(b"another").begin(&token(), NOW, Channel::Tls),
            "postroom_session=".to_owned(),
            "postroom_session=a.b.c".to_owned(),
            "postroom_session=..".to_owned(),
            "another=abcdefghijklmnop".to_owned(),
        ];
        for forged in forgeries {
            assert_ne!(forged, good);
            assert_eq!(key.read(&shows(&forged), NOW), None, "{forged}");
        }
        assert_eq!(key.read(&HeaderMap::new(), NOW), None);
    }

    #[test]
    fn a_cookie_is_for_this_site_alone_and_never_for_scripts() {
        let key = SessionKey::new(b"a key");
        for (channel, secure) in [(Channel::Loopback, false), (Channel::Tls, true)] {
            for cookie in [key.begin(&token(), NOW, channel), end(channel)] {
                let parts: Vec<&str> = cookie.split("; ").collect();
                assert!(["Path=/", "HttpOnly", "SameSite=Strict"].iter().all(|part| parts.contains(part)), "{cookie}");
                assert_eq!(parts.contains(&"Secure"), secure, "{cookie}");
            }
        }
    }

    #[test]
    fn no_key_is_shown_and_no_two_fresh_ones_are_alike() {
        assert_eq!(format!("{:?}", SessionKey::new(b"a key")), "SessionKey(…)");
        let by_one = SessionKey::new(&random::<32>()).begin(&token(), NOW, Channel::Tls);
        assert_eq!(SessionKey::new(&random::<32>()).read(&shows(&by_one), NOW), None);
    }
}
