//! `AUTH PLAIN` (RFC 4616) and `AUTH LOGIN`.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::act::{Act, Stage};
use crate::policy::{AuthPolicy, Mechanism};
use crate::reply::Reply;
use crate::session::{AUTH_LIMIT, Outcome, Session};
use crate::wire::Line;

/// What a client gave, or the reply that it earned instead.
type Answer<T> = io::Result<Result<T, Reply>>;

impl Session {
    pub(crate) async fn auth(&mut self, name: &str, initial: Option<String>) -> io::Result<Outcome> {
        let (policy, mechanism) = match self.possible(name) {
            Ok(possible) => possible,
            Err(reply) => return Ok(self.refuse(reply)),
        };
        let act = self.config.script.take(Stage::AuthStart, &[]);
        let verdict = match act {
            Act::Proceed | Act::Slow(_) => self.exchange(mechanism, initial, &policy).await?,
            _ => Ok(()),
        };
        let usual = match &verdict {
            Ok(()) => Reply::new(235, "2.7.0", "Signed in"),
            Err(reply) => reply.clone(),
        };
        let outcome = self.perform(Stage::AuthStart, act, usual).await?;
        if outcome == Outcome::Advanced && verdict.is_ok() {
            self.authenticated_as = Some(policy.user);
        }
        Ok(outcome)
    }

    /// Who may sign in, and how, if anybody may at this moment.
    fn possible(&self, name: &str) -> Result<(AuthPolicy, Mechanism), Reply> {
        let Some(policy) = &self.config.auth else {
            return Err(Reply::new(502, "5.5.1", "AUTH is not offered here"));
        };
        if self.authenticated_as.is_some() || self.envelope.is_some() {
            Err(Reply::new(503, "5.5.1", "AUTH is not possible now"))
        } else if !self.protects(policy.channel) {
            Err(Reply::new(538, "5.7.11", "Encryption required for authentication"))
        } else {
            let found = policy.mechanisms.iter().find(|mechanism| mechanism.name() == name);
            let not_offered = || Reply::new(504, "5.5.4", "Mechanism not offered");
            found.map(|mechanism| (policy.clone(), *mechanism)).ok_or_else(not_offered)
        }
    }

    async fn exchange(&mut self, mechanism: Mechanism, initial: Option<String>, policy: &AuthPolicy) -> Answer<()> {
        let given = match mechanism {
            Mechanism::Plain => self.plain(initial).await?,
            Mechanism::Login => self.login(initial).await?,
        };
        Ok(given.and_then(|(user, password)| {
            let known = user == policy.user.as_bytes() && password == policy.password.as_bytes();
            known.then_some(()).ok_or_else(|| Reply::new(535, "5.7.8", "Credentials invalid"))
        }))
    }

    /// `authzid NUL authcid NUL password` in one answer.
    async fn plain(&mut self, initial: Option<String>) -> Answer<(Vec<u8>, Vec<u8>)> {
        let message = match self.answer(initial, "").await? {
            Ok(message) => message,
            Err(reply) => return Ok(Err(reply)),
        };
        let mut parts = message.split(|octet| *octet == 0).map(<[u8]>::to_vec);
        Ok(match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(_authzid), Some(user), Some(password), None) => Ok((user, password)),
            _ => Err(undecodable()),
        })
    }

    /// `Username:` and `Password:`, each asked for in base64.
    async fn login(&mut self, initial: Option<String>) -> Answer<(Vec<u8>, Vec<u8>)> {
        let user = match self.answer(initial, "VXNlcm5hbWU6").await? {
            Ok(user) => user,
            Err(reply) => return Ok(Err(reply)),
        };
        let password = self.answer(None, "UGFzc3dvcmQ6").await?;
        Ok(password.map(|password| (user, password)))
    }

    /// The initial response, or else the answer to a challenge; decoded.
    async fn answer(&mut self, initial: Option<String>, challenge: &str) -> Answer<Vec<u8>> {
        let encoded = match initial {
            // A lone `=` is an initial response of no octets (RFC 4954 §4).
            Some(initial) if initial == "=" => Vec::new(),
            Some(initial) => initial.into_bytes(),
            None => {
                self.wire.say(&Reply::new(334, None, challenge).octets());
                match self.wire.line(AUTH_LIMIT).await? {
                    Line::Text(line) => line,
                    Line::BareLf | Line::TooLong => return Ok(Err(undecodable())),
                    Line::Closed => return Err(io::ErrorKind::UnexpectedEof.into()),
                }
            }
        };
        if encoded == b"*" {
            return Ok(Err(Reply::new(501, "5.7.0", "Authentication cancelled")));
        }
        Ok(STANDARD.decode(encoded).map_err(|_| undecodable()))
    }
}

fn undecodable() -> Reply {
    Reply::new(501, "5.5.2", "Cannot decode this answer")
}
