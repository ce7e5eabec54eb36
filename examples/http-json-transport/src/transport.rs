//! The port, over an HTTP client.

use std::time::Duration;

use async_trait::async_trait;
use base64::prelude::{BASE64_STANDARD, Engine};
use postroom_domain::failure::Failure;
use postroom_domain::id::TransportName;
use postroom_domain::lifecycle::Evidence;
use postroom_ports::queue::Support;
use postroom_ports::transport::{MailTransport, Outgoing, Receipt, TransportCapabilities};
use reqwest::{Client, ClientBuilder, RequestBuilder, Response, Url, header, redirect, retry};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::classify::{Answer, classify};

/// How much of an answer is read, in bytes; a longer one is none.
const ANSWER_LIMIT: usize = 64 * 1024;

/// Letters as JSON to one endpoint. Its `Debug` shows no token.
#[derive(Debug)]
pub struct HttpJsonTransport {
    name: TransportName,
    client: Client,
    url: Url,
    token: SecretString,
}

impl HttpJsonTransport {
    /// A transport to `url`; time-outs, and whom to trust, are the `client`'s.
    ///
    /// # Errors
    /// The client cannot be built.
    pub fn new(client: ClientBuilder, name: TransportName, url: Url, token: SecretString) -> reqwest::Result<Self> {
        // Neither letter nor token goes where an answer points, and nothing is sent twice. A kept connection may end
        // just as a letter is put on it, and would leave that one in doubt for nothing.
        let client = client.redirect(redirect::Policy::none()).retry(retry::never()).pool_max_idle_per_host(0);
        Ok(Self { name, client: client.build()?, url, token })
    }

    async fn answer(&self, request: RequestBuilder) -> Answer {
        match request.bearer_auth(self.token.expose_secret()).send().await {
            Ok(response) => read(response).await.unwrap_or(Answer::Silence),
            Err(error) if error.is_connect() => Answer::NotConnected,
            Err(_) => Answer::Silence,
        }
    }
}

/// The whole answer; `None` where it ends early or does not end.
async fn read(mut response: Response) -> Option<Answer> {
    let seconds = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let (status, mut body) = (response.status().as_u16(), Vec::new());
    while let Some(chunk) = response.chunk().await.ok()? {
        body.extend_from_slice(&chunk);
        (body.len() <= ANSWER_LIMIT).then_some(())?;
    }
    Some(Answer::Reply(status, seconds.map(Duration::from_secs), body))
}

#[async_trait]
impl MailTransport for HttpJsonTransport {
    fn name(&self) -> TransportName {
        self.name.clone()
    }

    fn capabilities(&self) -> TransportCapabilities {
        let max_size = Some(10 * 1024 * 1024);
        TransportCapabilities { smtputf8: Support::No, reconcile: Support::Yes, max_size, concurrency: 8 }
    }

    async fn send<'a>(&self, Outgoing { delivery_id, letter }: Outgoing<'a>) -> Result<Receipt, Failure> {
        let (from, to) = (letter.mail_from.as_str(), letter.rcpt_to.as_str());
        // JSON is text and a message is bytes: in base64 they arrive as they are.
        let message = BASE64_STANDARD.encode(&letter.bytes);
        let body = json!({ "id": delivery_id.as_str(), "from": from, "to": to, "message": message });
        classify(&self.answer(self.client.post(self.url.clone()).json(&body)).await)
    }

    async fn reconcile<'a>(&self, outgoing: Outgoing<'a>) -> Result<Evidence, Failure> {
        let mut question = self.url.clone();
        question.query_pairs_mut().append_pair("id", outgoing.delivery_id.as_str());
        Ok(match self.answer(self.client.get(question)).await {
            Answer::Reply(200, ..) => Evidence::Accepted,
            Answer::Reply(404, ..) => Evidence::NotAccepted,
            _ => Evidence::Unknown,
        })
    }
}
