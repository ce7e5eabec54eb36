//! Before the final dot: not sent. After it: accepted, refused, or in doubt.

use std::time::Duration;

use postroom_adapters_smtp::{SmtpConfig, SmtpTransport, Timeouts};
use postroom_dev_inbox::{Act, Config, DevInbox, Stage};

use crate::peer::{config, inbox, letter, said, send, transport_to, verbs};
use crate::raw::{HELLO, line, play};

/// The configuration with one time-out short, because it is the subject.
fn impatient(inbox: &DevInbox, shorten: fn(&mut Timeouts, Duration)) -> SmtpTransport {
    let mut config: SmtpConfig = config(inbox.addr().port());
    shorten(&mut config.timeouts, Duration::from_secs(1));
    SmtpTransport::new(config).unwrap()
}

#[tokio::test]
async fn silence_after_the_final_dot_is_in_doubt_and_nothing_is_sent_again() {
    for (act, code) in [
        (Act::AcceptThenStall, "TIMEOUT_AFTER_BODY"),
        (Act::Stall, "TIMEOUT_AFTER_BODY"),
        (Act::AcceptThenClose, "ANSWER_LOST"),
        (Act::Close, "ANSWER_LOST"),
        (Act::Reset, "ANSWER_LOST"),
        (Act::Garbage(b"yes, perhaps\r\n".to_vec()), "ANSWER_LOST"),
        (Act::Garbage(vec![0xff; 5000]), "ANSWER_LOST"),
        (Act::Garbage(b"250-and then nothing".to_vec()), "TIMEOUT_AFTER_BODY"),
        (Act::reply(354, None, "go on"), "SMTP_354"),
        (Act::reply(199, None, "well"), "SMTP_199"),
    ] {
        let inbox = inbox(Config::default()).await;
        let transport = impatient(&inbox, |timeouts, short| timeouts.after_dot = short);
        // A used connection, so that a stale one would be a tempting excuse for another try.
        send(&transport, &letter("a@example.org", "first")).await.unwrap();
        inbox.script().next(Stage::Body, act.clone());
        let outcome = said(send(&transport, &letter("a@example.org", "second")).await);
        assert_eq!(outcome, ("in_doubt", code.to_owned()), "{act:?}");
        assert_eq!(inbox.connections_opened(), 1, "{act:?}");
        send(&transport, &letter("a@example.org", "third")).await.unwrap();
        assert_eq!(inbox.connections_opened(), 2, "{act:?}");
    }
}

#[tokio::test]
async fn a_clean_answer_after_the_final_dot_is_no_doubt() {
    for (code, enhanced, class) in [(554, "5.7.1", "rejected"), (451, "4.3.0", "deferred"), (421, "4.3.2", "deferred")]
    {
        let inbox = inbox(Config::default()).await;
        let transport = transport_to(&inbox);
        inbox.script().next(Stage::Body, Act::reply(code, enhanced, "No"));
        assert_eq!(said(send(&transport, &letter("a@example.org", "one")).await), (class, format!("SMTP_{code}")));
    }
}

#[tokio::test]
async fn whatever_follows_the_250_changes_nothing() {
    let greeted = |end: &str| {
        vec![
            line("", "220 raw\r\n"),
            line("\r\n", HELLO),
            line("DATA\r\n", "250 ok\r\n250 ok\r\n354 go on\r\n"),
            line("\r\n.\r\n", end),
        ]
    };
    let plays = vec![greeted("250 queued as 1\r\n421 and goodbye\r\n"), greeted("250 queued as 2\r\n")];
    let (port, server) = play(plays).await;
    let transport = SmtpTransport::new(config(port)).unwrap();
    for id in ["1", "2"] {
        let receipt = send(&transport, &letter("a@example.org", "one")).await.unwrap();
        assert_eq!(receipt.provider_message_id.unwrap().as_str(), id);
    }
    server.await.unwrap();
}

#[tokio::test]
async fn trouble_before_the_final_dot_is_only_later() {
    for act in [Act::Close, Act::Reset, Act::Garbage(b"what?\r\n".to_vec())] {
        for stage in [Stage::Connect, Stage::Ehlo, Stage::Mail, Stage::Rcpt, Stage::Data] {
            let inbox = inbox(Config::default()).await;
            let transport = transport_to(&inbox);
            inbox.script().next(stage, act.clone());
            let (class, code) = said(send(&transport, &letter("a@example.org", "one")).await);
            assert_eq!(class, "deferred", "{act:?} at {stage:?}: {code}");
            assert!(!verbs(&inbox, 1).contains('.'), "{act:?} at {stage:?}");
            send(&transport, &letter("a@example.org", "two")).await.unwrap();
            assert_eq!((inbox.count(), inbox.connections_opened()), (1, 2), "{act:?} at {stage:?}");
        }
    }
}

#[tokio::test]
async fn silence_before_the_final_dot_is_a_time_out() {
    let shorten: fn(&mut Timeouts, Duration) = |timeouts, short| {
        (timeouts.greeting, timeouts.command, timeouts.data_start) = (short, short, short);
    };
    for stage in [Stage::Connect, Stage::Ehlo, Stage::Mail, Stage::Rcpt, Stage::Data] {
        let inbox = inbox(Config::default()).await;
        let transport = impatient(&inbox, shorten);
        inbox.script().next(stage, Act::Stall);
        let outcome = said(send(&transport, &letter("a@example.org", "one")).await);
        assert_eq!(outcome, ("deferred", "TIMEOUT".to_owned()), "{stage:?}");
        assert_eq!(inbox.connections_opened(), 1, "{stage:?}");
    }
}

#[tokio::test]
async fn the_whole_send_has_a_limit_of_its_own() {
    let inbox = inbox(Config::default()).await;
    let transport = impatient(&inbox, |timeouts, short| timeouts.whole = short);
    inbox.script().next(Stage::Body, Act::Stall);
    let outcome = said(send(&transport, &letter("a@example.org", "one")).await);
    assert_eq!(outcome, ("in_doubt", "TIMEOUT_AFTER_BODY".to_owned()));
    inbox.script().next(Stage::Mail, Act::Slow(Duration::from_millis(400)));
    let outcome = said(send(&transport, &letter("a@example.org", "two")).await);
    assert_eq!(outcome, ("deferred", "TIMEOUT".to_owned()));
}

#[tokio::test]
async fn nobody_there_is_the_providers_trouble() {
    let mut inbox = inbox(Config::default()).await;
    let transport = transport_to(&inbox);
    inbox.stop().await;
    let failure = send(&transport, &letter("a@example.org", "one")).await.unwrap_err();
    assert_eq!(failure.code.as_str(), "CONNECT_REFUSED");
    assert_eq!(failure.class, postroom_domain::failure::FailureClass::PROVIDER_DEFERRED);
}

#[tokio::test]
async fn a_host_name_without_an_address_is_the_providers_trouble() {
    let mut config = config(25);
    config.host = "no-such-host.invalid".to_owned();
    let failure = send(&SmtpTransport::new(config).unwrap(), &letter("a@example.org", "one")).await.unwrap_err();
    assert_eq!(failure.code.as_str(), "DNS");
    assert_eq!(failure.class, postroom_domain::failure::FailureClass::PROVIDER_DEFERRED);
}
