//! mailgun-rs's own sender, for letters of plain text and HTML.
//!
//! It takes words instead of bytes, so the words are read back out of the frozen bytes, and
//! whatever else those hold is refused rather than dropped. It makes a connection per letter, says
//! nothing of an answer but its status, and cannot be asked what became of a letter.

mod words;

use std::fmt;

use async_trait::async_trait;
use mailgun_rs::{Mailgun, SendError, SendResponse};
use postroom_domain::failure::{Failure, FailureClass};
use postroom_domain::invalid::Invalid;
use postroom_domain::lifecycle::Evidence;
use postroom_ports::queue::Support;
use postroom_ports::transport::{Outgoing, TransportCapabilities};
use secrecy::ExposeSecret;

use crate::classify::{Silence, Stage, classify, classify_silence, named};
use crate::client::MailgunClient;
use crate::config::{MailgunConfig, MailgunConfigError, TestMode};
use crate::transport::SIZE_LIMIT;
use crate::trouble;

/// The key, and where to send. mailgun-rs's `Mailgun` shows its key in `Debug`, so there is one
/// per letter and none is kept.
pub(crate) struct SdkClient {
    config: MailgunConfig,
}

impl SdkClient {
    /// # Errors
    /// Every setting that this sender cannot follow.
    pub(crate) fn new(config: MailgunConfig) -> Result<Self, MailgunConfigError> {
        let beyond = [
            ("MAILGUN_API_URL", config.region().is_none()),
            ("MAILGUN_CA_FILE", config.ca_file.is_some()),
            ("MAILGUN_TEST_MODE", config.test_mode == TestMode::On),
            ("mailgun.tags", !config.tags.is_empty()),
        ];
        let mistakes: Vec<Invalid> = beyond
            .into_iter()
            .filter(|(_, is_beyond)| *is_beyond)
            .map(|(field, _)| {
                Invalid::new(field, "is nothing that mailgun-rs's sender can follow; use the other client")
            })
            .collect();
        if mistakes.is_empty() { Ok(Self { config }) } else { Err(MailgunConfigError { mistakes }) }
    }

    async fn post(&self, outgoing: Outgoing<'_>) -> Result<SendResponse, Failure> {
        let words = words::of(outgoing.letter)?;
        let Some(region) = self.config.region() else {
            return Err(Failure::new(FailureClass::Misconfigured, "MAILGUN_API_URL", "it is no region's address"));
        };
        let sender =
            Mailgun { api_key: self.config.api_key.expose_secret().to_owned(), domain: self.config.domain.clone() };
        sender.async_send(region, &words.from, words.message, None).await.map_err(|error| failure(&error))
    }
}

/// A status, or whether there was a connection at all: no more of the answer is left. From the
/// first byte on, everything may have left.
fn failure(error: &SendError) -> Failure {
    match error {
        SendError::Req(error) => match error.status() {
            Some(status) => classify(status.as_u16(), b"", None)
                .err()
                .unwrap_or_else(|| classify_silence(Stage::Answer, Silence::Unreadable))
                .with_detail(&format!("{} and no more is known of the answer", status.as_u16())),
            None if error.is_connect() => trouble::met(Stage::Connect, error),
            None if error.is_decode() || error.is_redirect() => silence(Silence::Unreadable),
            None => trouble::met(Stage::Answer, error),
        },
        SendError::IoWithPath { .. } => {
            Failure::new(FailureClass::Misconfigured, "ATTACHMENT", "a file was to be attached, and there is none")
        }
    }
}

fn silence(silence: Silence) -> Failure {
    trouble::failure(&classify_silence(Stage::Answer, silence), silence)
}

#[async_trait]
impl MailgunClient for SdkClient {
    fn capabilities(&self) -> TransportCapabilities {
        TransportCapabilities {
            smtputf8: Support::No,
            // Mailgun gives the letter a Message-ID of its own, so there is nothing to ask by.
            reconcile: Support::No,
            max_size: Some(SIZE_LIMIT),
            concurrency: self.config.connections,
        }
    }

    async fn send<'a>(&self, outgoing: Outgoing<'a>) -> Result<SendResponse, Failure> {
        // It has no time-outs of its own. It keeps no connection, so it may be dropped anywhere.
        match tokio::time::timeout(self.config.timeouts.whole, self.post(outgoing)).await {
            Ok(sent) => named(sent?).ok_or_else(|| silence(Silence::Unreadable)),
            Err(_) => Err(silence(Silence::TimedOut)),
        }
    }

    async fn ask<'a>(&self, _outgoing: Outgoing<'a>) -> Result<Evidence, Failure> {
        Ok(Evidence::Unknown)
    }
}

impl fmt::Debug for SdkClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SdkClient").field("config", &self.config).finish_non_exhaustive()
    }
}
