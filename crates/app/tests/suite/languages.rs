//! A letter is written in the language of its workflow: at the door, and when it leaves.

use std::sync::Arc;

use postroom::fields::Fields;
use postroom::mailroom::Workflows;
use postroom::testing::TestRoom;
use postroom_domain::id::Workflow;
use postroom_domain::locale::Locale;
use postroom_ports::memory::PlainRenderer;
use serde_json::json;

use crate::house::{data, delivery};

/// A room where digests are German, and so is nothing else.
fn room() -> TestRoom {
    let template = delivery("any").letter.template;
    let german = Locale::parse("de").unwrap();
    let renderer = PlainRenderer::default()
        .with(template.clone(), ["Hello {name}", "<p>{name}</p>", "Hello {name}"], data())
        .with_variant(&template, german, ["Hallo {name}", "<p>{name|link}</p>", "Hallo {name}"]);
    let room = TestRoom::new();
    let mut workflows = Workflows::clone(&room.mailroom.workflows);
    let mut digest = workflows.default.clone();
    digest.locale = Some(Locale::parse("de-AT").unwrap());
    workflows.own.insert(Workflow::parse("digest").unwrap(), digest);
    room.with_renderer(Arc::new(renderer)).with_workflows(workflows)
}

fn letter(workflow: &str, name: &str) -> Fields {
    let letter = json!({
        "workflow": workflow, "template": "greeting", "recipient": "a@example.org", "data": { "name": name },
    });
    Fields::from_object(letter.as_object().unwrap().clone()).unwrap()
}

#[tokio::test]
async fn a_letter_is_written_in_the_language_of_its_workflow() {
    let room = room();
    let link = "https://example.org/";
    let answers = room.door().accept(vec![letter("invite", link), letter("digest", link)]).await.unwrap();
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    room.work().await;
    let mut subjects: Vec<String> = room.sent().into_iter().map(|sent| sent.subject).collect();
    subjects.sort();
    assert_eq!(subjects, ["Hallo https://example.org/", "Hello https://example.org/"]);
}

#[tokio::test]
async fn the_door_tries_a_letter_in_the_language_that_it_will_be_written_in() {
    let room = room();
    // The German letter alone makes a link of it. Letters of two languages are not alike, whatever their data.
    let answers = room.door().accept(vec![letter("invite", "Sam"), letter("digest", "Sam")]).await.unwrap();
    assert!(answers[0].is_ok(), "{answers:?}");
    assert_eq!(answers[1].as_ref().unwrap_err().field, "data.name");
}

#[tokio::test]
async fn the_event_of_a_sending_says_what_the_letter_was_made_from() {
    let room = room();
    let id = room.door().accept(vec![letter("invite", "Sam")]).await.unwrap().remove(0).unwrap().id().clone();
    room.work().await;
    let history = room.tracker().history(&id).await.unwrap();
    let sent = history.last().unwrap();
    assert!(sent.payload["template_version"].as_str().is_some_and(|version| !version.is_empty()), "{:?}", sent.payload);
}
