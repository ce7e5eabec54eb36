//! Connections that end: before the last byte left, nobody took the letter; after it, maybe.

use postroom_adapters_mailgun::{MailgunConfig, MailgunTransport, Timeouts};
use postroom_domain::failure::FailureClass;

use crate::fake::{Act, End, Fake, Read};
use crate::letters::{config, impatient, letter, said, send, transport_to};

fn nothing(read: Read, end: End) -> Act {
    Act { read, say: Vec::new(), end }
}

#[tokio::test]
async fn a_connection_lost_after_the_letter_is_in_doubt_and_nothing_is_sent_again() {
    for end in [End::Close, End::Reset] {
        let fake = Fake::plain().await;
        let transport = transport_to(&fake);
        // A used connection, so that a stale one would be a tempting excuse for another try.
        fake.then(kept_open());
        send(&transport, &letter("first")).await.unwrap();
        fake.then(nothing(Read::All, end));
        let outcome = said(send(&transport, &letter("second")).await);
        assert_eq!(outcome, ("in_doubt", "ANSWER_LOST".to_owned()), "{end:?}");
        assert_eq!(fake.seen().len(), 2, "{end:?}");
        send(&transport, &letter("third")).await.unwrap();
    }
}

#[tokio::test]
async fn a_letter_that_never_left_whole_was_never_taken() {
    // More than any socket holds, so that its last byte is still here when the connection ends.
    let large = letter(&"line\r\n".repeat(4_000_000));
    for end in [End::Reset, End::Stall] {
        let fake = Fake::plain().await;
        fake.then(nothing(Read::Head, end));
        let outcome = said(send(&impatient(&fake), &large).await);
        let code = if end == End::Stall { "TIMEOUT" } else { "CONNECTION_LOST" };
        assert_eq!(outcome, ("deferred", code.to_owned()), "{end:?}");
    }
}

#[tokio::test]
async fn nobody_there_is_the_providers_trouble() {
    let mut fake = Fake::plain().await;
    let transport = transport_to(&fake);
    fake.stop().await;
    let failure = send(&transport, &letter("one")).await.unwrap_err();
    assert_eq!((failure.class, failure.code.as_str()), (FailureClass::PROVIDER_DEFERRED, "CONNECT_REFUSED"));
    fake.resume().await;
    send(&transport, &letter("two")).await.unwrap();
}

#[tokio::test]
async fn a_host_name_without_an_address_is_the_providers_trouble() {
    let transport = MailgunTransport::new(config("https://no-such-host.localhost.invalid")).unwrap();
    let failure = send(&transport, &letter("one")).await.unwrap_err();
    assert_eq!((failure.class, failure.code.as_str()), (FailureClass::PROVIDER_DEFERRED, "CONNECTION_LOST"));
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_the_providers_trouble() {
    let fake = Fake::plain().await;
    fake.then(nothing(Read::Nothing, End::Stall));
    let short = std::time::Duration::from_secs(1);
    let url = fake.url().replace("http://", "https://");
    let config = MailgunConfig { timeouts: Timeouts { connect: short, ..Timeouts::default() }, ..config(url) };
    let failure = send(&MailgunTransport::new(config).unwrap(), &letter("one")).await.unwrap_err();
    assert_eq!((failure.class, failure.code.as_str()), (FailureClass::PROVIDER_DEFERRED, "TIMEOUT"));
}

#[tokio::test]
async fn connections_are_kept_and_used_again() {
    let fake = Fake::plain().await;
    fake.always(kept_open());
    let transport = transport_to(&fake);
    for words in ["one", "two", "three"] {
        send(&transport, &letter(words)).await.unwrap();
    }
    let connections: Vec<usize> = fake.seen().iter().map(|request| request.connection).collect();
    assert_eq!(connections, [1, 1, 1]);
}

fn kept_open() -> Act {
    let body = r#"{"id":"<1@mg.example.org>","message":"Queued."}"#;
    Act::say(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())).ending(End::Next)
}
