//! A provider that does as it is told, on a raw socket so that it can be cut off anywhere.
//!
//! It speaks TLS, as providers do. That is why a connection that ends early is seen to do so: a handshake needs both
//! sides, whereas a bare socket takes a small letter whether or not anybody reads it.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::prelude::{BASE64_STANDARD, Engine};
use postroom_ports::contract::{LEAK, Peer, ReceivedLetter};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls_pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

pub(crate) struct Provider {
    pub(crate) address: SocketAddr,
    /// Its certificate, signed by itself, as PEM.
    pub(crate) certificate: String,
    tls: TlsAcceptor,
    desk: Arc<Mutex<Desk>>,
    running: tokio::sync::Mutex<Option<JoinHandle<()>>>,
}

/// What it is told, and what it has.
#[derive(Default)]
struct Desk {
    peer: Option<Peer>,
    received: Vec<ReceivedLetter>,
    accepted: BTreeSet<String>,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let tls = ServerConfig::builder_with_provider(default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Self {
            address: listener.local_addr().unwrap(),
            certificate: made.cert.pem(),
            tls: TlsAcceptor::from(Arc::new(tls)),
            desk: Arc::default(),
            running: tokio::sync::Mutex::default(),
        };
        *provider.running.lock().await = Some(provider.serve(listener));
        provider
    }

    pub(crate) async fn set(&self, peer: Peer) {
        self.desk.lock().unwrap().peer = Some(peer);
        let mut running = self.running.lock().await;
        if peer == Peer::Unreachable {
            if let Some(running) = running.take() {
                running.abort();
                // Only once it has ended is the port free and closed.
                let _ = running.await;
            }
        } else if running.is_none() {
            *running = Some(self.serve(TcpListener::bind(self.address).await.unwrap()));
        }
    }

    pub(crate) fn received(&self) -> Vec<ReceivedLetter> {
        self.desk.lock().unwrap().received.clone()
    }

    fn serve(&self, listener: TcpListener) -> JoinHandle<()> {
        let (desk, tls) = (Arc::clone(&self.desk), self.tls.clone());
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                // A client that hangs up is no concern of the provider's.
                tokio::spawn(exchange(socket, tls.clone(), Arc::clone(&desk)));
            }
        })
    }
}

async fn exchange(socket: TcpStream, tls: TlsAcceptor, desk: Arc<Mutex<Desk>>) -> io::Result<()> {
    let peer = desk.lock().unwrap().peer.unwrap_or(Peer::Accept);
    if peer == Peer::CloseBeforeBody {
        return Ok(());
    }
    let mut socket = tls.accept(socket).await?;
    let (head, unread) = head(&mut socket).await?;
    if let Some(id) = head.lines().next().and_then(|line| line.strip_prefix("GET /letters?id=")?.split(' ').next()) {
        let known = desk.lock().unwrap().accepted.contains(id);
        return reply(&mut socket, if known { 200 } else { 404 }, &Value::Null).await;
    }
    // Everything in it must be kept out of failures.
    let words = json!({"message": format!("no: someone@example.org and {LEAK}")});
    match peer {
        Peer::RefuseCredentials => return reply(&mut socket, 401, &words).await,
        Peer::RefuseRecipient => return reply(&mut socket, 422, &words).await,
        Peer::Defer => return reply(&mut socket, 429, &words).await,
        _ => {}
    }
    let letter = body(&mut socket, &head, unread).await?;
    let name = take(&desk, &letter, peer);
    match peer {
        Peer::SilentAfterBody => std::future::pending().await,
        Peer::CloseAfterBody => Ok(()),
        Peer::GarbageAfterBody => reply(&mut socket, 200, &words).await,
        _ => reply(&mut socket, 202, &json!({"id": name, "message": "taken"})).await,
    }
}

/// Keeps the letter, and gives it a name.
fn take(desk: &Mutex<Desk>, letter: &Value, peer: Peer) -> String {
    let text = |key: &str| letter[key].as_str().unwrap().to_owned();
    let bytes = BASE64_STANDARD.decode(text("message")).unwrap();
    let mut desk = desk.lock().unwrap();
    desk.received.push(ReceivedLetter { recipient: text("to"), bytes });
    if peer != Peer::CloseAfterBody {
        desk.accepted.insert(text("id"));
    }
    format!("provider-{}", desk.received.len())
}

async fn reply(socket: &mut TlsStream<TcpStream>, status: u16, body: &Value) -> io::Result<()> {
    let body = body.to_string();
    let head = format!("HTTP/1.1 {status} So\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    socket.write_all((head + &body).as_bytes()).await?;
    socket.shutdown().await?;
    // What is left unread would turn the end into a reset, and swallow the answer.
    tokio::io::copy(socket, &mut tokio::io::sink()).await?;
    Ok(())
}

async fn head(socket: &mut TlsStream<TcpStream>) -> io::Result<(String, Vec<u8>)> {
    let mut heard = Vec::new();
    loop {
        if let Some(end) = heard.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let rest = heard.split_off(end + 4);
            return Ok((String::from_utf8_lossy(&heard).into_owned(), rest));
        }
        more(socket, &mut heard).await?;
    }
}

async fn body(socket: &mut TlsStream<TcpStream>, head: &str, mut read: Vec<u8>) -> io::Result<Value> {
    let head = head.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
    while read.len() < length {
        more(socket, &mut read).await?;
    }
    Ok(serde_json::from_slice(&read)?)
}

async fn more(socket: &mut TlsStream<TcpStream>, heard: &mut Vec<u8>) -> io::Result<()> {
    if socket.read_buf(heard).await? == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}
