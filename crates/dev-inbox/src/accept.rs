//! The accept loop: hands every connection to a task of its own.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tracing::{debug, warn};

use crate::config::Config;
use crate::connections::Connections;
use crate::letter::Security;
use crate::mailbox::Mailbox;
use crate::session::{Greeting, Session};
use crate::wire::Wire;

/// How long to leave the listener alone after an error such as EMFILE, which
/// would otherwise come back at once, for ever.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What the accept loop gives to each session.
pub(crate) struct Acceptor {
    pub(crate) config: Arc<Config>,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) connections: Arc<Connections>,
}

impl Acceptor {
    /// Accepts until told to stop, then ends every connection.
    pub(crate) async fn run(self, listener: TcpListener, stop: Arc<Notify>) {
        let mut sessions = JoinSet::new();
        loop {
            tokio::select! {
                () = stop.notified() => break,
                Some(_) = sessions.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let session = self.session(stream);
                        sessions.spawn(converse(session));
                    }
                    Err(error) => {
                        warn!(%error, "the dev inbox could not accept a connection; it goes on");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        drop(listener);
        sessions.shutdown().await;
        self.mailbox.settled().await;
    }

    fn session(&self, stream: TcpStream) -> Session {
        // Replies are small and awaited: never hold them back for more.
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "TCP_NODELAY could not be set");
        }
        Session {
            wire: Wire::new(stream),
            presence: self.connections.open(),
            config: Arc::clone(&self.config),
            mailbox: Arc::clone(&self.mailbox),
            security: Security::Plain,
            greeting: Greeting::Awaited,
            authenticated_as: None,
            envelope: None,
        }
    }
}

async fn converse(session: Session) {
    let connection = session.presence.number;
    match session.run().await {
        Ok(()) => debug!(connection, "connection closed"),
        Err(error) => debug!(connection, %error, "connection lost"),
    }
}
