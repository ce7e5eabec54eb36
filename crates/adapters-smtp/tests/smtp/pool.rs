//! How connections are shared, and when they are left.

use std::sync::Arc;
use std::time::Duration;

use postroom_adapters_smtp::{PoolLimits, SmtpTransport};
use postroom_dev_inbox::{Act, Config, DevInbox, Stage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::peer::{config, inbox, letter, received, said, send, transport_to, verbs};
use crate::raw::HELLO;

fn transport(inbox: &DevInbox, limit: fn(&mut PoolLimits)) -> SmtpTransport {
    let mut config = config(inbox.addr().port());
    limit(&mut config.pool);
    SmtpTransport::new(config).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_connections_than_allowed_are_ever_open() {
    let inbox = inbox(Config::default()).await;
    let transport = Arc::new(transport(&inbox, |pool| pool.connections = 3));
    let mut sends = JoinSet::new();
    for number in 0..60 {
        let transport = Arc::clone(&transport);
        sends.spawn(async move {
            let letter = letter(&format!("a{number}@example.org"), &format!("number {number}"));
            send(&transport, &letter).await.unwrap();
        });
    }
    while let Some(sent) = sends.join_next().await {
        sent.unwrap();
    }
    let letters = received(&inbox, 60).await;
    assert!((1..=3).contains(&inbox.most_open_at_once()), "{} were open", inbox.most_open_at_once());
    assert!(inbox.connections_opened() <= 3);
    for letter in letters {
        let number = letter.recipients[0].strip_prefix('a').unwrap().split_once('@').unwrap().0.to_owned();
        let text = String::from_utf8(letter.bytes).unwrap();
        assert!(text.ends_with(&format!("number {number}\r\n")), "a letter went to somebody else");
    }
}

#[tokio::test]
async fn a_connection_carries_only_so_many_letters() {
    let inbox = inbox(Config::default()).await;
    let transport = transport(&inbox, |pool| pool.letters = 2);
    for _ in 0..5 {
        send(&transport, &letter("a@example.org", "one")).await.unwrap();
    }
    inbox.wait_for_open(1, Duration::from_secs(30)).await.unwrap();
    assert_eq!(inbox.connections_opened(), 3);
    assert_eq!(verbs(&inbox, 1), "EHLO MAIL RCPT DATA . MAIL RCPT DATA . QUIT");
}

#[tokio::test]
async fn an_old_or_idle_connection_is_left_before_the_next_letter() {
    let limits: [fn(&mut PoolLimits); 2] = [|pool| pool.age = Duration::ZERO, |pool| pool.idle = Duration::ZERO];
    for limit in limits {
        let inbox = inbox(Config::default()).await;
        let transport = transport(&inbox, limit);
        for _ in 0..3 {
            send(&transport, &letter("a@example.org", "one")).await.unwrap();
        }
        assert_eq!(inbox.connections_opened(), 3);
    }
}

#[tokio::test]
async fn a_stale_connection_costs_no_failure() {
    // The server leaves after the letter, and says so; or it just closes; or it takes its leave
    // in answer to the next letter's first command.
    let inbox = inbox(Config::default()).await;
    let transport = transport_to(&inbox);
    for act in [Act::Close, Act::Reset, Act::shutting_down(), Act::Garbage(b"??\r\n".to_vec())] {
        send(&transport, &letter("a@example.org", "fresh")).await.unwrap();
        let before = inbox.connections_opened();
        inbox.script().next(Stage::Mail, act.clone());
        send(&transport, &letter("a@example.org", "on a stale connection")).await.unwrap();
        assert_eq!(inbox.connections_opened(), before + 1, "{act:?}");
    }
    assert_eq!(inbox.count(), 8);
}

#[tokio::test]
async fn a_stale_connection_is_excused_once_and_only_before_the_sender_was_taken() {
    let inbox = inbox(Config::default()).await;
    let transport = transport_to(&inbox);
    send(&transport, &letter("a@example.org", "fresh")).await.unwrap();
    inbox.script().next(Stage::Mail, Act::Close);
    inbox.script().next(Stage::Mail, Act::Close);
    assert_eq!(said(send(&transport, &letter("a@example.org", "twice")).await).0, "deferred");
    assert_eq!(inbox.connections_opened(), 2);

    send(&transport, &letter("a@example.org", "fresh")).await.unwrap();
    inbox.script().next(Stage::Rcpt, Act::Close);
    assert_eq!(said(send(&transport, &letter("a@example.org", "too late")).await).0, "deferred");
    assert_eq!(inbox.connections_opened(), 3);
}

#[tokio::test]
async fn a_server_that_restarted_meanwhile_is_simply_called_again() {
    let mut first = inbox(Config::default()).await;
    let transport = transport_to(&first);
    send(&transport, &letter("a@example.org", "one")).await.unwrap();
    first.stop().await;
    let second = inbox(Config::default().on_port(first.addr().port())).await;
    send(&transport, &letter("a@example.org", "two")).await.unwrap();
    assert_eq!(second.count(), 1);
}

#[tokio::test]
async fn a_connection_on_which_the_server_has_spoken_unasked_is_left() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let spoken = Arc::new(Notify::new());
    let signal = Arc::clone(&spoken);
    let server = tokio::spawn(async move {
        let mut open = Vec::new();
        for _ in 0..2 {
            let (mut socket, _) = listener.accept().await.unwrap();
            socket.set_nodelay(true).unwrap();
            for words in ["220 raw\r\n", HELLO, "250 ok\r\n250 ok\r\n354 go on\r\n", "250 queued\r\n"] {
                if !words.starts_with("220") {
                    let _ = socket.read(&mut [0_u8; 4096]).await.unwrap();
                }
                socket.write_all(words.as_bytes()).await.unwrap();
            }
            signal.notified().await;
            socket.write_all(b"250 and another thing\r\n").await.unwrap();
            open.push(socket);
        }
    });
    let transport = SmtpTransport::new(config(port)).unwrap();
    for words in ["one", "two"] {
        send(&transport, &letter("a@example.org", words)).await.unwrap();
        spoken.notify_one();
        // The server writes, and the runtime hears of it: each yield lets it look.
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }
    server.await.unwrap();
}

#[tokio::test]
async fn a_stalled_reset_does_not_hold_back_the_refusal() {
    let inbox = inbox(Config::default()).await;
    let transport = transport_to(&inbox);
    inbox.script().next(Stage::Rset, Act::Close);
    inbox.script().next(Stage::Rcpt, Act::no_such_mailbox());
    assert_eq!(said(send(&transport, &letter("a@example.org", "refused")).await).0, "rejected");
    send(&transport, &letter("a@example.org", "taken")).await.unwrap();
    assert_eq!((inbox.count(), inbox.connections_opened()), (1, 2));
}

#[tokio::test]
async fn waiting_for_a_connection_has_an_end() {
    let inbox = inbox(Config::default()).await;
    let mut config = config(inbox.addr().port());
    config.pool.connections = 1;
    config.timeouts.whole = Duration::from_secs(1);
    let transport = SmtpTransport::new(config).unwrap();
    inbox.script().always(Stage::Connect, Act::Stall);
    let (one, two) = (letter("a@example.org", "one"), letter("a@example.org", "two"));
    let (one, two) = tokio::join!(send(&transport, &one), send(&transport, &two));
    assert_eq!((said(one).1, said(two).1), ("TIMEOUT".to_owned(), "TIMEOUT".to_owned()));
}
