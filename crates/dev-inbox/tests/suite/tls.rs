//! `STARTTLS` and implicit TLS, with a certificate made on the spot.

use std::sync::Arc;

use postroom_dev_inbox::{Act, AuthPolicy, Config, DevInbox, Security, Stage};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::client::{Client, HANG, start};

/// A server's configuration, and a connector that trusts it.
fn certified() -> (Arc<ServerConfig>, TlsConnector) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let server = ServerConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (server.into(), TlsConnector::from(Arc::new(client)))
}

async fn secured(connector: &TlsConnector, tcp: TcpStream) -> Client<TlsStream<TcpStream>> {
    let name = ServerName::try_from("localhost").unwrap();
    Client::over(connector.connect(name, tcp).await.unwrap())
}

async fn after_starttls(inbox: &DevInbox, connector: &TlsConnector) -> Client<TlsStream<TcpStream>> {
    let mut client = Client::greeted(inbox).await;
    client.ask("STARTTLS", "220 ").await;
    secured(connector, client.stream).await
}

#[tokio::test]
async fn starttls_is_offered_once_and_starts_the_dialogue_anew() {
    let (tls, connector) = certified();
    let inbox = start(Config::default().with_starttls(tls)).await;
    let mut client = Client::connect(&inbox).await;
    client.say("EHLO client.example.org\r\n").await;
    assert!(client.reply().await.contains("STARTTLS"));
    client.ask("MAIL FROM:<before@example.org>", "250 ").await;
    client.ask("STARTTLS", "220 ").await;

    let mut client = secured(&connector, client.stream).await;
    client.ask("MAIL FROM:<a@example.org>", "503 5.5.1 Say EHLO").await;
    client.say("EHLO client.example.org\r\n").await;
    assert!(!client.reply().await.contains("STARTTLS"));
    client.ask("STARTTLS", "503 ").await;
    client.sends_a_letter("b@example.org", "hello").await;
    client.ask("QUIT", "221 ").await;
    client.finds_it_closed().await;
    assert_eq!(inbox.letters()[0].tls, Security::StartTls);
}

#[tokio::test]
async fn commands_injected_before_the_handshake_are_never_heard() {
    let (tls, connector) = certified();
    let inbox = start(Config::default().with_starttls(tls)).await;
    let mut client = Client::greeted(&inbox).await;
    client.say("STARTTLS\r\nEHLO evil.example.org\r\nMAIL FROM:<x@example.org>\r\n").await;
    client.hears("220 ").await;

    let mut client = secured(&connector, client.stream).await;
    client.ask("NOOP", "250 2.0.0 Ok").await;
    client.ask("RCPT TO:<b@example.org>", "503 5.5.1 Say EHLO").await;
    assert_eq!(inbox.transcript()[0].verbs().len(), 4);
}

#[tokio::test]
async fn implicit_tls_greets_inside_the_handshake() {
    let (tls, connector) = certified();
    let inbox = start(Config::default().with_implicit_tls(tls)).await;
    let tcp = TcpStream::connect(inbox.addr()).await.unwrap();
    let mut client = secured(&connector, tcp).await;
    client.hears("220 ").await;
    client.ask("EHLO client.example.org", "250-").await;
    client.sends_a_letter("b@example.org", &"line\r\n".repeat(20_000)).await;
    let letters = inbox.letters();
    assert_eq!(letters[0].tls, Security::ImplicitTls);
    assert_eq!(letters[0].bytes.len(), 6 * 20_000 + 2);
}

#[tokio::test]
async fn auth_is_offered_and_accepted_once_the_connection_is_encrypted() {
    let (tls, connector) = certified();
    let policy = AuthPolicy::new("mailer", "s3cret").required().over_tls_only();
    let inbox = start(Config::default().with_starttls(tls).with_auth(policy)).await;
    let mut client = Client::greeted(&inbox).await;
    client.ask("AUTH PLAIN AG1haWxlcgBzM2NyZXQ=", "538 ").await;

    let mut client = after_starttls(&inbox, &connector).await;
    client.say("EHLO client.example.org\r\n").await;
    assert!(client.reply().await.contains("AUTH PLAIN LOGIN"));
    client.ask("AUTH PLAIN AG1haWxlcgBzM2NyZXQ=", "235 ").await;
    client.sends_a_letter("b@example.org", "hello").await;
}

#[tokio::test]
async fn starttls_can_be_refused_and_the_connection_goes_on_in_clear() {
    let (tls, _) = certified();
    let inbox = start(Config::default().with_starttls(tls)).await;
    inbox.script().next(Stage::StartTls, Act::reply(454, "4.7.0", "TLS not available"));
    let mut client = Client::greeted(&inbox).await;
    client.ask("STARTTLS", "454 4.7.0").await;
    client.sends_a_letter("b@example.org", "hello").await;
    assert_eq!(inbox.letters()[0].tls, Security::Plain);
}

#[tokio::test]
async fn a_failed_handshake_ends_that_connection_only() {
    let (tls, connector) = certified();
    let inbox = start(Config::default().with_starttls(tls)).await;
    let mut client = Client::greeted(&inbox).await;
    client.ask("STARTTLS", "220 ").await;
    client.say("this is no handshake\r\n").await;
    inbox.wait_for_open(0, HANG).await.unwrap();
    after_starttls(&inbox, &connector).await;
}

#[tokio::test]
async fn acts_work_inside_tls_too() {
    let (tls, connector) = certified();
    let inbox = start(Config::default().with_implicit_tls(tls)).await;
    for (act, letters) in [(Act::Reset, 0), (Act::Close, 0), (Act::AcceptThenClose, 1)] {
        let reset = act == Act::Reset;
        inbox.script().next(Stage::Body, act);
        let tcp = TcpStream::connect(inbox.addr()).await.unwrap();
        let mut client = secured(&connector, tcp).await;
        client.hears("220 ").await;
        client.ask("EHLO client.example.org", "250-").await;
        client.envelope(&["b@example.org"]).await;
        client.ask("DATA", "354 ").await;
        client.say("hello\r\n.\r\n").await;
        if reset {
            client.finds_it_reset().await;
        } else {
            client.finds_it_closed().await;
        }
        assert_eq!(inbox.count(), letters);
    }
}
