//! The rules of a [`TemplateRenderer`](crate::template::TemplateRenderer).
#![expect(clippy::unused_async, reason = "the rules of every suite have one shape")]

use postroom_domain::id::TemplateName;
use serde_json::json;

use super::RendererHarness;
use crate::letter::Data;

/// The fixture that greets.
const GREETING: &str = "contract/greeting";

fn template(name: &str) -> TemplateName {
    TemplateName::parse(name).expect("a sample template's name is valid")
}

fn greeting(name: &str, link: &str) -> Data {
    Data::from_iter([("name".to_owned(), json!(name)), ("link".to_owned(), json!(link))])
}

/// A rendered letter has a subject and both bodies, filled with the data, and a version.
pub async fn a_letter_has_a_subject_and_both_bodies<H: RendererHarness>(harness: &H) {
    let data = greeting("Ann", "https://example.org/start");
    let rendered = harness.renderer().render(&template(GREETING), &data).expect("the fixture renders");
    assert_eq!(rendered.subject, "Hello Ann");
    for body in [&rendered.html, &rendered.text] {
        assert!(body.contains("Ann"), "the name stands in both bodies: {body}");
        assert!(body.contains("https://example.org/start"), "the link stands in both bodies: {body}");
    }
    assert!(rendered.html.contains('<') && !rendered.text.contains('<'), "only one of them is HTML");
    assert!(!rendered.version.is_empty(), "a letter says what it was made from");
}
