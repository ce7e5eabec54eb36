//! Mail servers that would not take a letter.

use std::sync::Arc;

use anyhow::Result;
use postroom_dev_inbox::{AuthPolicy, Config, Conversation, DevInbox};
use postroom_tests::{Mailgun, Postroom, Zone};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls_pki_types::PrivateKeyDer;

use crate::doctor;

const ASK: [&str; 2] = ["--only", "transports"];

/// A server's certificate for `localhost` that holds until the last day of this year, and its own CA as PEM.
fn certified(year: i32) -> Result<(Arc<ServerConfig>, String)> {
    let key = KeyPair::generate()?;
    let mut parameters = CertificateParams::new(["localhost".to_owned()])?;
    parameters.not_before = date_time_ymd(2000, 1, 1);
    parameters.not_after = date_time_ymd(year, 12, 31);
    let certificate = parameters.self_signed(&key)?;
    let server = ServerConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))?;
    Ok((server.into(), certificate.pem()))
}

fn to(port: u16) -> Result<Postroom> {
    let postroom = Postroom::new()?.with("SMTP_HOST", "localhost").with("SMTP_PORT", port.to_string());
    Ok(postroom.with("SMTP_FROM_ADDRESS", "post@example.org").with("SMTP_TLS", "starttls"))
}

/// A server with this certificate, and the binary that trusts this CA.
async fn encrypted(server: Arc<ServerConfig>, ca: &str) -> Result<(DevInbox, Postroom)> {
    let inbox = DevInbox::start(Config::default().with_starttls(server)).await?;
    let postroom = to(inbox.addr().port())?;
    let file = postroom.write("ca.pem", ca.as_bytes())?;
    Ok((inbox, postroom.with("SMTP_CA_FILE", file)))
}

#[tokio::test]
async fn a_certificate_that_holds_is_in_order() -> Result<()> {
    let (server, ca) = certified(2199)?;
    let (inbox, postroom) = encrypted(server, &ca).await?;
    let found = doctor(&postroom, &ASK, 0).await?;
    found.names("transports.certificate", "ok", "more days");
    found.names("transports.greeting", "ok", "encrypted");
    let transcript = inbox.transcript();
    let said: Vec<String> = transcript.iter().flat_map(Conversation::verbs).map(|verb| verb.to_string()).collect();
    assert!(!said.iter().any(|verb| verb == "MAIL"), "a letter was begun: {said:?}");
    Ok(())
}

#[tokio::test]
async fn certificates_that_expired_or_that_nobody_vouches_for_are_named() -> Result<()> {
    let (server, ca) = certified(2001)?;
    let (_inbox, postroom) = encrypted(server.clone(), &ca).await?;
    doctor(&postroom, &ASK, 1).await?.names("transports.certificate", "error", "has expired");
    let (server, _) = certified(2199)?;
    let (_, others) = certified(2199)?;
    let (_inbox, postroom) = encrypted(server, &others).await?;
    doctor(&postroom, &ASK, 1).await?.names("transports.certificate", "error", "SMTP_CA_FILE");
    Ok(())
}

#[tokio::test]
async fn a_server_without_starttls_and_a_closed_port_are_named() -> Result<()> {
    let inbox = DevInbox::start(Config::default()).await?;
    doctor(&to(inbox.addr().port())?, &ASK, 1).await?.names("transports.starttls", "error", "SMTP_TLS=implicit");
    // Port 1 is nobody's.
    doctor(&to(1)?, &ASK, 1).await?.names("transports.connect", "error", "SMTP_PORT");
    Ok(())
}

#[tokio::test]
async fn a_wrong_password_is_named_and_not_repeated() -> Result<()> {
    let inbox = DevInbox::start(Config::default().with_auth(AuthPolicy::new("postroom", "sesame-street"))).await?;
    let postroom = to(inbox.addr().port())?.with("SMTP_TLS", "none").with("SMTP_USERNAME", "postroom");
    let wrong = postroom.clone().with("SMTP_PASSWORD", "hunter2");
    doctor(&wrong, &ASK, 1).await?.names("transports.auth", "error", "SMTP_PASSWORD");
    let right = postroom.with("SMTP_PASSWORD", "sesame-street");
    doctor(&right, &ASK, 0).await?.names("transports.auth", "ok", "");
    Ok(())
}

#[tokio::test]
async fn a_key_that_mailgun_refuses_and_a_domain_that_it_does_not_know_are_named() -> Result<()> {
    let mailgun = Mailgun::start().await?;
    let postroom = Postroom::new()?
        .with("MAILGUN_API_URL", mailgun.url())
        .with("MAILGUN_DOMAIN", "mg.example.org")
        .with("MAILGUN_FROM_EMAIL", "post@mg.example.org");
    let refused = postroom.clone().with("MAILGUN_API_KEY", "hunter2");
    doctor(&refused, &ASK, 1).await?.names("transports.key", "error", "MAILGUN_API_KEY");
    let known = postroom.with("MAILGUN_API_KEY", "key");
    let elsewhere = known.clone().with("MAILGUN_DOMAIN", "other.example.org");
    doctor(&elsewhere, &ASK, 1).await?.names("transports.domain", "error", "MAILGUN_DOMAIN");

    // Its keys are looked up without being named.
    let resolver = Zone::in_order("mg.example.org").serve().await?.to_string();
    let found = doctor(&known, &["--only", "transports,dns", "--resolver", &resolver], 0).await?;
    found.names("transports.domain", "ok", "active");
    found.names("dns.dkim", "ok", "s1._domainkey.mg.example.org");
    assert!(mailgun.letters().is_empty(), "a letter was sent");
    Ok(())
}
