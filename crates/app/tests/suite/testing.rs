//! The helpers for other people's tests.

use std::sync::Arc;
use std::time::Duration;

use postroom::testing::{Letters, TestRoom};
use postroom_domain::failure::{Failure, FailureClass};
use postroom_domain::status::Status;
use postroom_ports::memory::{Answer, PlainRenderer};

use crate::house::{data, delivery};

/// What an assertion says as it fails.
async fn complaint(assertion: impl Future<Output = ()> + Send + 'static) -> String {
    let panic = tokio::spawn(assertion).await.unwrap_err().into_panic();
    panic.downcast_ref::<String>().unwrap().clone()
}

#[tokio::test]
async fn what_was_enqueued_is_found_by_any_of_its_parts() {
    let room = TestRoom::new();
    let mut new = delivery("letter-1");
    (new.letter.source_type, new.letter.source_id) = (Some("invite".to_owned()), Some("42".to_owned()));
    room.queue().enqueue(&[new, delivery("letter-2")]).await.unwrap();
    let tracker = room.tracker();
    let found = Letters::any().of("invite").caused_by("invite", "42").assert_enqueued(&*tracker).await;
    assert_eq!(found.delivery_id.as_str(), "letter-1");
    Letters::to("someone@example.org").assert_count(&*tracker, 2).await;
    Letters::to("other@example.org").assert_none(&*tracker).await;
    Letters::any().in_status(Status::Sent).assert_none(&*tracker).await;
    assert_eq!(room.work().await, 2);
    Letters::any().in_status(Status::Sent).assert_count(&*tracker, 2).await;
}

#[tokio::test]
async fn a_failure_says_what_is_there_instead_and_shows_no_address() {
    let room = TestRoom::new();
    room.queue().enqueue(&[delivery("letter-1")]).await.unwrap();
    let tracker = room.tracker();
    let said = complaint({
        let tracker = tracker.clone();
        async move {
            Letters::to("other@example.org").of("invite").assert_enqueued(&*tracker).await;
        }
    });
    let said = said.await;
    let (place, said) = said.split_once(": ").unwrap();
    assert!(place.contains("testing.rs:"), "the place of the assertion: {place}");
    assert_eq!(
        said,
        "expected 1 × a letter of workflow invite to that recipient, found none\n  \
         whatever the recipient: invite (greeting, queued)\n  on record at all: invite (greeting, queued)"
    );
    let said = complaint(async move { Letters::any().assert_none(&*tracker).await }).await;
    assert!(said.contains("expected 0 × a letter, found invite (greeting, queued)"), "{said}");
}

#[tokio::test]
async fn a_bad_day_is_scripted_and_time_moves_when_told() {
    let room = TestRoom::new();
    room.transport.then(Answer::Refuse(Failure::new(FailureClass::DEFERRED, "SMTP_451", "greylisted")));
    room.queue().enqueue(&[delivery("letter-1")]).await.unwrap();
    assert_eq!((room.work().await, room.sent().len()), (1, 0));
    let waiting = Letters::any().in_status(Status::Retrying).assert_enqueued(&*room.tracker()).await;
    assert_eq!(waiting.last_error_code.unwrap().as_str(), "SMTP_451");
    room.advance(Duration::from_mins(5));
    assert_eq!((room.work().await, room.sent().len()), (1, 1));
}

#[tokio::test]
async fn a_sent_letter_is_read_back_from_its_message() {
    let plain = TestRoom::new();
    plain.queue().enqueue(&[delivery("letter-1")]).await.unwrap();
    plain.work().await;
    let sent = plain.sent();
    assert_eq!((sent[0].subject.as_str(), sent[0].text.trim()), ("greeting", "name: Someone"));
    assert_eq!(sent[0].html.trim(), "<pre>name: Someone</pre>");
    assert_eq!((sent[0].recipient.as_str(), sent[0].header("subject")), ("someone@example.org", Some("greeting")));
    let shown = format!("{:?}", sent[0]);
    assert!(shown.contains("letter-1") && !shown.contains("example.org") && !shown.contains("Someone"), "{shown}");

    let template = delivery("letter-1").letter.template;
    let renderer = PlainRenderer::default().with(template, ["Hello {name}", "<p>{name}</p>", "Dear {name}"], data());
    let own = TestRoom::new().with_renderer(Arc::new(renderer));
    own.queue().enqueue(&[delivery("letter-1")]).await.unwrap();
    own.work().await;
    assert_eq!((own.sent()[0].subject.as_str(), own.sent()[0].text.trim()), ("Hello Someone", "Dear Someone"));
}
