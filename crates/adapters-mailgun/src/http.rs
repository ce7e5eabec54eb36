//! Our own client: the frozen bytes, by `POST /v3/{domain}/messages.mime`.
//!
//! ```text
//!   send ─▶ form (fields, bytes) ─▶ progress (how much has left) ─▶ reqwest ─▶ reply ─▶ classify
//!   ask  ─▶ events, page by page ─────────────────────────────────▶ reqwest ─▶ reply
//! ```

mod domain;
mod events;
mod form;
mod progress;
mod reply;

use std::fmt;

use async_trait::async_trait;
use mailgun_rs::SendResponse;
use postroom_domain::failure::Failure;
use postroom_domain::invalid::Invalid;
use postroom_domain::lifecycle::Evidence;
use postroom_ports::queue::Support;
use postroom_ports::transport::{Outgoing, TransportCapabilities};
use reqwest::{Client, RequestBuilder, Url, redirect, retry};
use secrecy::ExposeSecret;

pub(crate) use self::domain::{Domain, Record};
use self::reply::Reply;
use crate::classify::{Stage, classify, classify_silence, reason};
use crate::client::MailgunClient;
use crate::config::{MailgunConfig, is_loopback};
use crate::transport::SIZE_LIMIT;
use crate::trouble;

/// How much of an answer to a letter is read. The API's own are a few hundred bytes.
const ANSWER_LIMIT: usize = 64 * 1024;

/// One HTTP client, its connections and the key.
pub(crate) struct HttpClient {
    client: Client,
    base: Url,
    config: MailgunConfig,
}

impl HttpClient {
    pub(crate) fn new(config: MailgunConfig) -> Result<Self, Invalid> {
        let base = config.base()?;
        let mut builder = Client::builder()
            .user_agent("postroom")
            .connect_timeout(config.timeouts.connect)
            .timeout(config.timeouts.whole)
            // The key is for this address only, and what was sent once is not sent again.
            .redirect(redirect::Policy::none())
            .retry(retry::never());
        if let Some(certificates) = config.authorities()? {
            builder = builder.tls_certs_only(certificates);
        }
        if is_loopback(&base) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| {
            let reason = format!("is needed, because the system's own certificates cannot be used: {error}");
            Invalid::new("MAILGUN_CA_FILE", reason)
        })?;
        Ok(Self { client, base, config })
    }

    /// The address of a resource of our domain.
    fn url(&self, resource: &str) -> Url {
        let mut url = self.base.clone();
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{path}/v3/{}/{resource}", self.config.domain));
        url
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        request.basic_auth("api", Some(self.config.api_key.expose_secret()))
    }

    /// What the API said, without our key, should it repeat it.
    fn words(&self, status: u16, body: &[u8]) -> String {
        let said = reason(body).unwrap_or_else(|| format!("{} bytes that are not the API's", body.len()));
        format!("{status} {}", said.replace(self.config.api_key.expose_secret(), "[secret]"))
    }

    /// The verdict on an answer that came.
    fn judge(&self, reply: Reply) -> Result<SendResponse, Failure> {
        let body = match reply.body {
            // Whatever else it said: the status alone decides over what is no acceptance.
            Err(silence) if (200..300).contains(&reply.status) => {
                return Err(trouble::failure(&classify_silence(Stage::Answer, silence), silence));
            }
            Err(_) => Vec::new(),
            Ok(body) => body,
        };
        classify(reply.status, &body, reply.retry_after)
            .map_err(|verdict| verdict.with_detail(&self.words(reply.status, &body)))
    }
}

#[async_trait]
impl MailgunClient for HttpClient {
    fn capabilities(&self) -> TransportCapabilities {
        TransportCapabilities {
            // Mailgun's documentation does not say that it carries UTF-8 local parts.
            smtputf8: Support::No,
            reconcile: Support::Yes,
            max_size: Some(SIZE_LIMIT),
            concurrency: self.config.connections,
        }
    }

    async fn send<'a>(&self, outgoing: Outgoing<'a>) -> Result<SendResponse, Failure> {
        let form = form::of(outgoing, &self.config);
        let request = self.signed(self.client.post(self.url("messages.mime"))).multipart(form);
        let mut request = request.build().map_err(|error| trouble::unbuilt(&error))?;
        let progress = progress::watch(&mut request);
        match self.client.execute(request).await {
            Ok(response) => self.judge(Reply::read(response, ANSWER_LIMIT).await),
            Err(error) => Err(trouble::met(progress.stage(), &error)),
        }
    }

    async fn ask<'a>(&self, outgoing: Outgoing<'a>) -> Result<Evidence, Failure> {
        self.search(outgoing.letter).await
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").field("config", &self.config).finish_non_exhaustive()
    }
}
