//! From a host name to a session that is ready for letters.
//!
//! ```text
//!   DNS, TCP ─▶ greeting ─▶ EHLO ─▶ STARTTLS ─▶ handshake ─▶ EHLO ─▶ AUTH
//!            └─▶ handshake (implicit TLS) ─▶ greeting ─────▶ EHLO ─▶ AUTH
//! ```

use std::io::ErrorKind;
use std::net::SocketAddr;

use mail_send::smtp::AssertReply;
use mail_send::{Error, SmtpClient};
use postroom_domain::failure::{Failure, FailureClass};
use rustls_pki_types::CertificateDer;
use smtp_proto::{EXT_START_TLS, EhloResponse};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tracing::debug;

use crate::classify::Stage;
use crate::config::SmtpConfig;
use crate::session::deadline::Deadline;
use crate::session::wire::{Socket, Wire};
use crate::session::{Offer, Session, auth, refused};
use crate::tls::{self, Security};

type Client<S> = SmtpClient<Wire<S>>;

/// Everything that opening a session takes.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) config: SmtpConfig,
    pub(crate) security: Security,
}

/// What was met on the way in, for whoever wants to tell of it.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    /// Somebody listens there.
    pub(crate) connected: bool,
    /// The certificate of the server, which was found valid; none without encryption.
    pub(crate) certificate: Option<CertificateDer<'static>>,
    /// It answered EHLO, behind the encryption that is configured.
    pub(crate) greeted: bool,
}

impl Session {
    /// Connects, protects the connection as configured, and signs in.
    pub(crate) async fn open(settings: &Settings, deadline: Deadline) -> Result<Self, Failure> {
        Self::open_noting(settings, deadline, &mut Trail::default()).await
    }

    /// The same, and how far it came.
    pub(crate) async fn open_noting(
        settings: &Settings,
        deadline: Deadline,
        trail: &mut Trail,
    ) -> Result<Self, Failure> {
        let config = &settings.config;
        let tcp = connect(config, deadline).await?;
        trail.connected = true;
        let mut client = match &settings.security {
            Security::Plain => boxed(greeted(tcp, config, deadline).await?),
            Security::StartTls(connector) => {
                let mut client = greeted(tcp, config, deadline).await?;
                ask_for_tls(&mut client, config, deadline).await?;
                // What the server said before the handshake counts for nothing (RFC 3207 §4.2):
                // the wire goes, and with it whatever was read.
                let tls = handshake(connector, client.stream.into_socket(), config, deadline).await?;
                trail.certificate = certificate(&tls);
                boxed(wire(tls, config))
            }
            Security::Implicit(connector) => {
                let tls = handshake(connector, tcp, config, deadline).await?;
                trail.certificate = certificate(&tls);
                boxed(greeted(tls, config, deadline).await?)
            }
        };
        let offer = hello(&mut client, config, deadline).await?;
        trail.greeted = true;
        auth::sign_in(&mut client, config, &offer, deadline).await?;
        debug!(smtp.host = config.host, smtp.security = ?settings.security, "connected to the mail server");
        Ok(Self::new(client, Offer::of(&offer)))
    }
}

/// The server's own certificate; those that vouch for it come behind.
fn certificate(tls: &TlsStream<TcpStream>) -> Option<CertificateDer<'static>> {
    let (_, connection) = tls.get_ref();
    connection.peer_certificates()?.first().cloned().map(CertificateDer::into_owned)
}

/// Tries every address that the name has, in the resolver's order.
async fn connect(config: &SmtpConfig, deadline: Deadline) -> Result<TcpStream, Failure> {
    let provider = |code: &str, detail: &str| Failure::new(FailureClass::PROVIDER_DEFERRED, code, detail);
    let patience = deadline.allow(config.timeouts.connect);
    let attempt = async {
        let found = lookup_host((config.bare_host(), config.port)).await;
        let addresses: Vec<SocketAddr> =
            found.map_err(|error| provider("DNS", &format!("the host name cannot be resolved: {error}")))?.collect();
        // Each address has its share of the time, so that a route into nowhere (an IPv6 that is
        // not one) leaves some for the others.
        let share = patience / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
        let mut last = provider("DNS", "the host name has no address");
        for address in addresses {
            last = match timeout(share, TcpStream::connect(address)).await {
                Ok(Ok(tcp)) => return Ok(tcp),
                Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => {
                    provider("CONNECT_REFUSED", "nobody listens on this port of the mail server")
                }
                Ok(Err(error)) if error.kind() != ErrorKind::TimedOut => {
                    provider("CONNECT_FAILED", &format!("the mail server cannot be reached: {error}"))
                }
                Ok(Err(_)) | Err(_) => refused::by_error(Stage::Connect, &Error::Timeout),
            };
        }
        Err(last)
    };
    let tcp = timeout(patience, attempt).await.map_err(|_| refused::by_error(Stage::Connect, &Error::Timeout))??;
    // Each stage leaves in one piece; waiting for more (RFC 896) would only add the peer's
    // delayed acknowledgement, some 40 ms a letter.
    tcp.set_nodelay(true).map_err(|error| refused::by_error(Stage::Connect, &Error::Io(error)))?;
    Ok(tcp)
}

fn wire<S: Socket>(socket: S, config: &SmtpConfig) -> Client<S> {
    SmtpClient { stream: Wire::new(socket), timeout: config.timeouts.command }
}

fn boxed<S: Socket + 'static>(client: Client<S>) -> Client<Box<dyn Socket>> {
    SmtpClient { stream: client.stream.boxed(), timeout: client.timeout }
}

async fn greeted<S: Socket>(socket: S, config: &SmtpConfig, deadline: Deadline) -> Result<Client<S>, Failure> {
    let mut client = wire(socket, config);
    let reply = timeout(deadline.allow(config.timeouts.greeting), client.read()).await;
    reply
        .unwrap_or(Err(Error::Timeout))
        .and_then(|reply| reply.assert_code(220))
        .map_err(|error| refused::by_error(Stage::Greeting, &error))?;
    Ok(client)
}

async fn hello<S: Socket>(
    client: &mut Client<S>,
    config: &SmtpConfig,
    deadline: Deadline,
) -> Result<EhloResponse<String>, Failure> {
    client.timeout = deadline.allow(config.timeouts.command);
    client.ehlo(&config.helo_name).await.map_err(|error| refused::by_error(Stage::Ehlo, &error))
}

async fn ask_for_tls<S: Socket>(
    client: &mut Client<S>,
    config: &SmtpConfig,
    deadline: Deadline,
) -> Result<(), Failure> {
    let offer = hello(client, config, deadline).await?;
    if !offer.has_capability(EXT_START_TLS) {
        let advice = "the server does not offer STARTTLS, so nothing was sent; \
                      set SMTP_TLS to 'implicit' if it speaks TLS from the start (port 465)";
        return Err(Failure::new(FailureClass::Misconfigured, "STARTTLS_MISSING", advice));
    }
    client.timeout = deadline.allow(config.timeouts.command);
    let reply = client.cmd(b"STARTTLS\r\n").await;
    reply.and_then(|reply| reply.assert_code(220)).map_err(|error| refused::by_error(Stage::StartTls, &error))
}

async fn handshake(
    connector: &TlsConnector,
    tcp: TcpStream,
    config: &SmtpConfig,
    deadline: Deadline,
) -> Result<TlsStream<TcpStream>, Failure> {
    timeout(deadline.allow(config.timeouts.command), tls::secure(connector, config.bare_host(), tcp))
        .await
        .unwrap_or(Err(Error::Timeout))
        .map_err(|error| refused::by_error(Stage::StartTls, &error))
}
