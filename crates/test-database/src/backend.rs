//! Which server the tests run on: the first of three that answers, or the one that was asked for by name.

use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use sqlx::Connection;
use tokio::time::timeout;

use crate::connection::connect;
use crate::container::ContainerServer;
use crate::local::{Durability, LocalServer};
use crate::server::{Home, Server};
use crate::server_url::ServerUrl;
use crate::stale;

/// Where a test server comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A server that runs already, named by `TEST_DATABASE_URL`.
    Url,
    /// A container of the image `postgres`, by a Docker engine.
    Container,
    /// A server of our own, from PostgreSQL's programs on this machine.
    Local,
}

impl Backend {
    /// The order in which they are tried.
    const ALL: [Self; 3] = [Self::Url, Self::Container, Self::Local];

    /// The name that `POSTROOM_TEST_DATABASE` knows it by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::Container => "container",
            Self::Local => "local",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Url => "the server of TEST_DATABASE_URL",
            Self::Container => "a container",
            Self::Local => "a local server",
        })
    }
}

/// What the environment says about the choice.
#[derive(Default)]
pub(crate) struct Wishes {
    /// `POSTROOM_TEST_DATABASE`: the only backend to try.
    pub(crate) forced: Option<String>,
    /// `TEST_DATABASE_URL`.
    pub(crate) url: Option<String>,
    /// `POSTROOM_TEST_POSTGRES_TAG`: the tag of the image, 15 if unsaid.
    pub(crate) tag: Option<String>,
}

impl Wishes {
    #[expect(clippy::disallowed_methods, reason = "this is the one place where the tests' environment is read")]
    pub(crate) fn from_environment() -> Self {
        let wish = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            forced: wish("POSTROOM_TEST_DATABASE"),
            url: wish("TEST_DATABASE_URL"),
            tag: wish("POSTROOM_TEST_POSTGRES_TAG"),
        }
    }

    fn candidates(&self) -> Result<Vec<Backend>> {
        let Some(name) = &self.forced else {
            return Ok(Backend::ALL.to_vec());
        };
        let forced = Backend::ALL.into_iter().find(|backend| backend.name() == name);
        Ok(vec![
            forced.with_context(|| {
                format!("POSTROOM_TEST_DATABASE is `{name}`; it can be `url`, `container` or `local`")
            })?,
        ])
    }
}

/// Starts or finds a server, and says on standard error which one it is and why not an earlier one.
pub(crate) async fn choose(wishes: &Wishes) -> Result<Server> {
    let mut reasons = Vec::new();
    for backend in wishes.candidates()? {
        match start(backend, wishes).await {
            Ok(server) => {
                announce(&server, &reasons);
                return Ok(server);
            }
            Err(reason) => reasons.push(format!("{}: {reason:#}", backend.name())),
        }
    }
    bail!(
        "no PostgreSQL for the tests: install one (`apt-get install postgresql`) or set TEST_DATABASE_URL [{}]",
        reasons.join("; ")
    )
}

async fn start(backend: Backend, wishes: &Wishes) -> Result<Server> {
    let (home, url) = match backend {
        Backend::Url => {
            let url = wishes.url.as_deref().context("TEST_DATABASE_URL is not set")?;
            (Home::Elsewhere, ServerUrl::parse(url)?)
        }
        Backend::Container => {
            let container = ContainerServer::start(wishes.tag.as_deref().unwrap_or("15")).await?;
            let url = container.url();
            (Home::Container(Box::new(container)), url)
        }
        Backend::Local => return Server::local(Durability::Fast).await,
    };
    let version = version_of(&url).await?;
    if backend == Backend::Url {
        stale::remove(&url).await?;
    }
    Ok(Server::new(url, home, version))
}

/// Starts a local server away from the async threads, since its programs are waited for.
pub(crate) async fn start_local(durability: Durability) -> Result<Server> {
    let local = tokio::task::spawn_blocking(move || LocalServer::start(durability)).await??;
    let url = local.url();
    let version = version_of(&url).await?;
    Ok(Server::new(url, Home::local(local), version))
}

async fn version_of(url: &ServerUrl) -> Result<String> {
    let question = async {
        let mut connection = connect(&url.maintenance()).await?;
        let version = sqlx::query_scalar("SHOW server_version").fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok::<String, anyhow::Error>(version)
    };
    timeout(Duration::from_secs(10), question).await.map_err(|_| anyhow!("the server does not answer"))?
}

#[expect(clippy::print_stderr, reason = "a test run says which database it ran on")]
fn announce(server: &Server, reasons: &[String]) {
    let why = if reasons.is_empty() { String::new() } else { format!(" [{}]", reasons.join("; ")) };
    eprintln!("test database: {}{why}", server.description());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_unknown_backend_is_refused_by_name() {
        let wishes = Wishes { forced: Some("oracle".to_owned()), ..Wishes::default() };
        let error = choose(&wishes).await.unwrap_err().to_string();
        assert_eq!(error, "POSTROOM_TEST_DATABASE is `oracle`; it can be `url`, `container` or `local`");
    }

    #[tokio::test]
    async fn a_forced_backend_that_is_missing_says_in_one_line_how_to_get_one() {
        let wishes = Wishes { forced: Some("url".to_owned()), ..Wishes::default() };
        let error = format!("{:#}", choose(&wishes).await.unwrap_err());
        assert!(error.contains("(`apt-get install postgresql`) or set TEST_DATABASE_URL"), "{error}");
        assert!(error.contains("url: TEST_DATABASE_URL is not set"), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}
