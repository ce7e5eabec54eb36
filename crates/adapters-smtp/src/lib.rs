//! Letters by SMTP: the transport, and the composer that writes their MIME.
//!
//! ```text
//!   Draft ─▶ MimeComposer ─▶ FrozenLetter ─▶ SmtpTransport ─▶ Receipt │ Failure
//!              mime/                            │        ▲
//!                                               ▼        │ classify
//!                                    pool ─▶ session ────┘
//!                                              dial ─▶ envelope ─▶ message
//!                                       (TCP, TLS, AUTH)  (MAIL RCPT DATA)  (body, dot)
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | `config` | [`SmtpConfig`]: what an operator may say, and every mistake at once |
//! | `transport` | [`SmtpTransport`], the adapter of [`postroom_ports::transport::MailTransport`] |
//! | `pool` | how many connections, which are kept, and the one way back |
//! | `session` | one connection, stage by stage |
//! | [`classify`] | what an answer means, and what silence means |
//! | `mime` | [`MimeComposer`], the adapter of [`postroom_ports::composer::MessageComposer`] |
//! | `probe` | [`SmtpProbe`]: whether a letter would get through, asked without sending one |
//! | `tls` | certificates and handshakes |
//!
//! # Use it
//! ```no_run
//! # use postroom_adapters_smtp::{SmtpConfig, SmtpTransport};
//! # use postroom_ports::transport::{MailTransport, Outgoing, Receipt};
//! # async fn example(outgoing: Outgoing<'_>) -> Result<Receipt, Box<dyn std::error::Error>> {
//! let config = SmtpConfig {
//!     username: Some("postroom".to_owned()),
//!     password: Some("from the environment".into()),
//!     ..SmtpConfig::new("smtp.example.org")
//! };
//! let transport = SmtpTransport::new(config)?;
//! let receipt = transport.send(outgoing).await?;
//! # Ok(receipt)
//! # }
//! ```
//!
//! # What may be relied on
//! - **The final dot decides.** Whatever goes wrong before it left is "not sent"; whatever goes
//!   wrong between it and a readable answer is "in doubt"; nothing that happens after the 250
//!   changes the outcome.
//! - **Replies and letters stay in step.** A connection is used again only after a clean end;
//!   cancelled, timed out, odd or surplus: it is closed.
//! - **No password without encryption**, except to this machine itself.
//! - **One write per stage** on a connection without Nagle's delay: sender, recipient and DATA
//!   together where PIPELINING is offered; body and final dot together. The example `throughput`
//!   shows what that is worth.
//!
//! # Teach it a server's peculiar answer
//! 1. Write its reply down in the table of `tests/smtp/classify.rs`, with the class it should have.
//! 2. Add the arm to `classify::never` or `classify::later`, and the source in a comment.
//!
//! Nothing else looks at codes.
//!
//! # What is deliberately absent
//! HELO (every server of this century knows EHLO), CHUNKING and DSN (nothing here needs them),
//! several recipients in one transaction (one letter, one recipient, one record), MX look-ups
//! (it hands over to a mail server, it is none), signing (the relay's or the provider's work),
//! and retries: a failure says what follows, the dispatcher does it.

pub mod classify;
mod config;
mod mime;
mod pool;
mod probe;
mod session;
mod tls;
mod transport;

pub use config::{PoolLimits, SmtpConfig, SmtpConfigError, Timeouts, TlsMode};
pub use mime::MimeComposer;
pub use probe::SmtpProbe;
pub use transport::SmtpTransport;
