//! What the event log tells of a letter in doubt, and what it does not.

use std::time::Duration;

use postroom_adapters_mailgun::{MailgunConfig, MailgunTransport};
use postroom_domain::failure::{FailureClass, Scope};
use postroom_domain::lifecycle::Evidence;

use crate::fake::{Act, End, Fake};
use crate::letters::{ask, config, impatient, said, transport_to};

/// When the log is asked: the letter was written at ten o'clock.
const SOON: &str = "Date: Fri, 02 Jan 2026 10:10:00 GMT\r\n";
const LATE: &str = "Date: Fri, 02 Jan 2026 10:30:00 GMT\r\n";

/// A page with events of these Message-IDs.
fn page(next: &str, message_ids: &[&str]) -> String {
    let items: Vec<String> = message_ids
        .iter()
        .map(|id| {
            format!(r#"{{"event":"accepted","message":{{"headers":{{"message-id":"{id}","to":"x"}}}},"tags":[]}}"#)
        })
        .collect();
    format!(r#"{{"items":[{}],"paging":{{"next":"{next}","previous":"{next}"}}}}"#, items.join(","))
}

fn paths(fake: &Fake) -> Vec<String> {
    fake.seen().into_iter().map(|request| request.line).collect()
}

#[tokio::test]
async fn an_event_of_our_message_id_is_evidence() {
    for id in ["1@example.com", "<1@example.com>"] {
        let fake = Fake::plain().await;
        fake.then(Act::answer(200, SOON, &page("", &["other@example.com", id])));
        assert_eq!(ask(&transport_to(&fake)).await.unwrap(), Evidence::Accepted);
        assert_eq!(paths(&fake), ["GET /v3/mg.example.org/events?message-id=1%40example.com&limit=25 HTTP/1.1"]);
    }
}

#[tokio::test]
async fn the_log_is_read_page_by_page_until_one_is_empty() {
    let fake = Fake::plain().await;
    let next = format!("{}/v3/mg.example.org/events/W3siYSI6", fake.url());
    fake.then(Act::answer(200, LATE, &page(&next, &["other@example.com", "1@example.org"])));
    fake.then(Act::answer(200, LATE, &page(&next, &["1@example.com"])));
    assert_eq!(ask(&transport_to(&fake)).await.unwrap(), Evidence::Accepted);
    assert_eq!(paths(&fake)[1], "GET /v3/mg.example.org/events/W3siYSI6 HTTP/1.1");
    fake.then(Act::answer(200, LATE, &page(&next, &["other@example.com"])));
    fake.then(Act::answer(200, LATE, &page(&next, &[])));
    assert_eq!(ask(&transport_to(&fake)).await.unwrap(), Evidence::Unknown);
    assert_eq!(fake.seen().len(), 4);
}

#[tokio::test]
async fn pages_without_end_are_left() {
    let fake = Fake::plain().await;
    let next = format!("{}/v3/mg.example.org/events/again", fake.url());
    fake.always(Act::answer(200, LATE, &page(&next, &["other@example.com"])));
    assert_eq!(ask(&transport_to(&fake)).await.unwrap(), Evidence::Unknown);
    assert_eq!(fake.seen().len(), 10);
}

#[tokio::test]
async fn the_key_goes_to_no_page_elsewhere() {
    let (fake, elsewhere) = (Fake::plain().await, Fake::plain().await);
    for next in [elsewhere.url(), "https://127.0.0.1/".to_owned(), "/v3/x".to_owned(), "nowhere".to_owned()] {
        fake.then(Act::answer(200, LATE, &page(&next, &["other@example.com"])));
        assert_eq!(said(ask(&transport_to(&fake)).await), ("misconfigured", "EVENTS_ELSEWHERE".to_owned()));
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn an_empty_log_says_nothing_before_it_can_know() {
    let fake = Fake::plain().await;
    fake.then(Act::answer(200, SOON, &page("", &[])));
    let failure = ask(&transport_to(&fake)).await.unwrap_err();
    let retry_after = Some(Duration::from_mins(20));
    assert_eq!(failure.class, FailureClass::Deferred { scope: Scope::Provider, retry_after });
    assert_eq!(failure.code.as_str(), "EVENTS_NOT_YET");
    for date in [LATE, "Date: Sat, 03 Jan 2026 10:00:00 GMT\r\n"] {
        fake.then(Act::answer(200, date, &page("", &[])));
        assert_eq!(ask(&transport_to(&fake)).await.unwrap(), Evidence::Unknown, "{date}");
    }
    let eager = MailgunConfig { events_delay: Duration::ZERO, ..config(fake.url()) };
    fake.then(Act::answer(200, SOON, &page("", &[])));
    assert_eq!(ask(&MailgunTransport::new(eager).unwrap()).await.unwrap(), Evidence::Unknown);
}

#[tokio::test]
async fn without_the_providers_clock_the_answer_is_unknown() {
    let fake = Fake::plain().await;
    fake.then(Act::json(200, &page("", &[])));
    assert_eq!(ask(&transport_to(&fake)).await.unwrap(), Evidence::Unknown);
}

#[tokio::test]
async fn a_question_that_fails_refuses_no_letter() {
    let table = [
        (Act::json(401, r#"{"message":"no"}"#), "misconfigured", "HTTP_401"),
        (Act::json(404, r#"{"message":"no"}"#), "misconfigured", "HTTP_404"),
        (Act::answer(307, "Location: /v3/x\r\n", ""), "misconfigured", "HTTP_307"),
        (Act::json(400, r#"{"message":"no"}"#), "deferred", "HTTP_400"),
        (Act::json(429, r#"{"message":"no"}"#), "deferred", "HTTP_429"),
        (Act::answer(500, "", "<html>"), "deferred", "HTTP_500"),
        (Act::answer(200, "", "<html>"), "deferred", "HTTP_UNREADABLE"),
        (Act::answer(200, "", r#"{"items":[{"mess"#), "deferred", "HTTP_UNREADABLE"),
        (Act::answer(200, "", &" ".repeat(2_000_000)), "deferred", "HTTP_UNREADABLE"),
        (Act::say(""), "deferred", "CONNECTION_LOST"),
        (Act::say("").ending(End::Reset), "deferred", "CONNECTION_LOST"),
        (Act::say("").ending(End::Stall), "deferred", "TIMEOUT"),
    ];
    for (act, class, code) in table {
        let fake = Fake::plain().await;
        fake.then(act);
        assert_eq!(said(ask(&impatient(&fake)).await), (class, code.to_owned()));
    }
}
