//! A way to a test's database that can fall silent, lose answers and be cut.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::server_url::ServerUrl;

/// A proxy before a database. Connections break only when they are told to: one that is silent stays open, as one to a
/// machine that lost its power does.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    state: watch::Sender<State>,
    accepting: JoinHandle<()>,
}

/// What passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Everything,
    Nothing,
}

#[derive(Clone, Copy, Debug)]
struct State {
    flow: Flow,
    /// A client that says this hears nothing more.
    mark: Option<&'static str>,
    /// Connections are numbered as they come; those before these numbers are silent for good, or cut.
    silent_before: u64,
    cut_before: u64,
    next: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    ToServer,
    ToClient,
}

impl State {
    fn lets_through(self, number: u64) -> bool {
        number >= self.silent_before && self.flow == Flow::Everything
    }

    fn is_marked(self, said: &[u8]) -> bool {
        self.mark.is_some_and(|mark| said.windows(mark.len()).any(|part| part == mark.as_bytes()))
    }
}

/// What both ways of one connection know.
#[derive(Debug)]
struct Line {
    number: u64,
    state: watch::Receiver<State>,
    /// Whether the client hears nothing more.
    deaf: AtomicBool,
}

/// Where the server listens.
#[derive(Clone, Debug)]
enum Server {
    Socket(PathBuf),
    Tcp(String, u16),
}

impl Proxy {
    /// Starts one before the database at `url`.
    ///
    /// # Errors
    /// The address is none, or no port can be had.
    pub async fn before(url: &str) -> Result<Self> {
        let options = PgConnectOptions::from_str(url)?;
        let port = options.get_port();
        let server = match options.get_socket() {
            Some(folder) => Server::Socket(folder.join(format!(".s.PGSQL.{port}"))),
            None => Server::Tcp(options.get_host().to_owned(), port),
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let here = listener.local_addr()?;
        let database = options.get_database().context("the address names no database")?;
        let url = ServerUrl::parse(url)?.through(&here.to_string()).of_database(database);
        let state =
            watch::Sender::new(State { flow: Flow::Everything, mark: None, silent_before: 0, cut_before: 0, next: 0 });
        let accepting = tokio::spawn(accept(listener, server, state.clone()));
        Ok(Self { url, state, accepting })
    }

    /// The database's address through the proxy.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on nothing passes, and nobody is told.
    pub fn freeze(&self) {
        self.state.send_modify(|state| state.flow = Flow::Nothing);
    }

    /// From now on a connection on which the client says `mark` is one way only: the server hears that, carries it out,
    /// and no answer of it comes back. A prepared statement says its text once and its arguments each time.
    pub fn lose_answers_to(&self, mark: &'static str) {
        self.state.send_modify(|state| state.mark = Some(mark));
    }

    /// New connections work again. Those from before stay silent, and open.
    pub fn thaw(&self) {
        self.state.send_modify(|state| {
            (state.flow, state.mark, state.silent_before) = (Flow::Everything, None, state.next);
        });
    }

    /// Ends all connections that there are.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.cut_before = state.next);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, server: Server, state: watch::Sender<State>) {
    while let Ok((client, _)) = listener.accept().await {
        let number = state.borrow().next;
        state.send_modify(|state| state.next += 1);
        let line = Line { number, state: state.subscribe(), deaf: AtomicBool::new(false) };
        // The pair ends when either side does, or when it is cut.
        tokio::spawn(connect(client, server.clone(), line));
    }
}

async fn connect(client: TcpStream, server: Server, line: Line) -> Result<()> {
    client.set_nodelay(true)?;
    match server {
        Server::Socket(path) => pass(client, UnixStream::connect(path).await?, &line).await,
        Server::Tcp(host, port) => {
            let server = TcpStream::connect((host, port)).await?;
            server.set_nodelay(true)?;
            pass(client, server, &line).await
        }
    }
}

async fn pass(client: TcpStream, server: impl AsyncRead + AsyncWrite, line: &Line) -> Result<()> {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = tokio::io::split(server);
    let mut cut = line.state.clone();
    tokio::select! {
        ended = pump(from_client, to_server, Way::ToServer, line) => ended,
        ended = pump(from_server, to_client, Way::ToClient, line) => ended,
        _ = cut.wait_for(|state| line.number < state.cut_before) => Ok(()),
    }
}

async fn pump(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, way: Way, line: &Line) -> Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        let said = buffer.get(..read).context("more than fits")?;
        let state = *line.state.borrow();
        if way == Way::ToServer && state.is_marked(said) {
            line.deaf.store(true, Ordering::SeqCst);
        }
        let passes = state.lets_through(line.number) && (way == Way::ToServer || !line.deaf.load(Ordering::SeqCst));
        match (read, way) {
            // A server that hangs up is not heard either.
            (0, Way::ToClient) if !passes => std::future::pending().await,
            (0, _) => return Ok(()),
            _ if passes => to.write_all(said).await?,
            _ => {}
        }
    }
}
