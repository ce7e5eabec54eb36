//! A client that says exactly what it is told to, octet by octet.

use std::io::ErrorKind;
use std::time::Duration;

use postroom_dev_inbox::{Config, DevInbox};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Ends a test that would hang; no test passes or fails by how fast it is.
pub(crate) const HANG: Duration = Duration::from_secs(30);

pub(crate) struct Client<S = TcpStream> {
    pub(crate) stream: S,
    pending: Vec<u8>,
}

pub(crate) async fn start(config: Config) -> DevInbox {
    DevInbox::start(config).await.unwrap()
}

impl Client {
    /// Connects, and reads nothing.
    pub(crate) async fn raw(inbox: &DevInbox) -> Self {
        let stream = TcpStream::connect(inbox.addr()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self::over(stream)
    }

    /// Connects and reads the greeting.
    pub(crate) async fn connect(inbox: &DevInbox) -> Self {
        let mut client = Self::raw(inbox).await;
        client.hears("220 inbox.localhost ESMTP").await;
        client
    }

    /// Connects, reads the greeting and says `EHLO`.
    pub(crate) async fn greeted(inbox: &DevInbox) -> Self {
        let mut client = Self::connect(inbox).await;
        client.ask("EHLO client.example.org", "250-inbox.localhost").await;
        client
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) fn over(stream: S) -> Self {
        Self { stream, pending: Vec::new() }
    }

    /// Sends these octets with one write.
    pub(crate) async fn say(&mut self, octets: impl AsRef<[u8]>) {
        self.stream.write_all(octets.as_ref()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Reads one reply, all of its lines.
    pub(crate) async fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let line = self.line().await;
            let more = line.as_bytes().get(3) == Some(&b'-');
            reply.push_str(&line);
            if !more {
                return reply;
            }
        }
    }

    async fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.pending.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.pending.drain(..end + 2).collect();
                return String::from_utf8(line).unwrap();
            }
            let read = timeout(HANG, self.stream.read_buf(&mut self.pending)).await;
            assert_ne!(read.expect("a reply in time").unwrap(), 0, "closed; pending {:?}", self.pending);
        }
    }

    /// Reads one reply, which must start so.
    pub(crate) async fn hears(&mut self, start: &str) {
        let reply = self.reply().await;
        assert!(reply.starts_with(start), "heard {reply:?} instead of {start:?}");
    }

    /// Sends one command, and reads its reply, which must start so.
    pub(crate) async fn ask(&mut self, command: &str, start: &str) {
        self.say(format!("{command}\r\n")).await;
        let reply = self.reply().await;
        assert!(reply.starts_with(start), "{command}: heard {reply:?} instead of {start:?}");
    }

    /// Sends one letter, which must be accepted.
    pub(crate) async fn sends_a_letter(&mut self, to: &str, content: &str) {
        self.envelope(&[to]).await;
        self.ask("DATA", "354 ").await;
        self.ask(&format!("{content}\r\n."), "250 ").await;
    }

    /// `MAIL` and a `RCPT` for each, all accepted.
    pub(crate) async fn envelope(&mut self, recipients: &[&str]) {
        self.ask("MAIL FROM:<sender@example.org>", "250 ").await;
        for to in recipients {
            self.ask(&format!("RCPT TO:<{to}>"), "250 ").await;
        }
    }

    /// The connection was closed in good order, and nothing was said before.
    pub(crate) async fn finds_it_closed(&mut self) {
        assert_eq!(self.rest().await.unwrap(), b"");
    }

    /// The connection was reset, and nothing was said before.
    pub(crate) async fn finds_it_reset(&mut self) {
        assert_eq!(self.rest().await, Err(ErrorKind::ConnectionReset));
    }

    /// Leaves, and checks that the server had not said anything.
    pub(crate) async fn leaves_unanswered(&mut self) {
        self.stream.shutdown().await.unwrap();
        self.finds_it_closed().await;
    }

    /// Everything up to the end of the connection.
    pub(crate) async fn rest(&mut self) -> Result<Vec<u8>, ErrorKind> {
        let mut rest = std::mem::take(&mut self.pending);
        let read = timeout(HANG, self.stream.read_to_end(&mut rest)).await;
        match read.expect("the end in time") {
            Ok(_) => Ok(rest),
            Err(error) => Err(error.kind()),
        }
    }
}
