//! Letters by Mailgun.
//!
//! ```text
//!   FrozenLetter ─▶ MailgunTransport ─▶ Receipt │ Failure
//!                        │  MailgunClient, the seam     ▲
//!             ┌──────────┴──────────┐                   │ classify
//!         HttpClient            SdkClient ──────────────┤
//!       the very bytes,       mailgun-rs's sender:      │
//!       by messages.mime      text and HTML only        │
//!             └─────────────────────────────────────────┘
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | `config` | [`MailgunConfig`]: what an operator may say, and every mistake at once |
//! | `transport` | [`MailgunTransport`], the adapter of [`postroom_ports::transport::MailTransport`] |
//! | `client` | the seam between the transport and whoever speaks to Mailgun |
//! | `http` | our own client: fields, how much has left, bounded answers, the event log |
//! | `probe` | [`MailgunProbe`]: whether Mailgun would take a letter, asked without handing one over |
//! | `sdk` | mailgun-rs's own sender, for whoever wants no other |
//! | [`classify`] | what an answer means, and what silence means |
//! | `trouble` | the HTTP library's errors, on their way to `classify` |
//!
//! # Use it
//! ```no_run
//! # use postroom_adapters_mailgun::{MailgunConfig, MailgunTransport, region_url};
//! # use postroom_ports::transport::{MailTransport, Outgoing, Receipt};
//! # async fn example(outgoing: Outgoing<'_>) -> Result<Receipt, Box<dyn std::error::Error>> {
//! let config = MailgunConfig {
//!     base_url: region_url(&mailgun_rs::MailgunRegion::EU).to_owned(),
//!     ..MailgunConfig::new("from the environment", "mg.example.org")
//! };
//! let transport = MailgunTransport::new(config)?;
//! let receipt = transport.send(outgoing).await?;
//! # Ok(receipt)
//! # }
//! ```
//!
//! # The two clients
//! | | [`MailgunTransport::new`] | [`MailgunTransport::by_sdk`] |
//! |---|---|---|
//! | what travels | the bytes that SMTP would carry | subject, text and HTML, written anew by Mailgun |
//! | our Message-ID, further headers | yes | Message-ID and Date are Mailgun's; a letter with further headers is refused |
//! | `v:delivery_id`, tags, test mode, own address, own CA | yes | no; configured, they are mistakes |
//! | asked what became of a letter | by the event log | no |
//! | the API's reason, `Retry-After` | yes | no: a status is all |
//! | not sent, or in doubt | counted by the byte | in doubt from the connection on |
//!
//! # What may be relied on
//! - **The last byte decides.** Until the connection has taken it, a failure is "not sent"; from
//!   then on, whatever is not a readable answer is "in doubt".
//! - **The key goes to one address.** Redirects are not followed, pages of events from elsewhere
//!   are not fetched, and without encryption it leaves this machine never.
//! - **Answers are bounded**, in size and in time.
//! - **No event is no evidence**: what the event log does not hold is never called "not accepted".
//!
//! # Teach it a peculiar answer
//! 1. Write it down in the table of `tests/mailgun/classify.rs`, with the class it should have.
//! 2. Add the arm to `classify::classify`, and the source in a comment.
//!
//! Nothing else looks at a status.
//!
//! # What is deliberately absent
//! Stored templates (letters are rendered and frozen before any provider is chosen), batch sending
//! (one letter, one recipient, one record), scheduling at Mailgun (the queue does it, and can
//! still cancel), and retries: a failure says what follows, the dispatcher does it.

pub mod classify;
mod client;
mod config;
mod http;
mod probe;
mod sdk;
mod transport;
mod trouble;

pub use config::{MailgunConfig, MailgunConfigError, TestMode, Timeouts, region_url};
pub use probe::MailgunProbe;
pub use transport::MailgunTransport;
