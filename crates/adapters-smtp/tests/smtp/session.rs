//! One letter after the other over one connection.

use postroom_adapters_smtp::SmtpTransport;
use postroom_dev_inbox::{Act, Config, Extension, SmtpUtf8, Stage};

use crate::peer::{self, config, inbox, largest_batch, letter, received, said, send, transport_to, verbs, with_bytes};
use crate::raw::{HELLO, line, play};

#[tokio::test]
async fn sender_recipient_and_data_travel_together_where_that_is_offered() {
    let inbox = inbox(Config::default()).await;
    let transport = transport_to(&inbox);
    send(&transport, &letter("a@example.org", "one")).await.unwrap();
    assert_eq!(verbs(&inbox, 1), "EHLO MAIL RCPT DATA .");
    assert_eq!(largest_batch(&inbox), 3);
}

#[tokio::test]
async fn without_pipelining_every_command_waits_for_its_answer() {
    let inbox = inbox(Config::default().without(Extension::Pipelining)).await;
    let transport = transport_to(&inbox);
    inbox.script().next(Stage::Rcpt, Act::no_such_mailbox());
    assert_eq!(said(send(&transport, &letter("a@example.org", "one")).await).0, "rejected");
    send(&transport, &letter("a@example.org", "two")).await.unwrap();
    assert_eq!(verbs(&inbox, 1), "EHLO MAIL RCPT RSET MAIL RCPT DATA .");
    assert_eq!(largest_batch(&inbox), 1);
}

#[tokio::test]
async fn three_refusals_cost_no_connection() {
    let inbox = inbox(Config::default()).await;
    let transport = transport_to(&inbox);
    for stage in [Stage::Mail, Stage::Rcpt, Stage::Data, Stage::Body] {
        inbox.script().next(stage, Act::reply(554, "5.6.0", "Not this one"));
        assert_eq!(said(send(&transport, &letter("a@example.org", "refused")).await).1, "SMTP_554", "{stage:?}");
    }
    send(&transport, &letter("a@example.org", "taken")).await.unwrap();
    assert_eq!(inbox.connections_opened(), 1);
    assert_eq!(inbox.count(), 1);
    assert!(verbs(&inbox, 1).contains("RSET"));
}

#[tokio::test]
async fn a_server_that_waits_for_the_message_of_a_refused_recipient_gets_a_lone_dot() {
    let inbox = inbox(Config::default()).await;
    let transport = transport_to(&inbox);
    inbox.script().next(Stage::Rcpt, Act::no_such_mailbox());
    inbox.script().next(Stage::Data, Act::reply(354, None, "Go ahead, whoever it is for"));
    let outcome = said(send(&transport, &letter("a@example.org", "refused")).await);
    assert_eq!(outcome, ("rejected", "SMTP_550".to_owned()));
    send(&transport, &letter("b@example.org", "taken")).await.unwrap();
    assert_eq!(verbs(&inbox, 1), "EHLO MAIL RCPT DATA . RSET MAIL RCPT DATA .");
    assert_eq!(inbox.connections_opened(), 1);
}

#[tokio::test]
async fn a_421_ends_the_connection_at_every_stage() {
    for stage in [Stage::Connect, Stage::Ehlo, Stage::Mail, Stage::Rcpt, Stage::Data, Stage::Body] {
        let inbox = inbox(Config::default()).await;
        let transport = transport_to(&inbox);
        inbox.script().next(stage, Act::shutting_down());
        let failure = send(&transport, &letter("a@example.org", "one")).await.unwrap_err();
        assert_eq!(failure.code.as_str(), "SMTP_421", "{stage:?}");
        assert_eq!(failure.class, postroom_domain::failure::FailureClass::PROVIDER_DEFERRED, "{stage:?}");
        send(&transport, &letter("a@example.org", "two")).await.unwrap();
        assert_eq!((inbox.count(), inbox.connections_opened()), (1, 2), "{stage:?}");
    }
}

#[tokio::test]
async fn bytes_travel_unchanged_dots_and_all() {
    let inbox = inbox(Config::default()).await;
    let transport = transport_to(&inbox);
    let head = "Subject: dots\r\n\r\n";
    let bodies = [
        ".\r\n",
        "..\r\n.\r\n...\r\n",
        ".a\r\n\r\n.\r\n\r\n",
        "a.\r\n.b.\r\n",
        "\r\n\r\n",
        "",
        &"0123456789.\r\n.".repeat(9000),
    ];
    for body in bodies {
        let body = if body.is_empty() || body.ends_with("\r\n") { body.to_owned() } else { format!("{body}\r\n") };
        let bytes = format!("{head}{body}").into_bytes();
        send(&transport, &with_bytes("a@example.org", bytes.clone())).await.unwrap();
        assert!(received(&inbox, 1).await[0].bytes == bytes, "{} bytes arrived differently", bytes.len());
        inbox.clear();
    }
    assert_eq!(inbox.connections_opened(), 1);
}

#[tokio::test]
async fn a_line_end_of_its_own_kind_goes_nowhere() {
    let inbox = inbox(Config::default()).await;
    let transport = transport_to(&inbox);
    let smuggled = b"Subject: a\r\n\r\nb\n.\nMAIL FROM:<x@example.com>\r\n".to_vec();
    let outcome = said(send(&transport, &with_bytes("a@example.org", smuggled)).await);
    assert_eq!(outcome, ("rejected", "BARE_LINE_END".to_owned()));
    assert_eq!(inbox.connections_opened(), 0);
}

#[tokio::test]
async fn a_letter_above_the_servers_limit_is_refused_before_anything_is_said() {
    let inbox = inbox(Config::default().size_limit(2000)).await;
    let transport = transport_to(&inbox);
    let line = "0123456789abcdef".repeat(4) + "\r\n";
    let outcome = said(send(&transport, &letter("a@example.org", &line.repeat(40))).await);
    assert_eq!(outcome, ("rejected", "SMTP_SIZE".to_owned()));
    send(&transport, &letter("a@example.org", "small")).await.unwrap();
    assert_eq!(verbs(&inbox, 1), "EHLO MAIL RCPT DATA .");
}

#[tokio::test]
async fn utf8_local_parts_travel_with_smtputf8_and_only_with_it() {
    let with = inbox(Config::default()).await;
    send(&transport_to(&with), &letter("пётр@example.org", "one")).await.unwrap();
    send(&transport_to(&with), &letter("peter@example.org", "two")).await.unwrap();
    let letters = received(&with, 2).await;
    assert_eq!(letters[0].recipients, ["пётр@example.org"]);
    assert_eq!((letters[0].smtputf8, letters[1].smtputf8), (SmtpUtf8::Asked, SmtpUtf8::NotAsked));

    let without = inbox(Config::default().without(Extension::SmtpUtf8)).await;
    let transport = transport_to(&without);
    let outcome = said(send(&transport, &letter("пётр@example.org", "one")).await);
    assert_eq!(outcome, ("rejected", "SMTPUTF8_UNSUPPORTED".to_owned()));
    send(&transport, &letter("peter@example.org", "two")).await.unwrap();
    assert_eq!(verbs(&without, 1), "EHLO MAIL RCPT DATA .");
}

#[tokio::test]
async fn a_server_without_any_extension_will_do() {
    let inbox = inbox(Config::default().without_extensions()).await;
    let transport = transport_to(&inbox);
    for words in ["one", "two"] {
        send(&transport, &letter("a@example.org", words)).await.unwrap();
    }
    assert_eq!(verbs(&inbox, 1), "EHLO MAIL RCPT DATA . MAIL RCPT DATA .");
}

#[tokio::test]
async fn the_servers_name_for_a_letter_and_its_words_are_kept_without_addresses() {
    let inbox = inbox(Config::default()).await;
    let transport = transport_to(&inbox);
    inbox.script().next(Stage::Body, Act::reply(250, "2.0.0", "Ok: a@example.org queued as 4Fbx9Q2"));
    let receipt = send(&transport, &letter("a@example.org", "one")).await.unwrap();
    assert_eq!(receipt.provider_message_id.unwrap().as_str(), "4Fbx9Q2");
    assert_eq!(receipt.detail.as_str(), "250 2.0.0 Ok: [address] queued as 4Fbx9Q2");
    inbox.script().next(Stage::Rcpt, Act::reply(550, "5.1.1", "<a@example.org> is unknown"));
    let failure = send(&transport, &letter("a@example.org", "two")).await.unwrap_err();
    assert_eq!(failure.detail.as_str(), "550 5.1.1 [address] is unknown");
}

#[tokio::test]
async fn an_answer_that_nobody_asked_for_is_never_taken_for_an_acceptance() {
    let surplus = "250 ok\r\n250 ok\r\n354 go on\r\n250 queued as FALSE\r\n";
    let lines = vec![line("", "220 raw\r\n"), line("\r\n", HELLO), line("DATA\r\n", surplus)];
    let (port, server) = play(vec![lines]).await;
    let transport = SmtpTransport::new(config(port)).unwrap();
    let outcome = said(send(&transport, &letter("a@example.org", "one")).await);
    assert_eq!(outcome, ("deferred", "SMTP_UNREADABLE".to_owned()));
    let heard = server.await.unwrap();
    assert!(heard[0].ends_with("DATA\r\n"), "no byte of the body may follow: {:?}", heard[0]);
}

#[tokio::test]
async fn endless_and_unreadable_answers_defer_and_end() {
    let endless = "250-\r\n".repeat(40_000);
    let long = format!("250 {}\r\n", "x".repeat(100_000));
    for words in [endless.as_str(), &long, "\u{0}\u{1}\r\n\r\n", "hello\r\n", "99999999999 x\r\n", "250", "-1 no\r\n"] {
        for stage in 0..3 {
            let mut lines = vec![line("", "220 raw\r\n"), line("\r\n", HELLO), line("DATA\r\n", "")];
            lines.truncate(stage + 1);
            lines[stage].words_are(words);
            let (port, server) = play(vec![lines]).await;
            let transport = SmtpTransport::new(config(port)).unwrap();
            let (class, code) = said(send(&transport, &letter("a@example.org", "one")).await);
            assert_eq!(class, "deferred", "{code} at {stage}");
            server.await.unwrap();
        }
    }
}

#[tokio::test]
async fn cancelling_a_send_closes_its_connection_and_the_next_letter_is_the_right_one() {
    let inbox = inbox(Config::default()).await;
    let transport = transport_to(&inbox);
    for (stage, verb) in [(Stage::Mail, "MAIL"), (Stage::Data, "DATA"), (Stage::Body, ".")] {
        inbox.script().next(stage, Act::Stall);
        let to = letter("a@example.org", "cancelled");
        let sending = send(&transport, &to);
        let reached = async {
            while inbox.open_connections() == 0 || !verbs(&inbox, inbox.connections_opened()).contains(verb) {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = sending => unreachable!("the server never answers"),
            () = reached => {}
        }
        inbox.wait_for_open(0, std::time::Duration::from_secs(30)).await.unwrap();
        send(&transport, &letter("b@example.org", "right")).await.unwrap();
        let letters = peer::received(&inbox, 1).await;
        assert_eq!((letters.len(), &*letters[0].recipients[0]), (1, "b@example.org"), "{stage:?}");
        inbox.clear();
        drop_idle(&transport, &inbox).await;
    }
}

/// Lets the server close what is idle, so that the next round begins with a new connection.
async fn drop_idle(transport: &SmtpTransport, inbox: &postroom_dev_inbox::DevInbox) {
    inbox.script().next(Stage::Body, Act::shutting_down());
    assert_eq!(said(send(transport, &letter("c@example.org", "farewell")).await).1, "SMTP_421");
    inbox.wait_for_open(0, std::time::Duration::from_secs(30)).await.unwrap();
}
