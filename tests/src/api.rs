//! A running `postroom serve`, and a client that asks it.

use anyhow::{Context, Result, ensure};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;

use crate::binary::Postroom;
use crate::process::Process;

/// All that a token can be good for.
const ALL: &str = "enqueue,read,operate,addresses";

/// A server, and who we are to it.
#[derive(Debug)]
pub struct Api {
    /// The process.
    pub process: Process,
    /// Where it is.
    pub url: String,
    /// What it is shown, where it is shown something.
    pub token: Option<String>,
    client: Client,
}

/// What it answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The header fields.
    pub headers: reqwest::header::HeaderMap,
    /// The body as a text.
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    /// It is none.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.text).with_context(|| format!("{}: not JSON: {}", self.status, self.text))
    }

    /// The same, if it has this status.
    ///
    /// # Errors
    /// It has another; with what it says.
    pub fn expect(self, status: u16) -> Result<Self> {
        ensure!(self.status.as_u16() == status, "{} instead of {status}: {}", self.status, self.text);
        Ok(self)
    }

    /// The body, if it is a problem of this status at this field.
    ///
    /// # Errors
    /// It is something else.
    pub fn problem(self, status: u16, field: Option<&str>) -> Result<Value> {
        let kind = self.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
        let answer = self.expect(status)?;
        ensure!(kind == "application/problem+json", "a problem is {kind}: {}", answer.text);
        let problem = answer.json()?;
        ensure!(problem["status"] == status && problem["field"].as_str() == field, "{problem}");
        Ok(problem)
    }
}

impl Api {
    /// Starts a server on a free port, with a token that is good for everything.
    ///
    /// # Errors
    /// It does not start.
    pub async fn start(postroom: &Postroom) -> Result<Self> {
        let mut api = Self::start_with(postroom, &[]).await?;
        api.token = Some(Self::token(postroom, &["--scope", ALL]).await?);
        Ok(api)
    }

    /// Starts a server with these flags, and without a token.
    ///
    /// # Errors
    /// It does not start.
    pub async fn start_with(postroom: &Postroom, flags: &[&str]) -> Result<Self> {
        let process = postroom.start(&[&["serve", "--listen", "127.0.0.1:0"], flags].concat())?;
        process.notes("the API and the dashboard are at ").await?;
        let said = process.stderr();
        let (_, behind) = said.split_once("the dashboard are at ").context("no address")?;
        let url = behind.split(';').next().context("no address")?.trim().to_owned();
        // One process, one cipher suite provider; whoever came first has set the same.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        Ok(Self {
            process,
            url,
            token: None,
            client: Client::builder().redirect(reqwest::redirect::Policy::none()).build()?,
        })
    }

    /// Makes a token by command line.
    ///
    /// # Errors
    /// It is refused.
    pub async fn token(postroom: &Postroom, flags: &[&str]) -> Result<String> {
        let words = [&["tokens", "create", "--name", "test", "--json"], flags].concat();
        let made = postroom.run(&words).await?.expect(0)?.json()?;
        made["token"].as_str().map(str::to_owned).context("no token in the answer")
    }

    /// A request to this path, with the token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn send(&self, request: RequestBuilder) -> Result<Answer> {
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Answer { status, headers, text: response.text().await? })
    }

    /// Asks.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.send(self.request(Method::GET, path)).await
    }

    /// Sends a document.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn post(&self, path: &str, document: &Value) -> Result<Answer> {
        self.send(self.request(Method::POST, path).json(document)).await
    }
}
