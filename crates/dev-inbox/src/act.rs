//! The vocabulary of scripts: where in the dialogue, and what to do there.

use std::time::Duration;

use crate::reply::Reply;

/// A moment at which the server owes a reply. It counts as reached when the
/// command is well formed and in order: what the dialogue itself refuses (501,
/// 503, 530, 552 …) uses up no rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The greeting (after the handshake when TLS is implicit).
    Connect,
    /// `EHLO` or `HELO`.
    Ehlo,
    /// `STARTTLS`, before the handshake.
    StartTls,
    /// `AUTH`, before any challenge.
    AuthStart,
    /// `MAIL FROM`.
    Mail,
    /// `RCPT TO`.
    Rcpt,
    /// `DATA`. Reached even if every recipient was refused, so that a script
    /// can answer 354 all the same, as RFC 2920 §3.1 allows.
    Data,
    /// The final dot: the reply that decides who is responsible.
    Body,
    /// `RSET`.
    Rset,
    /// `NOOP`.
    Noop,
    /// `QUIT`.
    Quit,
}

impl Stage {
    /// Whether a scripted reply with this code lets the dialogue go on as if
    /// the server had answered by itself.
    pub(crate) fn advances_with(self, code: u16) -> bool {
        match self {
            Self::Data => code == 354,
            Self::StartTls => code == 220,
            _ => (200..300).contains(&code),
        }
    }
}

/// What the server does at a stage. Replies that are owed to earlier,
/// pipelined commands are always sent first.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Act {
    /// Answers as a well-behaved server would.
    Proceed,
    /// Answers this. A code that means success at the stage moves the dialogue
    /// on; any other leaves it where it was; 421 ends the connection.
    Reply(Reply),
    /// Sends these octets as they are (nothing is appended) and moves nothing.
    /// At [`Stage::Body`] the letter is not kept.
    Garbage(Vec<u8>),
    /// Never answers; the connection stays open until the client leaves.
    /// At [`Stage::Body`] the letter is not kept.
    Stall,
    /// Answers as usual, in pieces of four octets with this pause before each.
    /// At [`Stage::Body`] the letter is kept before the first piece.
    Slow(Duration),
    /// Closes the connection instead of answering.
    Close,
    /// Resets the connection (RST) instead of answering.
    Reset,
    /// Keeps the letter, then closes the connection before the reply: the
    /// client cannot know. At other stages like [`Act::Close`].
    AcceptThenClose,
    /// Keeps the letter, then never answers: the client cannot know either.
    /// At other stages like [`Act::Stall`].
    AcceptThenStall,
}

impl Act {
    /// Answers one line; `enhanced` is `"4.7.1"` or `None`.
    #[must_use]
    pub fn reply<'a>(code: u16, enhanced: impl Into<Option<&'a str>>, text: &str) -> Self {
        Self::Reply(Reply::new(code, enhanced, text))
    }

    /// Answers several lines.
    #[must_use]
    pub fn reply_multiline<'a, L: Into<String>>(
        code: u16,
        enhanced: impl Into<Option<&'a str>>,
        lines: impl IntoIterator<Item = L>,
    ) -> Self {
        Self::Reply(Reply::multiline(code, enhanced, lines))
    }

    /// A receiver that does not know us yet: 451 4.7.1.
    #[must_use]
    pub fn greylisted() -> Self {
        Self::reply(451, "4.7.1", "Greylisted, please come back in a moment")
    }

    /// A mailbox that does not exist: 550 5.1.1.
    #[must_use]
    pub fn no_such_mailbox() -> Self {
        Self::reply(550, "5.1.1", "No such mailbox here")
    }

    /// A server in trouble: 451 4.3.0.
    #[must_use]
    pub fn out_of_order() -> Self {
        Self::reply(451, "4.3.0", "Temporary system problem, please try again later")
    }

    /// A server that takes its leave: 421 4.3.2, and the connection ends.
    #[must_use]
    pub fn shutting_down() -> Self {
        Self::reply(421, "4.3.2", "Service shutting down, closing the connection")
    }

    /// Whether this act, at [`Stage::Body`], takes the letter.
    pub(crate) fn keeps_the_letter(&self) -> bool {
        match self {
            Self::Proceed | Self::Slow(_) | Self::AcceptThenClose | Self::AcceptThenStall => true,
            Self::Reply(reply) => Stage::Body.advances_with(reply.code),
            Self::Garbage(_) | Self::Stall | Self::Close | Self::Reset => false,
        }
    }
}
