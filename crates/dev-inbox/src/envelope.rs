//! The middle of a dialogue: `MAIL`, `RCPT`, `DATA`, and the final dot.

use std::io;

use tracing::{debug, warn};

use crate::act::{Act, Stage};
use crate::body::BodyFault;
use crate::command::{Fault, MailFrom};
use crate::config::Extension;
use crate::letter::{BodyType, Captured, SmtpUtf8};
use crate::policy::AuthNeed;
use crate::reply::Reply;
use crate::session::{Outcome, Session};
use crate::verb::Verb;

/// The least that a server must take (RFC 5321 §4.5.3.1.8), and what this one
/// takes.
const RECIPIENT_LIMIT: usize = 100;

/// A mail transaction: what `MAIL` and `RCPT` have said.
#[derive(Default)]
pub(crate) struct Envelope {
    mail_from: String,
    recipients: Vec<String>,
    body_type: BodyType,
    smtputf8: SmtpUtf8,
}

impl Session {
    pub(crate) async fn mail(&mut self, mail: MailFrom) -> io::Result<Outcome> {
        if let Some(reply) = self.mail_fault(&mail) {
            return Ok(self.refuse(reply));
        }
        let outcome = self.stage(Stage::Mail, Reply::new(250, "2.1.0", "Sender ok")).await?;
        if outcome == Outcome::Advanced {
            self.envelope = Some(Envelope {
                mail_from: mail.path,
                recipients: Vec::new(),
                body_type: mail.body.unwrap_or_default(),
                smtputf8: mail.smtputf8,
            });
        }
        Ok(outcome)
    }

    fn mail_fault(&self, mail: &MailFrom) -> Option<Reply> {
        let config = &self.config;
        let must_sign_in = config.auth.as_ref().is_some_and(|policy| policy.need == AuthNeed::Required);
        let utf8 = mail.smtputf8 == SmtpUtf8::Asked;
        let not_offered = (mail.size.is_some() && !config.offers(Extension::Size))
            || (mail.body.is_some() && !config.offers(Extension::EightBitMime))
            || (utf8 && !config.offers(Extension::SmtpUtf8));
        if self.envelope.is_some() {
            Some(Reply::new(503, "5.5.1", "There is a sender already"))
        } else if must_sign_in && self.authenticated_as.is_none() {
            Some(Reply::new(530, "5.7.0", "Authentication required"))
        } else if not_offered {
            Some(Fault::Parameter.reply())
        } else if mail.size.is_some_and(|size| size > config.size_limit as u64) {
            Some(too_large())
        } else if !mail.path.is_ascii() && !utf8 {
            Some(needs_smtputf8())
        } else {
            None
        }
    }

    pub(crate) async fn rcpt(&mut self, address: String) -> io::Result<Outcome> {
        if let Some(reply) = self.rcpt_fault(&address) {
            return Ok(self.refuse(reply));
        }
        let act = self.config.script.take(Stage::Rcpt, std::slice::from_ref(&address));
        let outcome = self.perform(Stage::Rcpt, act, Reply::new(250, "2.1.5", "Recipient ok")).await?;
        if let (Outcome::Advanced, Some(envelope)) = (outcome, &mut self.envelope) {
            envelope.recipients.push(address);
        }
        Ok(outcome)
    }

    fn rcpt_fault(&self, address: &str) -> Option<Reply> {
        match &self.envelope {
            None => Some(Reply::new(503, "5.5.1", "Say MAIL first")),
            Some(envelope) if envelope.recipients.len() >= RECIPIENT_LIMIT => {
                Some(Reply::new(452, "4.5.3", "Too many recipients"))
            }
            Some(envelope) if !address.is_ascii() && envelope.smtputf8 == SmtpUtf8::NotAsked => Some(needs_smtputf8()),
            Some(_) => None,
        }
    }

    /// `DATA`, and the body if the answer is 354.
    pub(crate) async fn data(&mut self) -> io::Result<Outcome> {
        let Some(envelope) = &self.envelope else {
            return Ok(self.refuse(Reply::new(503, "5.5.1", "Say MAIL first")));
        };
        let act = self.config.script.take(Stage::Data, &envelope.recipients);
        let usual = Reply::new(354, None, "Send the letter; end it with <CR><LF>.<CR><LF>");
        if envelope.recipients.is_empty() && matches!(act, Act::Proceed | Act::Slow(_)) {
            return Ok(self.refuse(no_recipients()));
        }
        match self.perform(Stage::Data, act, usual).await? {
            Outcome::Advanced => self.body().await,
            other => Ok(other),
        }
    }

    /// The body, and the reply that decides who is responsible for the letter.
    async fn body(&mut self) -> io::Result<Outcome> {
        let content = self.wire.body(self.config.size_limit).await?;
        self.presence.saw(Verb::FinalDot, self.wire.reads());
        // Whatever the reply, the transaction ends here (RFC 5321 §4.1.1.4).
        let envelope = self.envelope.take().unwrap_or_default();
        let bytes = match content {
            _ if envelope.recipients.is_empty() => return Ok(self.refuse(no_recipients())),
            Err(BodyFault::TooLarge) => return Ok(self.refuse(too_large())),
            Err(BodyFault::LineTooLong) => {
                return Ok(self.refuse(Reply::new(500, "5.6.0", "Line longer than 998 octets")));
            }
            Ok(bytes) => bytes,
        };
        let act = self.config.script.take(Stage::Body, &envelope.recipients);
        if act.keeps_the_letter() && self.keep(envelope, bytes).await.is_err() {
            return Ok(self.refuse(Reply::new(452, "4.3.1", "Cannot save the letter")));
        }
        self.perform(Stage::Body, act, Reply::new(250, "2.0.0", "Letter kept")).await
    }

    async fn keep(&mut self, envelope: Envelope, bytes: Vec<u8>) -> io::Result<()> {
        let letter = Captured {
            sequence: 0,
            mail_from: envelope.mail_from,
            recipients: envelope.recipients,
            bytes,
            tls: self.security,
            authenticated_as: self.authenticated_as.clone(),
            body_type: envelope.body_type,
            smtputf8: envelope.smtputf8,
            connection: self.presence.number,
        };
        let kept = self.mailbox.keep(letter).await;
        match &kept {
            Ok(()) => debug!(connection = self.presence.number, "letter kept"),
            Err(error) => {
                warn!(connection = self.presence.number, %error, "the letter could not be saved");
            }
        }
        kept
    }
}

fn too_large() -> Reply {
    Reply::new(552, "5.3.4", "Letter larger than this server takes")
}

fn needs_smtputf8() -> Reply {
    Reply::new(553, "5.6.7", "A UTF-8 address needs SMTPUTF8")
}

fn no_recipients() -> Reply {
    Reply::new(554, "5.5.1", "No valid recipients")
}
