//! `AUTH PLAIN` and `AUTH LOGIN`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use postroom_dev_inbox::{Act, AuthPolicy, Config, DevInbox, Mechanism, Stage, Verb};

use crate::client::{Client, start};

async fn with_auth(policy: AuthPolicy) -> DevInbox {
    start(Config::default().with_auth(policy)).await
}

fn policy() -> AuthPolicy {
    AuthPolicy::new("mailer", "s3cret")
}

fn b64(text: &str) -> String {
    STANDARD.encode(text)
}

#[tokio::test]
async fn plain_works_with_and_without_an_initial_response() {
    let inbox = with_auth(policy()).await;
    let message = b64("\0mailer\0s3cret");

    let mut client = Client::greeted(&inbox).await;
    client.ask(&format!("AUTH PLAIN {message}"), "235 2.7.0").await;
    client.sends_a_letter("b@example.org", "one").await;

    let mut client = Client::greeted(&inbox).await;
    client.ask("auth plain", "334 \r\n").await;
    client.ask(&message, "235 2.7.0").await;
    client.sends_a_letter("b@example.org", "two").await;
    client.ask(&format!("AUTH PLAIN {message}"), "503 ").await;

    for letter in inbox.letters() {
        assert_eq!(letter.authenticated_as.as_deref(), Some("mailer"));
    }
}

#[tokio::test]
async fn login_asks_for_user_and_password() {
    let inbox = with_auth(policy()).await;
    for initial in [None, Some(b64("mailer"))] {
        let mut client = Client::greeted(&inbox).await;
        if let Some(user) = initial {
            client.ask(&format!("AUTH LOGIN {user}"), "334 UGFzc3dvcmQ6").await;
        } else {
            client.ask("AUTH LOGIN", "334 VXNlcm5hbWU6").await;
            client.ask(&b64("mailer"), "334 UGFzc3dvcmQ6").await;
        }
        client.ask(&b64("s3cret"), "235 2.7.0").await;
    }
}

#[tokio::test]
async fn wrong_undecodable_cancelled_and_unknown_attempts_are_refused() {
    let inbox = with_auth(policy().required()).await;
    let mut client = Client::greeted(&inbox).await;
    client.ask("MAIL FROM:<a@example.org>", "530 5.7.0").await;
    for wrong in ["\0mailer\0wrong", "\0nobody\0s3cret", "\0mailer\0", "mailer\0\0s3cret"] {
        client.ask(&format!("AUTH PLAIN {}", b64(wrong)), "535 5.7.8").await;
    }
    client.ask(&format!("AUTH PLAIN {}", b64("mailer s3cret")), "501 5.5.2").await;
    client.ask("AUTH PLAIN =", "501 5.5.2").await;
    client.ask("AUTH PLAIN !!!", "501 5.5.2").await;
    client.ask("AUTH LOGIN", "334 ").await;
    client.ask("*", "501 5.7.0").await;
    client.ask("AUTH CRAM-MD5", "504 5.5.4").await;
    client.ask("MAIL FROM:<a@example.org>", "530 5.7.0").await;
    client.ask(&format!("AUTH PLAIN {}", b64("\0mailer\0s3cret")), "235 ").await;
    client.ask("MAIL FROM:<a@example.org>", "250 ").await;
    client.ask("AUTH LOGIN", "503 ").await;
}

#[tokio::test]
async fn without_tls_a_careful_server_neither_offers_nor_accepts_auth() {
    let inbox = with_auth(policy().over_tls_only()).await;
    let mut client = Client::connect(&inbox).await;
    client.say("EHLO client.example.org\r\n").await;
    assert!(!client.reply().await.contains("AUTH"));
    client.ask(&format!("AUTH PLAIN {}", b64("\0mailer\0s3cret")), "538 5.7.11").await;
}

#[tokio::test]
async fn one_mechanism_can_be_offered_alone() {
    for (offered, other) in [("PLAIN", "LOGIN"), ("LOGIN", "PLAIN")] {
        let only = if offered == "PLAIN" { Mechanism::Plain } else { Mechanism::Login };
        let inbox = with_auth(policy().only(only)).await;
        let mut client = Client::connect(&inbox).await;
        client.say("EHLO client.example.org\r\n").await;
        assert!(client.reply().await.contains(&format!("AUTH {offered}\r\n")));
        client.ask(&format!("AUTH {other}"), "504 5.5.4").await;
        client.ask(&format!("AUTH {offered}"), "334 ").await;
    }
}

#[tokio::test]
async fn the_script_can_refuse_before_any_challenge() {
    let inbox = with_auth(policy()).await;
    inbox.script().next(Stage::AuthStart, Act::reply(454, "4.7.0", "Try later"));
    inbox.script().next(Stage::AuthStart, Act::reply(235, "2.7.0", "Whoever you are"));
    let mut client = Client::greeted(&inbox).await;
    client.ask("AUTH LOGIN", "454 4.7.0").await;
    client.ask("AUTH LOGIN", "235 2.7.0 Whoever").await;
    client.sends_a_letter("b@example.org", "one").await;
    assert_eq!(inbox.letters()[0].authenticated_as.as_deref(), Some("mailer"));
}

#[tokio::test]
async fn transcripts_and_debug_hold_no_credentials() {
    let inbox = with_auth(policy()).await;
    let mut client = Client::greeted(&inbox).await;
    client.ask("AUTH LOGIN", "334 ").await;
    client.ask(&b64("mailer"), "334 ").await;
    client.ask(&b64("s3cret"), "235 ").await;
    assert_eq!(inbox.transcript()[0].verbs(), [Verb::Ehlo, Verb::Auth]);
    let shown = format!("{:?} {inbox:?}", Config::default().with_auth(policy()));
    assert!(!shown.contains("mailer") && !shown.contains("s3cret"), "{shown}");
}
