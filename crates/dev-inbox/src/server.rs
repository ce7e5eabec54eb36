//! The handle of a running inbox: start it, look into it, stop it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, spawn_blocking};
use tracing::warn;

use crate::accept::Acceptor;
use crate::config::Config;
use crate::connections::{Connections, Conversation};
use crate::error::InboxError;
use crate::journal::Journal;
use crate::letter::Captured;
use crate::mailbox::Mailbox;
use crate::script::Script;

/// A running dev inbox. Dropping it stops it.
pub struct DevInbox {
    addr: SocketAddr,
    script: Script,
    mailbox: Arc<Mailbox>,
    connections: Arc<Connections>,
    stop: Arc<Notify>,
    task: Option<JoinHandle<()>>,
}

impl DevInbox {
    /// Binds and starts to accept.
    ///
    /// # Errors
    ///
    /// [`InboxError::NotLoopback`], [`InboxError::Bind`], [`InboxError::Folder`].
    pub async fn start(config: Config) -> Result<Self, InboxError> {
        let asked = config.bind;
        if !asked.ip().is_loopback() {
            return Err(InboxError::NotLoopback(asked));
        }
        let mailbox = Arc::new(open_mailbox(&config).await?);
        let bound = async {
            let listener = TcpListener::bind(asked).await?;
            let addr = listener.local_addr()?;
            Ok((listener, addr))
        };
        let (listener, addr) = bound.await.map_err(|source| InboxError::Bind { addr: asked, source })?;
        let connections = Arc::new(Connections::default());
        let stop = Arc::new(Notify::new());
        let script = config.script.clone();
        let acceptor =
            Acceptor { config: Arc::new(config), mailbox: Arc::clone(&mailbox), connections: Arc::clone(&connections) };
        let task = Some(tokio::spawn(acceptor.run(listener, Arc::clone(&stop))));
        Ok(Self { addr, script, mailbox, connections, stop, task })
    }

    /// Where to connect to.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The script, to be changed at any time.
    #[must_use]
    pub fn script(&self) -> &Script {
        &self.script
    }

    /// The letters held, in the order of their acceptance.
    #[must_use]
    pub fn letters(&self) -> Vec<Captured> {
        self.mailbox.letters()
    }

    /// How many letters are held.
    #[must_use]
    pub fn count(&self) -> usize {
        self.mailbox.count()
    }

    /// Waits until at least `wanted` letters are held, and returns all of them.
    ///
    /// # Errors
    ///
    /// [`InboxError::Waited`] when `timeout` passes first.
    pub async fn wait_for(&self, wanted: usize, timeout: Duration) -> Result<Vec<Captured>, InboxError> {
        self.mailbox.wait_for(wanted, timeout).await
    }

    /// Forgets the letters held. Saved files stay, and numbers go on.
    pub fn clear(&self) {
        self.mailbox.clear();
    }

    /// How many connections were accepted since the start.
    #[must_use]
    pub fn connections_opened(&self) -> u64 {
        self.connections.opened()
    }

    /// How many connections are open now.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.connections.open_now()
    }

    /// How many connections were open at the same time at most.
    #[must_use]
    pub fn most_open_at_once(&self) -> usize {
        self.connections.most_open()
    }

    /// Waits until exactly `wanted` connections are open.
    ///
    /// # Errors
    ///
    /// [`InboxError::Waited`] when `timeout` passes first.
    pub async fn wait_for_open(&self, wanted: usize, timeout: Duration) -> Result<(), InboxError> {
        self.connections.wait_for_open(wanted, timeout).await
    }

    /// The verbs of every connection since the start, in the order in which
    /// the connections were accepted.
    #[must_use]
    pub fn transcript(&self) -> Vec<Conversation> {
        self.connections.transcript()
    }

    /// Stops listening and drops every connection. When this returns, the port
    /// is free; letters and transcript can still be read.
    pub async fn stop(&mut self) {
        self.stop.notify_one();
        if let Some(task) = self.task.take()
            && let Err(error) = task.await
        {
            warn!(%error, "the dev inbox did not stop in good order");
        }
    }
}

impl Drop for DevInbox {
    // Ending the accept loop drops its connections with it.
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl fmt::Debug for DevInbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DevInbox")
            .field("addr", &self.addr)
            .field("letters", &self.count())
            .field("open_connections", &self.open_connections())
            .finish_non_exhaustive()
    }
}

async fn open_mailbox(config: &Config) -> Result<Mailbox, InboxError> {
    let Some(path) = config.save_to.clone() else {
        return Ok(Mailbox::new(None, 0));
    };
    let folder = path.clone();
    match spawn_blocking(move || Journal::open(&folder)).await.unwrap_or_else(|e| Err(e.into())) {
        Ok((journal, last)) => Ok(Mailbox::new(Some(journal), last)),
        Err(source) => Err(InboxError::Folder { path, source }),
    }
}
