//! A PostgreSQL server for tests, wherever it comes from.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, bail};
use tokio::sync::OnceCell;

use crate::backend::{self, Backend, Wishes};
use crate::container::ContainerServer;
use crate::database::TestDatabase;
use crate::local::{Durability, LocalServer};
use crate::server_url::ServerUrl;
use crate::template::Template;

/// A server that tests may fill with databases. One that was started for this value is stopped when it is dropped.
#[derive(Debug)]
pub struct Server {
    url: ServerUrl,
    home: Home,
    version: String,
}

/// Whoever keeps the server running.
#[derive(Debug)]
pub(crate) enum Home {
    /// Not we.
    Elsewhere,
    Container(Box<ContainerServer>),
    Local(Arc<Mutex<LocalServer>>),
}

impl Home {
    pub(crate) fn local(server: LocalServer) -> Self {
        Self::Local(Arc::new(Mutex::new(server)))
    }
}

impl Server {
    pub(crate) fn new(url: ServerUrl, home: Home, version: String) -> Self {
        Self { url, home, version }
    }

    /// Finds or starts a server in the order that the crate's documentation tells, and says on standard error which
    /// one it is.
    ///
    /// # Errors
    ///
    /// If there is none to be had: one line with every reason, and how to install one.
    pub async fn start() -> Result<Self> {
        backend::choose(&Wishes::from_environment()).await
    }

    /// Starts a server of this test's own, which it may [crash](Self::crash) without harm to others.
    ///
    /// # Errors
    ///
    /// If PostgreSQL's programs are missing, or fail.
    pub async fn local(durability: Durability) -> Result<Self> {
        backend::start_local(durability).await
    }

    /// The server that all tests of this process share, started by whoever comes first.
    ///
    /// # Errors
    ///
    /// See [`start`](Self::start).
    pub async fn shared() -> Result<&'static Self> {
        static SHARED: OnceCell<Server> = OnceCell::const_new();
        SHARED.get_or_try_init(Self::start).await
    }

    /// The maintenance database: what other processes take as `TEST_DATABASE_URL` to share this server.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.maintenance()
    }

    /// Where the server comes from.
    #[must_use]
    pub fn backend(&self) -> Backend {
        match self.home {
            Home::Elsewhere => Backend::Url,
            Home::Container(_) => Backend::Container,
            Home::Local(_) => Backend::Local,
        }
    }

    /// One line for people: the backend and PostgreSQL's version.
    #[must_use]
    pub fn description(&self) -> String {
        let place = match &self.home {
            Home::Elsewhere => String::new(),
            Home::Container(server) => format!(", {}", server.id()),
            Home::Local(server) => format!(", in {}", locked(server).home().display()),
        };
        format!("{}, PostgreSQL {}{place}", self.backend(), self.version)
    }

    /// A database of its own for one test, cloned from the template.
    ///
    /// # Errors
    ///
    /// If the template's migration fails, or the server refuses.
    pub async fn fresh(&self, template: &Template) -> Result<TestDatabase> {
        TestDatabase::clone_of(&self.url, template.ready(&self.url).await?).await
    }

    /// A database of its own for one test, with nothing in it.
    ///
    /// # Errors
    ///
    /// If the server refuses.
    pub async fn empty(&self) -> Result<TestDatabase> {
        TestDatabase::clone_of(&self.url, "template0").await
    }

    /// Ends the server as a crash would: no goodbye, no checkpoint. Clients lose their connections, and find nobody
    /// until [`start_again`](Self::start_again).
    ///
    /// # Errors
    ///
    /// If the server is not a [local](Self::local) one.
    pub async fn crash(&self) -> Result<()> {
        self.tell(LocalServer::crash).await
    }

    /// Starts the server after a [crash](Self::crash); it recovers first.
    ///
    /// # Errors
    ///
    /// If the server is not a [local](Self::local) one, or does not start.
    pub async fn start_again(&self) -> Result<()> {
        self.tell(LocalServer::start_again).await
    }

    /// [Crashes](Self::crash) the server and starts it again.
    ///
    /// # Errors
    ///
    /// If the server is not a [local](Self::local) one, or does not start.
    pub async fn restart_immediate(&self) -> Result<()> {
        self.crash().await?;
        self.start_again().await
    }

    /// Makes the server a hot standby, with a [crash](Self::crash) in between: it can be read and takes no write, until
    /// [`promote`](Self::promote).
    ///
    /// # Errors
    ///
    /// If the server is not a [local](Self::local) one, or does not start.
    pub async fn demote(&self) -> Result<()> {
        self.tell(LocalServer::demote).await
    }

    /// Makes a standby the primary again.
    ///
    /// # Errors
    ///
    /// If the server is not a [local](Self::local) one, or is no standby.
    pub async fn promote(&self) -> Result<()> {
        self.tell(LocalServer::promote).await
    }

    /// The keeper's answer is waited for on another thread, so that the code under test goes on meanwhile.
    async fn tell(&self, command: fn(&mut LocalServer) -> Result<()>) -> Result<()> {
        let Home::Local(server) = &self.home else {
            bail!("only a server of Server::local can be crashed, and this is {}", self.backend())
        };
        let server = Arc::clone(server);
        tokio::task::spawn_blocking(move || command(&mut locked(&server))).await?
    }
}

/// A test that panicked while it held the lock has broken itself, not the server.
fn locked(server: &Mutex<LocalServer>) -> std::sync::MutexGuard<'_, LocalServer> {
    server.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_of_others_is_not_ours_to_crash() {
        let url = ServerUrl::parse("postgres://db.example.org/main").unwrap();
        let server = Server::new(url, Home::Elsewhere, "15".to_owned());
        let error = server.restart_immediate().await.unwrap_err().to_string();
        assert!(error.contains("this is the server of TEST_DATABASE_URL"), "{error}");
    }
}
