//! A way to a test's database that can fall silent, lose answers and be cut.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::str::FromStr;

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
    /// What the client says, and no answer.
    Questions,
    Nothing,
}

#[derive(Clone, Copy, Debug)]
struct State {
    flow: Flow,
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
    fn lets_through(self, number: u64, way: Way) -> bool {
        let flow = if number < self.silent_before { Flow::Nothing } else { self.flow };
        flow == Flow::Everything || flow == Flow::Questions && way == Way::ToServer
    }
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
        let state = watch::Sender::new(State { flow: Flow::Everything, silent_before: 0, cut_before: 0, next: 0 });
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

    /// From now on the server hears everything, and no answer of it comes back.
    pub fn lose_answers(&self) {
        self.state.send_modify(|state| state.flow = Flow::Questions);
    }

    /// New connections work again. Those from before stay silent, and open.
    pub fn thaw(&self) {
        self.state.send_modify(|state| (state.flow, state.silent_before) = (Flow::Everything, state.next));
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
        // The pair ends when either side does, or when it is cut.
        tokio::spawn(connect(client, server.clone(), number, state.subscribe()));
    }
}

async fn connect(client: TcpStream, server: Server, number: u64, state: watch::Receiver<State>) -> Result<()> {
    client.set_nodelay(true)?;
    match server {
        Server::Socket(path) => pass(client, UnixStream::connect(path).await?, number, state).await,
        Server::Tcp(host, port) => {
            let server = TcpStream::connect((host, port)).await?;
            server.set_nodelay(true)?;
            pass(client, server, number, state).await
        }
    }
}

async fn pass(
    client: TcpStream,
    server: impl AsyncRead + AsyncWrite,
    number: u64,
    state: watch::Receiver<State>,
) -> Result<()> {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = tokio::io::split(server);
    let mut cut = state.clone();
    tokio::select! {
        ended = pump(from_client, to_server, number, Way::ToServer, &state) => ended,
        ended = pump(from_server, to_client, number, Way::ToClient, &state) => ended,
        _ = cut.wait_for(|state| number < state.cut_before) => Ok(()),
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    number: u64,
    way: Way,
    state: &watch::Receiver<State>,
) -> Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        let passes = state.borrow().lets_through(number, way);
        match (read, way) {
            // A server that hangs up is not heard either.
            (0, Way::ToClient) if !passes => std::future::pending().await,
            (0, _) => return Ok(()),
            _ if passes => to.write_all(buffer.get(..read).context("more than fits")?).await?,
            _ => {}
        }
    }
}
