//! Encryption: required, checked, and never given up in silence.

use std::io::Write as _;
use std::sync::Arc;

use postroom_adapters_smtp::{SmtpConfig, SmtpTransport, TlsMode};
use postroom_dev_inbox::{Act, AuthPolicy, Config, Security, Stage};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls_pki_types::PrivateKeyDer;
use secrecy::SecretString;
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::peer::{config, inbox, letter, received, said, send, verbs};

/// A server's certificate for `name`, and a file with the CA that signed it: itself.
pub(crate) fn certified(name: &str) -> (Arc<ServerConfig>, NamedTempFile) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let server = ServerConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(made.cert.pem().as_bytes()).unwrap();
    (server.into(), file)
}

pub(crate) fn encrypted(port: u16, mode: TlsMode, ca: &NamedTempFile) -> SmtpConfig {
    let ca_file = Some(ca.path().to_owned());
    SmtpConfig { host: "localhost".to_owned(), tls: Some(mode), ca_file, ..config(port) }
}

#[tokio::test]
async fn letters_travel_encrypted_either_way() {
    let (tls, ca) = certified("localhost");
    for (mode, security) in [(TlsMode::StartTls, Security::StartTls), (TlsMode::Implicit, Security::ImplicitTls)] {
        let config = match mode {
            TlsMode::StartTls => Config::default().with_starttls(Arc::clone(&tls)),
            _ => Config::default().with_implicit_tls(Arc::clone(&tls)),
        };
        let inbox = inbox(config).await;
        let transport = SmtpTransport::new(encrypted(inbox.addr().port(), mode, &ca)).unwrap();
        for words in ["one", "two"] {
            send(&transport, &letter("a@example.org", words)).await.unwrap();
        }
        let letters = received(&inbox, 2).await;
        assert!(letters.iter().all(|letter| letter.tls == security && letter.connection == 1));
    }
}

#[tokio::test]
async fn a_server_without_starttls_gets_nothing_and_the_failure_names_the_variable() {
    let (_, ca) = certified("localhost");
    let policy = AuthPolicy::new("postroom", "sesame-street");
    let inbox = inbox(Config::default().with_auth(policy)).await;
    let mut config = encrypted(inbox.addr().port(), TlsMode::StartTls, &ca);
    config.username = Some("postroom".to_owned());
    config.password = Some(SecretString::from("sesame-street"));
    let failure = send(&SmtpTransport::new(config).unwrap(), &letter("a@example.org", "one")).await.unwrap_err();
    assert_eq!((failure.class.as_str(), failure.code.as_str()), ("misconfigured", "STARTTLS_MISSING"));
    assert!(failure.detail.as_str().contains("SMTP_TLS"));
    assert_eq!(verbs(&inbox, 1), "EHLO");
}

#[tokio::test]
async fn a_refused_starttls_never_falls_back_to_plain_text() {
    let (tls, ca) = certified("localhost");
    for (code, enhanced, class) in [(454, "4.7.0", "deferred"), (501, "5.5.4", "misconfigured")] {
        let inbox = inbox(Config::default().with_starttls(Arc::clone(&tls))).await;
        let transport = SmtpTransport::new(encrypted(inbox.addr().port(), TlsMode::StartTls, &ca)).unwrap();
        inbox.script().next(Stage::StartTls, Act::reply(code, enhanced, "Not now"));
        let outcome = said(send(&transport, &letter("a@example.org", "one")).await);
        assert_eq!(outcome, (class, format!("SMTP_{code}")));
        assert_eq!(verbs(&inbox, 1), "EHLO STARTTLS");
    }
}

#[tokio::test]
async fn an_unknown_ca_and_a_wrong_name_need_a_person_and_say_which_variable() {
    let (tls, _) = certified("localhost");
    let (_, other_ca) = certified("localhost");
    let (misnamed, its_ca) = certified("mail.example.org");
    for (tls, ca, variable) in [(tls, other_ca, "SMTP_CA_FILE"), (misnamed, its_ca, "SMTP_HOST")] {
        for mode in [TlsMode::StartTls, TlsMode::Implicit] {
            let config = match mode {
                TlsMode::StartTls => Config::default().with_starttls(Arc::clone(&tls)),
                _ => Config::default().with_implicit_tls(Arc::clone(&tls)),
            };
            let inbox = inbox(config).await;
            let transport = SmtpTransport::new(encrypted(inbox.addr().port(), mode, &ca)).unwrap();
            let failure = send(&transport, &letter("a@example.org", "one")).await.unwrap_err();
            assert_eq!((failure.class.as_str(), failure.code.as_str()), ("misconfigured", "TLS"));
            assert!(failure.detail.as_str().contains(variable), "{}", failure.detail);
            assert_eq!(inbox.count(), 0);
        }
    }
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_on_an_implicit_port_needs_a_person() {
    let (_, ca) = certified("localhost");
    let inbox = inbox(Config::default()).await;
    let transport = SmtpTransport::new(encrypted(inbox.addr().port(), TlsMode::Implicit, &ca)).unwrap();
    let failure = send(&transport, &letter("a@example.org", "one")).await.unwrap_err();
    assert_eq!((failure.class.as_str(), failure.code.as_str()), ("misconfigured", "TLS"));
    assert!(failure.detail.as_str().contains("SMTP_TLS"), "{}", failure.detail);
}

#[tokio::test]
async fn what_was_said_before_the_handshake_counts_for_nothing() {
    let (tls, ca) = certified("localhost");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        let mut heard = [0_u8; 256];
        tcp.write_all(b"220 raw\r\n").await.unwrap();
        let _ = tcp.read(&mut heard).await.unwrap();
        tcp.write_all(b"250-raw\r\n250 STARTTLS\r\n").await.unwrap();
        let _ = tcp.read(&mut heard).await.unwrap();
        // In one write with the answer: an offer that nobody protected.
        tcp.write_all(b"220 go\r\n250-raw\r\n250 AUTH PLAIN\r\n").await.unwrap();
        let mut tls = TlsAcceptor::from(tls).accept(tcp).await.unwrap();
        let count = tls.read(&mut heard).await.unwrap();
        assert!(heard[..count].starts_with(b"EHLO "));
        tls.write_all(b"250 raw\r\n").await.unwrap();
        let count = tls.read(&mut heard).await.unwrap_or(0);
        assert_eq!(count, 0, "the client took the injected offer");
    });
    let mut config = encrypted(port, TlsMode::StartTls, &ca);
    config.username = Some("postroom".to_owned());
    config.password = Some(SecretString::from("sesame-street"));
    let outcome = said(send(&SmtpTransport::new(config).unwrap(), &letter("a@example.org", "one")).await);
    assert_eq!(outcome, ("misconfigured", "AUTH_UNSUPPORTED".to_owned()));
    server.await.unwrap();
}
