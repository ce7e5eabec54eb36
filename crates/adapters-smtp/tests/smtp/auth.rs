//! Signing in, and not telling anybody how.

use std::sync::Arc;

use postroom_adapters_smtp::{SmtpConfig, SmtpTransport, TlsMode};
use postroom_dev_inbox::{Act, AuthPolicy, Config, DevInbox, Mechanism, Stage};
use secrecy::SecretString;

use crate::peer::{config, inbox, letter, received, said, send, verbs};
use crate::tls::{certified, encrypted};

const USER: &str = "postroom";
const PASSWORD: &str = "open, sésame!";

fn policy() -> AuthPolicy {
    AuthPolicy::new(USER, PASSWORD).required()
}

fn signing_in(inbox: &DevInbox, password: &str) -> SmtpConfig {
    SmtpConfig {
        username: Some(USER.to_owned()),
        password: Some(SecretString::from(password)),
        ..config(inbox.addr().port())
    }
}

#[tokio::test]
async fn both_mechanisms_sign_in_once_per_connection() {
    for policy in [policy(), policy().only(Mechanism::Plain), policy().only(Mechanism::Login)] {
        let inbox = inbox(Config::default().with_auth(policy)).await;
        let transport = SmtpTransport::new(signing_in(&inbox, PASSWORD)).unwrap();
        for words in ["one", "two"] {
            send(&transport, &letter("a@example.org", words)).await.unwrap();
        }
        let letters = received(&inbox, 2).await;
        assert!(letters.iter().all(|letter| letter.authenticated_as.as_deref() == Some(USER)));
        assert_eq!(verbs(&inbox, 1), "EHLO AUTH MAIL RCPT DATA . MAIL RCPT DATA .");
    }
}

#[tokio::test]
async fn the_password_waits_for_the_encryption() {
    let (tls, ca) = certified("localhost");
    let inbox = inbox(Config::default().with_starttls(Arc::clone(&tls)).with_auth(policy().over_tls_only())).await;
    let config = SmtpConfig { ..signing_in(&inbox, PASSWORD) };
    let encrypted = encrypted(inbox.addr().port(), TlsMode::StartTls, &ca);
    let config = SmtpConfig { host: encrypted.host, tls: encrypted.tls, ca_file: encrypted.ca_file, ..config };
    send(&SmtpTransport::new(config).unwrap(), &letter("a@example.org", "one")).await.unwrap();
    assert_eq!(verbs(&inbox, 1), "EHLO STARTTLS EHLO AUTH MAIL RCPT DATA .");
}

#[tokio::test]
async fn a_wrong_password_needs_a_person_and_is_never_repeated() {
    for policy in [policy().only(Mechanism::Plain), policy().only(Mechanism::Login)] {
        let inbox = inbox(Config::default().with_auth(policy)).await;
        let transport = SmtpTransport::new(signing_in(&inbox, "wrong-word")).unwrap();
        let failure = send(&transport, &letter("a@example.org", "one")).await.unwrap_err();
        assert_eq!((failure.class.as_str(), failure.code.as_str()), ("misconfigured", "SMTP_535"));
        assert!(!format!("{failure} {failure:?} {transport:?}").contains("wrong-word"));
    }
}

#[tokio::test]
async fn a_server_that_quotes_the_credentials_is_not_quoted() {
    let inbox = inbox(Config::default().with_auth(policy())).await;
    // "wrong-word", "postroom", and the answers of PLAIN and LOGIN as they cross the wire.
    for quoted in ["wrong-word", "postroom", "AHBvc3Ryb29tAHdyb25nLXdvcmQ=", "d3Jvbmctd29yZA==", "cG9zdHJvb20="] {
        let transport = SmtpTransport::new(signing_in(&inbox, "wrong-word")).unwrap();
        inbox.script().next(Stage::AuthStart, Act::reply(535, "5.7.8", &format!("I do not like ({quoted})")));
        let failure = send(&transport, &letter("a@example.org", "one")).await.unwrap_err();
        assert_eq!(failure.code.as_str(), "SMTP_535");
        assert!(!failure.detail.as_str().contains(quoted), "{}", failure.detail);
    }
}

#[tokio::test]
async fn a_temporary_failure_to_sign_in_is_the_providers_trouble() {
    let inbox = inbox(Config::default().with_auth(policy())).await;
    let transport = SmtpTransport::new(signing_in(&inbox, PASSWORD)).unwrap();
    inbox.script().always(Stage::AuthStart, Act::reply(454, "4.7.0", "Temporary authentication failure"));
    let failure = send(&transport, &letter("a@example.org", "one")).await.unwrap_err();
    assert_eq!(failure.class, postroom_domain::failure::FailureClass::PROVIDER_DEFERRED);
    assert_eq!(failure.code.as_str(), "SMTP_454");
}

#[tokio::test]
async fn signing_in_where_it_is_needed_and_nobody_is_named_needs_a_person() {
    let inbox = inbox(Config::default().with_auth(policy())).await;
    let transport = SmtpTransport::new(config(inbox.addr().port())).unwrap();
    let outcome = said(send(&transport, &letter("a@example.org", "one")).await);
    assert_eq!(outcome, ("misconfigured", "SMTP_530".to_owned()));
}

#[tokio::test]
async fn signing_in_where_it_is_not_offered_needs_a_person() {
    let inbox = inbox(Config::default()).await;
    let transport = SmtpTransport::new(signing_in(&inbox, PASSWORD)).unwrap();
    let failure = send(&transport, &letter("a@example.org", "one")).await.unwrap_err();
    assert_eq!((failure.class.as_str(), failure.code.as_str()), ("misconfigured", "AUTH_UNSUPPORTED"));
    assert!(failure.detail.as_str().contains("SMTP_USERNAME"));
}
