//! The beginning of a dialogue: greeting, `EHLO`, `STARTTLS`.

use std::io;
use std::sync::Arc;

use crate::act::Stage;
use crate::config::{Extension, Tls};
use crate::letter::Security;
use crate::policy::AuthChannel;
use crate::reply::Reply;
use crate::session::{Greeting, Outcome, Session};

impl Session {
    /// Makes the handshake if TLS is implicit, and greets.
    pub(crate) async fn greet(&mut self) -> io::Result<Outcome> {
        if let Tls::Implicit(tls) = &self.config.tls {
            self.wire.secure(Arc::clone(tls)).await?;
            self.security = Security::ImplicitTls;
        }
        let welcome = format!("{} ESMTP Postroom dev inbox", self.config.hostname);
        let outcome = self.stage(Stage::Connect, Reply::new(220, None, &welcome)).await?;
        if outcome == Outcome::Refused {
            self.greeting = Greeting::TurnedAway;
        }
        Ok(outcome)
    }

    pub(crate) async fn ehlo(&mut self) -> io::Result<Outcome> {
        let offer = Reply::multiline(250, None, self.offer());
        self.introduced(offer).await
    }

    pub(crate) async fn helo(&mut self) -> io::Result<Outcome> {
        let hello = Reply::new(250, None, &self.config.hostname);
        self.introduced(hello).await
    }

    async fn introduced(&mut self, reply: Reply) -> io::Result<Outcome> {
        let outcome = self.stage(Stage::Ehlo, reply).await?;
        if outcome == Outcome::Advanced {
            self.greeting = Greeting::Done;
            self.envelope = None;
        }
        Ok(outcome)
    }

    /// The lines of the reply to `EHLO`: our name, then one extension each.
    fn offer(&self) -> Vec<String> {
        let mut lines = vec![self.config.hostname.clone()];
        lines.extend(self.config.extensions.iter().map(|extension| match extension {
            Extension::Pipelining => "PIPELINING".to_owned(),
            Extension::Size => format!("SIZE {}", self.config.size_limit),
            Extension::EightBitMime => "8BITMIME".to_owned(),
            Extension::SmtpUtf8 => "SMTPUTF8".to_owned(),
            Extension::EnhancedStatusCodes => "ENHANCEDSTATUSCODES".to_owned(),
        }));
        if self.starttls_possible().is_some() {
            lines.push("STARTTLS".to_owned());
        }
        if let Some(policy) = self.config.auth.as_ref().filter(|policy| self.protects(policy.channel)) {
            let names: Vec<_> = policy.mechanisms.iter().map(|mechanism| mechanism.name()).collect();
            lines.push(format!("AUTH {}", names.join(" ")));
        }
        lines
    }

    /// Whether the connection is as protected as signing in demands.
    pub(crate) fn protects(&self, channel: AuthChannel) -> bool {
        channel == AuthChannel::Any || self.security != Security::Plain
    }

    fn starttls_possible(&self) -> Option<Arc<rustls::ServerConfig>> {
        match &self.config.tls {
            Tls::Upgrade(tls) if self.security == Security::Plain => Some(Arc::clone(tls)),
            _ => None,
        }
    }

    /// After the handshake nothing that was said before counts (RFC 3207 §4.2).
    pub(crate) async fn starttls(&mut self) -> io::Result<Outcome> {
        let Some(tls) = self.starttls_possible() else {
            return Ok(self.refuse(Reply::new(503, "5.5.1", "STARTTLS is not offered here")));
        };
        let outcome = self.stage(Stage::StartTls, Reply::new(220, "2.0.0", "Go ahead")).await?;
        if outcome == Outcome::Advanced {
            self.wire.secure(tls).await?;
            self.security = Security::StartTls;
            self.greeting = Greeting::Awaited;
            self.authenticated_as = None;
            self.envelope = None;
        }
        Ok(outcome)
    }
}
