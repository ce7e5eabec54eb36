//! An API on a raw socket, so that it can be cut, silent, too long or absurd at any point.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// How much of a request is read before it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// Not a byte, not even of the handshake.
    Nothing,
    /// The header section.
    Head,
    /// Everything.
    All,
}

/// How the exchange ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// In order.
    Close,
    /// By a reset.
    Reset,
    /// Not at all.
    Stall,
    /// With the next request on the same connection.
    Next,
}

/// What happens to one request.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    pub(crate) read: Read,
    pub(crate) say: Vec<u8>,
    pub(crate) end: End,
}

impl Act {
    pub(crate) fn say(words: impl Into<Vec<u8>>) -> Self {
        Self { read: Read::All, say: words.into(), end: End::Close }
    }

    /// A complete answer, with further header lines (each ended by CR and LF).
    pub(crate) fn answer(status: u16, headers: &str, body: &str) -> Self {
        let connection = "Connection: close";
        Self::say(format!(
            "HTTP/1.1 {status} Whatever\r\nContent-Length: {}\r\n{connection}\r\n{headers}\r\n{body}",
            body.len()
        ))
    }

    /// A complete answer of the API.
    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::answer(status, "Content-Type: application/json\r\n", body)
    }

    pub(crate) fn accept() -> Self {
        Self::json(200, r#"{"id":"<20260102.1@mg.example.org>","message":"Queued. Thank you."}"#)
    }

    pub(crate) fn after(self, read: Read) -> Self {
        Self { read, ..self }
    }

    pub(crate) fn ending(self, end: End) -> Self {
        Self { end, ..self }
    }
}

/// One request, as much of it as was read.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) connection: usize,
    pub(crate) line: String,
    pub(crate) head: String,
    /// `None` where the body was not read to its end.
    pub(crate) body: Option<Vec<u8>>,
}

/// What stands between the socket and HTTP.
#[derive(Clone)]
pub(crate) enum Front {
    Plain,
    Tls(Arc<ServerConfig>),
    /// A proxy that answers CONNECT itself, and then speaks TLS.
    Proxy(Arc<ServerConfig>),
}

#[derive(Default)]
struct State {
    next: VecDeque<Act>,
    always: Option<Act>,
    seen: Vec<Request>,
    connections: usize,
}

/// A running API; ends when it is dropped.
pub(crate) struct Fake {
    pub(crate) address: SocketAddr,
    front: Front,
    state: Arc<Mutex<State>>,
    running: Option<tokio::task::JoinHandle<()>>,
}

impl Fake {
    pub(crate) async fn start(front: Front) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut fake = Self { address, front, state: Arc::default(), running: None };
        fake.serve(listener);
        fake
    }

    pub(crate) async fn plain() -> Self {
        Self::start(Front::Plain).await
    }

    fn serve(&mut self, listener: TcpListener) {
        let (front, state) = (self.front.clone(), Arc::clone(&self.state));
        self.running = Some(tokio::spawn(async move {
            // Dropped with the listener, and every connection with it.
            let mut open = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let (front, state) = (front.clone(), Arc::clone(&state));
                open.spawn(async move { connection(socket, &front, &state).await });
            }
        }));
    }

    /// Listens no more, and ends every connection.
    pub(crate) async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.abort();
            assert!(running.await.is_err(), "it runs until it is stopped");
        }
    }

    /// Listens again where it did before; nothing changes where it still does.
    pub(crate) async fn resume(&mut self) {
        if self.running.is_none() {
            self.serve(TcpListener::bind(self.address).await.unwrap());
        }
    }

    pub(crate) fn then(&self, act: Act) {
        self.state.lock().unwrap().next.push_back(act);
    }

    pub(crate) fn always(&self, act: Act) {
        self.state.lock().unwrap().always = Some(act);
    }

    pub(crate) fn seen(&self) -> Vec<Request> {
        self.state.lock().unwrap().seen.clone()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.abort();
        }
    }
}

fn next_act(state: &Mutex<State>) -> Act {
    let mut state = state.lock().unwrap();
    let always = state.always.clone();
    state.next.pop_front().or(always).unwrap_or_else(Act::accept)
}

/// One connection. What goes wrong on it is the client's doing, and the test looks at the client.
async fn connection(mut socket: TcpStream, front: &Front, state: &Mutex<State>) -> io::Result<()> {
    let number = {
        let mut state = state.lock().unwrap();
        state.connections += 1;
        state.connections
    };
    let first = next_act(state);
    let nothing = first.read == Read::Nothing;
    match front {
        Front::Plain | Front::Tls(_) if nothing => leave(socket, first).await,
        Front::Plain => exchanges(socket, number, state, first).await,
        Front::Tls(tls) => encrypted(socket, tls, number, state, first).await,
        Front::Proxy(tls) => {
            let mut asked = Vec::new();
            head(&mut socket, &mut asked).await?;
            socket.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await?;
            if nothing { leave(socket, first).await } else { encrypted(socket, tls, number, state, first).await }
        }
    }
}

async fn encrypted(
    socket: TcpStream,
    tls: &Arc<ServerConfig>,
    number: usize,
    state: &Mutex<State>,
    first: Act,
) -> io::Result<()> {
    let socket = TlsAcceptor::from(Arc::clone(tls)).accept(socket).await?;
    exchanges(socket, number, state, first).await
}

/// Ends a connection of which nothing was read.
async fn leave(mut socket: TcpStream, act: Act) -> io::Result<()> {
    socket.write_all(&act.say).await?;
    finish(socket, act.end).await
}

async fn exchanges<S: Socket>(mut socket: S, number: usize, state: &Mutex<State>, first: Act) -> io::Result<()> {
    let mut first = Some(first);
    let mut unread = Vec::new();
    loop {
        let head = head(&mut socket, &mut unread).await?;
        // Looked up once there is a request: a kept connection waits long for its next one.
        let act = first.take().unwrap_or_else(|| next_act(state));
        let line = head.lines().next().unwrap_or_default().to_owned();
        let body =
            if act.read == Read::All { Some(body(&mut socket, &mut unread, length(&head)).await?) } else { None };
        state.lock().unwrap().seen.push(Request { connection: number, line, head, body });
        socket.write_all(&act.say).await?;
        socket.flush().await?;
        if act.end != End::Next {
            return finish(socket, act.end).await;
        }
    }
}

async fn finish<S: Socket>(mut socket: S, end: End) -> io::Result<()> {
    match end {
        End::Reset => socket.tcp().set_zero_linger()?,
        End::Stall => std::future::pending().await,
        End::Close | End::Next => {
            socket.shutdown().await?;
            // What is left unread would turn the end into a reset, and swallow the answer.
            tokio::io::copy(&mut socket, &mut tokio::io::sink()).await?;
        }
    }
    Ok(())
}

trait Socket: AsyncRead + AsyncWrite + Unpin + Send {
    fn tcp(&self) -> &TcpStream;
}

impl Socket for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Socket for tokio_rustls::server::TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

async fn more<S: Socket>(socket: &mut S, heard: &mut Vec<u8>) -> io::Result<()> {
    if socket.read_buf(heard).await? == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}

async fn head<S: Socket>(socket: &mut S, heard: &mut Vec<u8>) -> io::Result<String> {
    loop {
        if let Some(end) = heard.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let rest = heard.split_off(end + 4);
            return Ok(String::from_utf8_lossy(&std::mem::replace(heard, rest)).into_owned());
        }
        more(socket, heard).await?;
    }
}

fn length(head: &str) -> usize {
    let named = |line: &str| line.to_ascii_lowercase().strip_prefix("content-length:").map(|text| text.trim().parse());
    head.lines().find_map(named).map_or(0, Result::unwrap)
}

async fn body<S: Socket>(socket: &mut S, heard: &mut Vec<u8>, length: usize) -> io::Result<Vec<u8>> {
    while heard.len() < length {
        more(socket, heard).await?;
    }
    let rest = heard.split_off(length);
    Ok(std::mem::replace(heard, rest))
}
