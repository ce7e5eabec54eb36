//! Answers over the wire: every status, and everything that is no answer.

use std::time::Duration;

use postroom_domain::failure::{FailureClass, Scope};
use postroom_ports::contract::LEAK;

use crate::fake::{Act, End, Fake, Read};
use crate::letters::{impatient, letter, said, send, transport_to};

/// The API's words, with everything in them that must not be kept.
fn reason() -> String {
    format!(r#"{{"message":"no: <a@example.org> {LEAK}"}}"#)
}

#[tokio::test]
async fn every_status_has_its_class() {
    let fake = Fake::plain().await;
    let transport = transport_to(&fake);
    for status in 200..=599 {
        if matches!(status, 204 | 205 | 304) {
            // They have no body by definition; they stand in a test of their own.
            continue;
        }
        fake.then(Act::json(status, &reason()));
        let (class, code) = said(send(&transport, &letter("one")).await);
        let expected = match status {
            200..=299 | 500..=502 | 504..=599 => "in_doubt",
            300..=399 | 401..=404 | 407 => "misconfigured",
            400 | 413 | 422 => "rejected",
            _ => "deferred",
        };
        let named = if status < 300 { "HTTP_UNREADABLE".to_owned() } else { format!("HTTP_{status}") };
        assert_eq!((class, code), (expected, named), "{status}");
    }
    send(&transport, &letter("one")).await.unwrap();
}

#[tokio::test]
async fn an_answer_without_a_body_is_judged_by_its_status() {
    let fake = Fake::plain().await;
    let transport = transport_to(&fake);
    for (status, class) in [(204, "in_doubt"), (205, "in_doubt"), (304, "misconfigured"), (503, "in_doubt")] {
        fake.then(Act::say(format!("HTTP/1.1 {status} Nothing\r\nConnection: close\r\n\r\n")));
        assert_eq!(said(send(&transport, &letter("one")).await).0, class, "{status}");
    }
}

#[tokio::test]
async fn an_acceptance_is_kept_with_its_id_and_its_words() {
    let fake = Fake::plain().await;
    let receipt = send(&transport_to(&fake), &letter("one")).await.unwrap();
    assert_eq!(receipt.provider_message_id.unwrap().as_str(), "20260102.1@mg.example.org");
    assert_eq!(receipt.detail.as_str(), "Queued. Thank you.");
}

#[tokio::test]
async fn what_is_no_answer_of_the_api_leaves_an_acceptance_in_doubt() {
    let ok = "HTTP/1.1 200 OK\r\nConnection: close\r\n";
    let acts = [
        ("html", Act::answer(200, "Content-Type: text/html\r\n", "<html>Welcome</html>"), "HTTP_UNREADABLE"),
        ("cut json", Act::json(200, r#"{"id":"<1@mg.exam"#), "HTTP_UNREADABLE"),
        ("cut body", Act::say(format!("{ok}Content-Length: 900\r\n\r\n{{\"id\":\"<1@mg")), "ANSWER_LOST"),
        (
            "cut body, reset",
            Act::say(format!("{ok}Content-Length: 900\r\n\r\n{{\"id\"")).ending(End::Reset),
            "ANSWER_LOST",
        ),
        ("cut chunk", Act::say(format!("{ok}Transfer-Encoding: chunked\r\n\r\n10\r\n{{\"id\"")), "ANSWER_LOST"),
        ("cut header", Act::say("HTTP/1.1 200 OK\r\nContent-Le"), "ANSWER_LOST"),
        ("no http", Act::say("yes, perhaps\r\n"), "ANSWER_LOST"),
        ("noise", Act::say(vec![0xff; 5000]), "ANSWER_LOST"),
        ("nothing", Act::say(""), "ANSWER_LOST"),
    ];
    for (what, act, expected) in acts {
        let fake = Fake::plain().await;
        let transport = transport_to(&fake);
        fake.then(act);
        assert_eq!(said(send(&transport, &letter("one")).await), ("in_doubt", expected.to_owned()), "{what}");
        assert_eq!(fake.seen().len(), 1, "{what}: nothing is sent again");
        send(&transport, &letter("two")).await.unwrap();
    }
}

#[tokio::test]
async fn twenty_megabytes_of_answer_are_not_read() {
    let megabytes = " ".repeat(20_000_000);
    for (status, outcome) in
        [(200, ("in_doubt", "HTTP_UNREADABLE")), (503, ("in_doubt", "HTTP_503")), (400, ("rejected", "HTTP_400"))]
    {
        let fake = Fake::plain().await;
        // A valid answer, were it read to its end: only the limit can refuse it.
        let body = format!(r#"{{"id":"<1@mg.example.org>","message":"why",{megabytes}"x":1}}"#);
        fake.then(Act::json(status, &body));
        let (class, code) = said(send(&transport_to(&fake), &letter("one")).await);
        assert_eq!((class, &*code), outcome, "{status}");
    }
}

#[tokio::test]
async fn a_stall_is_in_doubt_once_the_letter_has_left() {
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"id\"";
    for words in ["", "HTTP/1.1 2", half] {
        let fake = Fake::plain().await;
        fake.then(Act::say(words).ending(End::Stall));
        let outcome = said(send(&impatient(&fake), &letter("one")).await);
        assert_eq!(outcome, ("in_doubt", "TIMEOUT_AFTER_BODY".to_owned()), "{words}");
    }
    // A refusal is one from its first line on, however long its words take.
    let fake = Fake::plain().await;
    fake.then(Act::say("HTTP/1.1 400 No\r\nContent-Length: 900\r\n\r\n{\"mess").ending(End::Stall));
    assert_eq!(said(send(&impatient(&fake), &letter("one")).await), ("rejected", "HTTP_400".to_owned()));
}

#[tokio::test]
async fn a_redirect_is_never_followed() {
    let elsewhere = Fake::plain().await;
    let fake = Fake::plain().await;
    let transport = transport_to(&fake);
    for status in [301, 302, 303, 307, 308] {
        for target in [elsewhere.url(), fake.url(), "/v3/other".to_owned()] {
            fake.then(Act::answer(status, &format!("Location: {target}\r\n"), ""));
            let outcome = said(send(&transport, &letter("one")).await);
            assert_eq!(outcome, ("misconfigured", format!("HTTP_{status}")));
        }
    }
    assert_eq!((fake.seen().len(), elsewhere.seen().len()), (15, 0));
}

#[tokio::test]
async fn the_provider_says_when_to_come_back() {
    let date = "Date: Fri, 02 Jan 2026 10:00:00 GMT\r\n";
    let table = [
        (format!("{date}Retry-After: 30\r\n"), Some(30)),
        ("Retry-After: 30\r\n".to_owned(), Some(30)),
        (format!("{date}Retry-After: Fri, 02 Jan 2026 10:02:00 GMT\r\n"), Some(120)),
        ("Retry-After: Fri, 02 Jan 2026 10:02:00 GMT\r\n".to_owned(), None),
        (String::new(), None),
    ];
    let fake = Fake::plain().await;
    let transport = transport_to(&fake);
    for (headers, seconds) in table {
        for status in [429, 503] {
            fake.then(Act::answer(status, &headers, &reason()));
            let failure = send(&transport, &letter("one")).await.unwrap_err();
            let retry_after = seconds.map(Duration::from_secs);
            assert_eq!(failure.class, FailureClass::Deferred { scope: Scope::Provider, retry_after }, "{headers}");
        }
    }
}

#[tokio::test]
async fn an_answer_before_the_letter_was_read_counts() {
    let fake = Fake::plain().await;
    fake.then(Act::json(401, &reason()).after(Read::Head));
    let outcome = said(send(&transport_to(&fake), &letter("one")).await);
    assert_eq!(outcome, ("misconfigured", "HTTP_401".to_owned()));
}

#[tokio::test]
async fn the_reason_is_kept_without_what_must_not_be_kept() {
    let fake = Fake::plain().await;
    // A key that does not look like one, so that only its owner can know it.
    let config =
        postroom_adapters_mailgun::MailgunConfig { api_key: "sesame".into(), ..crate::letters::config(fake.url()) };
    let transport = postroom_adapters_mailgun::MailgunTransport::new(config).unwrap();
    fake.then(Act::json(401, r#"{"message":"sesame is no key of a@example.org"}"#));
    let failure = send(&transport, &letter("one")).await.unwrap_err();
    assert_eq!(failure.detail.as_str(), "401 [secret] is no key of [address]");
    fake.then(Act::answer(400, "", "<html>sesame a@example.org</html>"));
    let failure = send(&transport, &letter("one")).await.unwrap_err();
    assert_eq!(failure.detail.as_str(), "400 33 bytes that are not the API's");
    let shown = format!("{transport:?} {:?}", crate::letters::config(fake.url()));
    assert!(!shown.contains("sesame") && !shown.contains(LEAK) && shown.contains("mg.example.org"));
}
