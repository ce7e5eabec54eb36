//! The dev inbox: a mail server that runs inside the process, takes letters
//! from this machine only, and keeps them instead of delivering them.
//!
//! It has two uses, and one capture path for both:
//!
//! - **the dev inbox** of `postroom demo` and of everyday development: look at
//!   what would have been sent, without a mail server and without sending;
//! - **the scripted SMTP server** of the tests: every stage of the dialogue can
//!   be told to refuse, stall, babble, trickle, hang up or reset.
//!
//! ```text
//!              ┌────────── DevInbox ──────────┐
//!  client ───▶ │ accept loop (loopback only)  │
//!              │   one task per connection    │
//!              │   ┌──────── Session ───────┐ │     ┌────────┐
//!              │   │ Wire: lines, body, TLS │ │ ◀── │ Script │ "what shall I
//!              │   │ command → stage → act ─┼─┼───▶ └────────┘  do at RCPT?"
//!              │   └───────────┬────────────┘ │
//!              │          accepted letter     │
//!              │   ┌───────────▼────────────┐ │     ┌──────────────────────┐
//!              │   │ Mailbox: letters, wait │─┼───▶ │ 0001-ada.eml (fsync) │
//!              │   └────────────────────────┘ │     └──────────────────────┘
//!              └──────────────────────────────┘
//! ```
//!
//! A letter is kept, and written to its file if a folder was given, *before*
//! the client reads `250`: what the client believes to be accepted is never
//! missing here (RFC 5321 §6.1).
//!
//! # Use it
//!
//! ```
//! # #[tokio::main]
//! # async fn main() -> Result<(), postroom_dev_inbox::InboxError> {
//! use postroom_dev_inbox::{Act, Config, DevInbox, Stage};
//!
//! let mut inbox = DevInbox::start(Config::default()).await?;
//! let script = inbox.script();
//! script.for_recipient("new@example.org", Stage::Rcpt, vec![Act::greylisted()]);
//! script.for_recipient_always("gone@example.org", Stage::Rcpt, Act::no_such_mailbox());
//! script.next(Stage::Body, Act::AcceptThenClose);
//! // … send letters to inbox.addr(), then inbox.wait_for(3, timeout).await?
//! assert!(inbox.letters().is_empty());
//! inbox.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # How to add one more
//!
//! - **one more behaviour**: a variant of [`Act`], and its arm in
//!   `Session::perform`, which is the only place where acts are carried out;
//! - **one more stage**: a variant of [`Stage`], and a call of `Session::stage`
//!   where the dialogue reaches it;
//! - **one more extension**: a variant of [`Extension`], its line in
//!   `Session::ehlo`, and its parameter in `command`.
//!
//! # Deliberately absent
//!
//! - Listening on anything but the loopback: the inbox accepts every sender and
//!   every recipient, so it must not be reachable from elsewhere.
//! - Relaying, queues, bounces: a letter that came in stays in.
//! - Idle time-outs: the clients are our own, and a server that hangs up by the
//!   clock would hide a client that waits for ever.
//! - `CHUNKING`, `DSN`, `ETRN`, `EXPN`, `HELP`: nothing here speaks them.
//! - Reading MIME: tests read the bytes with a parser of their own choice.

mod accept;
mod act;
mod address;
mod auth;
mod body;
mod command;
mod config;
mod connections;
mod envelope;
mod error;
mod greeting;
mod guard;
mod journal;
mod letter;
mod mailbox;
mod policy;
mod reply;
mod script;
mod server;
mod session;
mod verb;
mod wire;

pub use act::{Act, Stage};
pub use config::{Config, Extension};
pub use connections::Conversation;
pub use error::InboxError;
pub use letter::{BodyType, Captured, Security, SmtpUtf8};
pub use policy::{AuthPolicy, Mechanism};
pub use reply::Reply;
pub use script::Script;
pub use server::DevInbox;
pub use verb::Verb;
