//! One connection to the mail server, and the letters that travel over it.
//!
//! ```text
//!   dial ─▶ Session ─▶ envelope (MAIL, RCPT, DATA) ─▶ message (body, final dot) ─▶ receipt
//!             ▲              │ refused cleanly               │ anything odd
//!             │              ▼                               ▼
//!             └──────────── RSET                         connection closed
//! ```
//!
//! A session is fit for its next letter only if the last one ended cleanly. It is marked as
//! broken while a letter is on its way, and mended at the end: so a send that is cancelled
//! half-way leaves a broken session behind, and a broken one is never used again. Replies and
//! letters cannot get out of step.

mod auth;
mod deadline;
mod dial;
mod envelope;
mod message;
mod offer;
mod refused;
mod replies;
mod wire;

use std::time::Duration;

use mail_send::SmtpClient;
use postroom_domain::failure::Failure;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout};

pub(crate) use deadline::Deadline;
pub(crate) use dial::{Settings, Trail};
pub(crate) use message::check_line_ends;
pub(crate) use offer::Offer;
use wire::{Socket, Wire};

use crate::config::PoolLimits;

/// How long a farewell may take; it is a courtesy.
const FAREWELL: Duration = Duration::from_secs(1);

/// A connection that has been greeted, protected and signed in.
pub(crate) struct Session {
    client: SmtpClient<Wire<Box<dyn Socket>>>,
    offer: Offer,
    condition: Condition,
    opened: Instant,
    parked: Instant,
    letters: u32,
}

/// What a session is fit for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    /// The next letter.
    Ready,
    /// The next letter after RSET: the last one was refused.
    Refused,
    /// Nothing: a letter is on its way, or its end was odd.
    Broken,
}

/// Why a letter was not accepted, and whether the fault was an old connection's.
pub(crate) struct Setback {
    pub(crate) failure: Failure,
    pub(crate) cause: Cause,
}

/// Whose fault a setback is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The server's answer, or the lack of it.
    Server,
    /// The connection had been used before and was gone before the server took the first
    /// command: no byte of the letter has left, and a fresh connection may do.
    StaleConnection,
}

impl Session {
    fn new(client: SmtpClient<Wire<Box<dyn Socket>>>, offer: Offer) -> Self {
        let now = Instant::now();
        Self { client, offer, condition: Condition::Ready, opened: now, parked: now, letters: 0 }
    }

    /// Whether it may carry another letter.
    pub(crate) fn is_fit(&self) -> bool {
        self.condition != Condition::Broken
    }

    /// Whether it has served its time: too old, used too often, or idle for too long.
    pub(crate) fn is_spent(&self, limits: &PoolLimits) -> bool {
        self.letters >= limits.letters || self.opened.elapsed() >= limits.age || self.parked.elapsed() >= limits.idle
    }

    /// Notes that it waits from now on.
    pub(crate) fn park(&mut self) {
        self.parked = Instant::now();
    }

    /// Whether the server is still there and has said nothing since the last letter.
    pub(crate) async fn is_quiet(&mut self) -> bool {
        self.client.stream.is_quiet().await
    }

    /// Says QUIT and closes. The answer is of no interest: all outcomes are fixed by now.
    pub(crate) async fn farewell(mut self) {
        let quit = async {
            self.client.stream.write_all(b"QUIT\r\n").await?;
            self.client.stream.flush().await
        };
        // A server that is gone already needs no farewell.
        drop(timeout(FAREWELL, quit).await);
    }
}
