//! The inbox itself: binding, waiting, counting, stopping.

use std::time::Duration;

use postroom_dev_inbox::{Config, DevInbox, InboxError};
use tokio::net::TcpListener;

use crate::client::{Client, HANG, start};

#[tokio::test]
async fn addresses_that_others_can_reach_are_refused() {
    for open in ["0.0.0.0:0", "[::]:0", "192.0.2.1:25", "[::ffff:192.0.2.1]:25"] {
        let error = DevInbox::start(Config::default().on(open.parse().unwrap())).await.unwrap_err();
        assert!(matches!(error, InboxError::NotLoopback(_)), "{error:?}");
        assert!(error.to_string().contains("is not a loopback address; bind 127.0.0.1"), "{error}");
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = DevInbox::start(Config::default().on_port(port)).await.unwrap_err();
    assert_eq!(error.to_string(), format!("the dev inbox cannot listen on 127.0.0.1:{port}"));
}

#[tokio::test]
async fn waiting_ends_with_the_letter_or_with_a_reason() {
    let inbox = start(Config::default()).await;
    let mut client = Client::greeted(&inbox).await;
    let (letters, ()) = tokio::join!(inbox.wait_for(2, HANG), async {
        client.sends_a_letter("a@example.org", "one").await;
        client.sends_a_letter("b@example.org", "two").await;
    });
    assert_eq!(letters.unwrap().len(), 2);

    let error = inbox.wait_for(3, Duration::ZERO).await.unwrap_err();
    assert_eq!(error.to_string(), "waited 0ns for 3 letters, and there are 2");
    let error = inbox.wait_for_open(0, Duration::ZERO).await.unwrap_err();
    assert_eq!(error.to_string(), "waited 0ns for 0 open connections, and there are 1");
}

#[tokio::test]
async fn clearing_forgets_letters_and_goes_on_counting() {
    let inbox = start(Config::default()).await;
    let mut client = Client::greeted(&inbox).await;
    client.sends_a_letter("a@example.org", "one").await;
    inbox.clear();
    assert_eq!(inbox.count(), 0);
    assert!(inbox.wait_for(1, Duration::ZERO).await.is_err());
    client.sends_a_letter("a@example.org", "two").await;
    let letters = inbox.wait_for(1, HANG).await.unwrap();
    assert_eq!(letters[0].sequence, 2);
}

#[tokio::test]
async fn connections_are_counted_open_ever_and_at_most() {
    let inbox = start(Config::default()).await;
    let first = Client::greeted(&inbox).await;
    let second = Client::greeted(&inbox).await;
    assert_eq!(inbox.open_connections(), 2);
    drop(first);
    drop(second);
    inbox.wait_for_open(0, HANG).await.unwrap();
    let _third = Client::greeted(&inbox).await;
    assert_eq!(inbox.open_connections(), 1);
    assert_eq!(inbox.connections_opened(), 3);
    assert_eq!(inbox.most_open_at_once(), 2);
}

#[tokio::test]
async fn stopping_hangs_up_frees_the_port_and_keeps_the_letters() {
    let mut inbox = start(Config::default()).await;
    let mut client = Client::greeted(&inbox).await;
    client.sends_a_letter("a@example.org", "one").await;
    inbox.stop().await;
    client.finds_it_closed().await;
    assert_eq!(inbox.open_connections(), 0);
    assert_eq!(inbox.letters().len(), 1);

    // The port is free at once, and stopping twice does no harm.
    let again = start(Config::default().on(inbox.addr())).await;
    inbox.stop().await;
    Client::greeted(&again).await;
}

#[tokio::test]
async fn dropping_hangs_up_too() {
    let inbox = start(Config::default()).await;
    let mut client = Client::greeted(&inbox).await;
    drop(inbox);
    client.finds_it_closed().await;
}
