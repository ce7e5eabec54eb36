//! Scripts for one recipient, as the demo and the contract tests use them.

use postroom_dev_inbox::{Act, Config, Stage};

use crate::client::{Client, start};

#[tokio::test]
async fn a_greylisted_recipient_is_accepted_the_second_time() {
    let inbox = start(Config::default()).await;
    inbox.script().for_recipient("Grey@example.org", Stage::Rcpt, vec![Act::greylisted()]);
    let mut client = Client::greeted(&inbox).await;
    client.ask("MAIL FROM:<a@example.org>", "250 ").await;
    client.ask("RCPT TO:<other@example.org>", "250 ").await;
    client.ask("RCPT TO:<grey@example.org>", "451 4.7.1").await;
    client.ask("RSET", "250 ").await;
    client.sends_a_letter("grey@example.org", "hello").await;
    assert_eq!(inbox.letters()[0].recipients, ["grey@example.org"]);
}

#[tokio::test]
async fn a_mailbox_that_does_not_exist_never_does() {
    let inbox = start(Config::default()).await;
    inbox.script().for_recipient_always("gone@example.org", Stage::Rcpt, Act::no_such_mailbox());
    let mut client = Client::greeted(&inbox).await;
    client.ask("MAIL FROM:<a@example.org>", "250 ").await;
    for _ in 0..3 {
        client.ask("RCPT TO:<gone@example.org>", "550 5.1.1").await;
    }
    client.ask("RCPT TO:<here@example.org>", "250 ").await;
}

#[tokio::test]
async fn a_server_that_never_recovers_for_one_recipient_works_for_others() {
    let inbox = start(Config::default()).await;
    inbox.script().for_recipient_always("down@example.org", Stage::Body, Act::shutting_down());
    for _ in 0..2 {
        let mut client = Client::greeted(&inbox).await;
        client.envelope(&["down@example.org"]).await;
        client.ask("DATA", "354 ").await;
        client.ask("hello\r\n.", "421 4.3.2").await;
        client.finds_it_closed().await;
    }
    let mut client = Client::greeted(&inbox).await;
    client.sends_a_letter("up@example.org", "hello").await;
    assert_eq!(inbox.count(), 1);
}

#[tokio::test]
async fn several_acts_are_used_up_one_each_time_then_all_is_well() {
    let inbox = start(Config::default()).await;
    let acts = vec![Act::greylisted(), Act::Proceed, Act::out_of_order(), Act::AcceptThenClose];
    inbox.script().for_recipient("b@example.org", Stage::Body, acts);
    let mut client = Client::greeted(&inbox).await;
    for reply in ["451 4.7.1", "250 ", "451 4.3.0"] {
        client.envelope(&["a@example.org", "b@example.org"]).await;
        client.ask("DATA", "354 ").await;
        client.ask("hello\r\n.", reply).await;
    }
    client.envelope(&["b@example.org"]).await;
    client.ask("DATA", "354 ").await;
    client.say("hello\r\n.\r\n").await;
    client.finds_it_closed().await;
    let mut client = Client::greeted(&inbox).await;
    client.sends_a_letter("b@example.org", "hello").await;
    assert_eq!(inbox.count(), 3);
}
