//! One connection's dialogue: reads commands in order, keeps the state that
//! RFC 5321 asks for, and carries out what the script says at each stage.

use std::io;
use std::sync::Arc;

use crate::act::{Act, Stage};
use crate::command::{Command, parse};
use crate::config::Config;
use crate::connections::Presence;
use crate::envelope::Envelope;
use crate::letter::Security;
use crate::mailbox::Mailbox;
use crate::reply::Reply;
use crate::verb::Verb;
use crate::wire::{Line, Wire};

/// 512 octets (RFC 5321 §4.5.3.1.4), and room for the parameters of `MAIL`
/// and for UTF-8 addresses. `AUTH` has its own, larger limit (RFC 4954 §4).
const COMMAND_LIMIT: usize = 1024;
pub(crate) const AUTH_LIMIT: usize = 12_288;

/// A connection and all that it has been told so far.
pub(crate) struct Session {
    // Fields are dropped in order: the connection is closed before it stops
    // being counted as open.
    pub(crate) wire: Wire,
    pub(crate) presence: Presence,
    pub(crate) config: Arc<Config>,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) security: Security,
    pub(crate) greeting: Greeting,
    pub(crate) authenticated_as: Option<String>,
    pub(crate) envelope: Option<Envelope>,
}

/// How far the two sides have introduced themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Greeting {
    /// The server has greeted with something else than success: only `QUIT`
    /// is heard (RFC 5321 §3.1).
    TurnedAway,
    /// The client has not said who it is.
    Awaited,
    /// `EHLO` or `HELO` was accepted.
    Done,
}

/// What became of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The client was told success: the dialogue moves on.
    Advanced,
    /// The client was told something else: the dialogue stays where it is.
    Refused,
    /// The connection is over.
    Ended,
}

impl Session {
    /// Talks until either side ends it.
    pub(crate) async fn run(mut self) -> io::Result<()> {
        let mut outcome = self.greet().await?;
        while outcome != Outcome::Ended {
            outcome = self.next_command().await?;
        }
        self.wire.close().await
    }

    async fn next_command(&mut self) -> io::Result<Outcome> {
        let line = match self.wire.line(AUTH_LIMIT).await? {
            Line::Closed => return Ok(Outcome::Ended),
            Line::Text(line) if line.len() + 2 <= limit(&line) => line,
            Line::Text(_) | Line::TooLong => return Ok(self.misheard("Line too long")),
            Line::BareLf => return Ok(self.misheard("Lines end with CR LF")),
        };
        self.presence.saw(Verb::of(&line), self.wire.reads());
        match parse(&line) {
            Ok(command) => self.obey(command).await,
            Err(fault) => Ok(self.refuse(fault.reply())),
        }
    }

    async fn obey(&mut self, command: Command) -> io::Result<Outcome> {
        match command {
            Command::Quit => self.quit().await,
            _ if self.greeting == Greeting::TurnedAway => {
                Ok(self.refuse(Reply::new(503, "5.5.1", "Only QUIT is possible here")))
            }
            Command::Ehlo => self.ehlo().await,
            Command::Helo => self.helo().await,
            Command::Noop => self.stage(Stage::Noop, Reply::new(250, "2.0.0", "Ok")).await,
            Command::Rset => self.rset().await,
            Command::Vrfy => Ok(self.refuse(Reply::new(252, "2.1.5", "Cannot verify; send a letter and see"))),
            _ if self.greeting == Greeting::Awaited => Ok(self.refuse(Reply::new(503, "5.5.1", "Say EHLO first"))),
            Command::StartTls => self.starttls().await,
            Command::Auth { mechanism, initial } => self.auth(&mechanism, initial).await,
            Command::Mail(mail) => self.mail(mail).await,
            Command::Rcpt(address) => self.rcpt(address).await,
            Command::Data => self.data().await,
        }
    }

    async fn rset(&mut self) -> io::Result<Outcome> {
        let outcome = self.stage(Stage::Rset, Reply::new(250, "2.0.0", "Flushed")).await?;
        if outcome == Outcome::Advanced {
            self.envelope = None;
        }
        Ok(outcome)
    }

    async fn quit(&mut self) -> io::Result<Outcome> {
        self.stage(Stage::Quit, Reply::new(221, "2.0.0", "Goodbye")).await?;
        Ok(Outcome::Ended)
    }

    /// Asks the script what to do at a stage without recipients, and does it.
    pub(crate) async fn stage(&mut self, stage: Stage, usual: Reply) -> io::Result<Outcome> {
        let act = self.config.script.take(stage, &[]);
        self.perform(stage, act, usual).await
    }

    /// Carries out an act; `usual` is the reply of a well-behaved server.
    pub(crate) async fn perform(&mut self, stage: Stage, act: Act, usual: Reply) -> io::Result<Outcome> {
        match act {
            Act::Proceed => {
                self.say(usual);
                Ok(Outcome::Advanced)
            }
            Act::Slow(pause) => {
                let octets = usual.with_codes_offered_by(&self.config).octets();
                self.wire.trickle(&octets, pause).await?;
                Ok(Outcome::Advanced)
            }
            Act::Reply(reply) => {
                self.wire.say(&reply.octets());
                Ok(match reply.code {
                    421 => Outcome::Ended,
                    code if stage.advances_with(code) => Outcome::Advanced,
                    _ => Outcome::Refused,
                })
            }
            Act::Garbage(octets) => {
                self.wire.say(&octets);
                Ok(Outcome::Refused)
            }
            Act::Stall | Act::AcceptThenStall => {
                self.wire.stall().await?;
                Ok(Outcome::Ended)
            }
            Act::Close | Act::AcceptThenClose => Ok(Outcome::Ended),
            Act::Reset => {
                self.wire.reset().await?;
                Ok(Outcome::Ended)
            }
        }
    }

    /// Answers by the dialogue's own rules, and moves nothing.
    pub(crate) fn refuse(&mut self, reply: Reply) -> Outcome {
        self.say(reply);
        Outcome::Refused
    }

    fn say(&mut self, reply: Reply) {
        self.wire.say(&reply.with_codes_offered_by(&self.config).octets());
    }

    /// Answers a line that is no command.
    fn misheard(&mut self, why: &str) -> Outcome {
        self.presence.saw(Verb::Unknown, self.wire.reads());
        self.refuse(Reply::new(500, "5.5.2", why))
    }
}

fn limit(line: &[u8]) -> usize {
    if Verb::of(line) == Verb::Auth { AUTH_LIMIT } else { COMMAND_LIMIT }
}
