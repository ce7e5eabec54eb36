//! What Mailgun knows of our sending domain, by `GET /v4/domains/{domain}`.

use postroom_domain::failure::Failure;
use serde::Deserialize;

use super::HttpClient;
use super::reply::Reply;
use crate::classify::{Silence, Stage, classify, classify_silence};
use crate::trouble;

/// How much of the answer is read.
const ANSWER_LIMIT: usize = 256 * 1024;

/// A sending domain, as far as letters depend on it.
#[derive(Debug, Deserialize)]
pub(crate) struct Domain {
    pub(crate) domain: Facts,
    #[serde(default)]
    pub(crate) sending_dns_records: Vec<Record>,
}

/// Its state.
#[derive(Debug, Deserialize)]
pub(crate) struct Facts {
    pub(crate) state: String,
}

/// A record that Mailgun wants to find in the DNS.
#[derive(Debug, Deserialize)]
pub(crate) struct Record {
    #[serde(default, rename = "record_type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) valid: String,
}

impl HttpClient {
    /// Asks for our domain.
    pub(crate) async fn domain(&self) -> Result<Domain, Failure> {
        let mut url = self.base.clone();
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{path}/v4/domains/{}", self.config.domain));
        let asked = self.signed(self.client.get(url)).send().await;
        let response = asked.map_err(|error| trouble::met(Stage::Connect, &error))?;
        let reply = Reply::read(response, ANSWER_LIMIT).await;
        let body = reply.body.unwrap_or_default();
        if (200..300).contains(&reply.status) {
            let unreadable =
                |_| classify_silence(Stage::Connect, Silence::Unreadable).with_detail("it is not the API's");
            return serde_json::from_slice(&body).map_err(unreadable);
        }
        let verdict = classify(reply.status, &body, reply.retry_after);
        let verdict = verdict.err().unwrap_or_else(|| classify_silence(Stage::Connect, Silence::Unreadable));
        Err(verdict.with_detail(&self.words(reply.status, &body)))
    }
}
