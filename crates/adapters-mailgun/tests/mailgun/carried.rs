//! What travels: the very bytes, the envelope, and what Mailgun needs besides.

use base64::Engine as _;
use postroom_adapters_mailgun::{MailgunConfig, MailgunTransport, TestMode};
use postroom_domain::address::EmailAddress;
use postroom_ports::contract::LEAK;
use postroom_ports::queue::Support;
use postroom_ports::transport::MailTransport;

use crate::fake::Fake;
use crate::form::{field_of, fields};
use crate::letters::{config, letter, said, send, transport_to, with_bytes};

#[tokio::test]
async fn the_bytes_are_those_of_the_frozen_letter() {
    let fake = Fake::plain().await;
    let transport = transport_to(&fake);
    let every_byte: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    for bytes in [letter("one").bytes, every_byte, b"\r\n--\r\n.\r\n".to_vec(), Vec::new()] {
        send(&transport, &with_bytes(bytes.clone())).await.unwrap();
        let request = fake.seen().pop().unwrap();
        assert!(field_of(&request, "message") == bytes, "{} bytes arrived changed", bytes.len());
    }
}

#[tokio::test]
async fn the_request_is_the_apis() {
    let fake = Fake::plain().await;
    let config = MailgunConfig {
        tags: vec!["hub".to_owned(), "sign in".to_owned()],
        test_mode: TestMode::On,
        ..config(fake.url())
    };
    send(&MailgunTransport::new(config).unwrap(), &letter("one")).await.unwrap();
    let request = fake.seen().pop().unwrap();
    assert_eq!(request.line, "POST /v3/mg.example.org/messages.mime HTTP/1.1");
    let key = base64::engine::general_purpose::STANDARD.encode(format!("api:{LEAK}"));
    let authorization = format!("authorization: basic {}", key.to_ascii_lowercase());
    assert!(request.head.to_ascii_lowercase().contains(&authorization));
    let fields: Vec<(String, String)> = fields(&request)
        .into_iter()
        .filter(|(name, _)| name != "message")
        .map(|(name, value)| (name, String::from_utf8(value).unwrap()))
        .collect();
    let expected = [
        ("to", "a@example.org"),
        ("v:delivery_id", "letter-1"),
        ("o:tag", "hub"),
        ("o:tag", "sign in"),
        ("o:testmode", "yes"),
    ];
    assert_eq!(fields, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[tokio::test]
async fn letters_are_delivered_unless_test_mode_is_on() {
    let fake = Fake::plain().await;
    send(&transport_to(&fake), &letter("one")).await.unwrap();
    let names: Vec<String> = fields(&fake.seen()[0]).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["to", "v:delivery_id", "message"]);
}

#[tokio::test]
async fn an_address_of_ones_own_may_have_a_path_and_a_version() {
    let fake = Fake::plain().await;
    for (path, line) in [
        ("", "/v3/mg.example.org/messages.mime"),
        ("/", "/v3/mg.example.org/messages.mime"),
        ("/v3", "/v3/mg.example.org/messages.mime"),
        ("/v3/", "/v3/mg.example.org/messages.mime"),
        ("/gate/way", "/gate/way/v3/mg.example.org/messages.mime"),
        ("/gate/v3", "/gate/v3/mg.example.org/messages.mime"),
    ] {
        let transport = MailgunTransport::new(config(format!("{}{path}", fake.url()))).unwrap();
        send(&transport, &letter("one")).await.unwrap();
        assert_eq!(fake.seen().pop().unwrap().line, format!("POST {line} HTTP/1.1"), "{path}");
    }
}

#[tokio::test]
async fn what_mailgun_cannot_take_is_refused_before_it_travels() {
    let fake = Fake::plain().await;
    let transport = transport_to(&fake);
    let capabilities = transport.capabilities();
    assert_eq!((capabilities.smtputf8, capabilities.reconcile), (Support::No, Support::Yes));
    let limit = usize::try_from(capabilities.max_size.unwrap()).unwrap();
    let outcome = said(send(&transport, &with_bytes(vec![b' '; limit + 1])).await);
    assert_eq!(outcome, ("rejected", "TOO_LARGE".to_owned()));
    let mut foreign = letter("one");
    foreign.rcpt_to = EmailAddress::parse("пётр@example.org").unwrap();
    assert_eq!(said(send(&transport, &foreign).await), ("rejected", "SMTPUTF8".to_owned()));
    assert!(fake.seen().is_empty());
    send(&transport, &with_bytes(vec![b' '; limit])).await.unwrap();
}
