//! `postroom healthcheck`.

use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::context::{Context, Format};
use super::house::Server;
use super::{Failure, output};
use crate::config::parse_duration;

/// Asks a server whether it can work: its database answers and is migrated, and its worker's heart beats.
#[derive(Args, Debug)]
#[command(after_help = "\
It can work if its database answers and is migrated and its worker's heart beats. No token is needed, and no database
of one's own. A worker that shows how it is (--metrics ADDRESS) can be asked as well: name its address.

Exit status: 0 it can work · 1 it cannot, or does not answer; the text says why · 2 wrong usage or configuration.
Examples:
  postroom healthcheck
  postroom healthcheck --url http://127.0.0.1:8321 --timeout 2s
In a Dockerfile: HEALTHCHECK CMD [\"postroom\", \"healthcheck\"]")]
pub(super) struct Healthcheck {
    /// Ask the server at this address [default: the one that listens on this machine where `http.listen` says]
    #[arg(long, value_name = "URL", env = "POSTROOM_URL")]
    url: Option<String>,
    /// How long the answer may take
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = time)]
    timeout: Duration,
}

fn time(text: &str) -> Result<Duration, String> {
    let time = parse_duration(text).filter(|time| !time.is_zero());
    time.ok_or_else(|| "must be a time such as 500ms, 5s or 1m".to_owned())
}

impl Healthcheck {
    /// Runs it.
    ///
    /// # Errors
    /// The server cannot work, or does not answer.
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let server = Server::open_to_all(self.url, context.config.http.listen)?;
        let ready = server.ready(self.timeout).await.map_err(Failure::as_refusal)?;
        match context.format {
            Format::Json => output::line(&json!(ready).to_string()),
            Format::Text => output::line(&format!("it can work: database {}, worker {}", ready.database, ready.worker)),
        }
        Ok(())
    }
}
