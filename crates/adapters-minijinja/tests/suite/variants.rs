//! The same letter in other languages.

use postroom_adapters_minijinja::{Brand, Templates};
use postroom_domain::locale::Locale;
use postroom_ports::letter::Data;
use postroom_ports::template::{RenderError, TemplateRenderer};
use serde_json::json;

use crate::folder::{Folder, name};

fn locale(tag: &str) -> Locale {
    Locale::parse(tag).unwrap()
}

fn own() -> Folder {
    Folder::new().template("own", "Hello {{ who }}{{ more | default('') }}\n", &json!({"who": "Sam"}))
}

fn in_german(folder: Folder, text: &str) -> Folder {
    folder
        .file("own.de/subject.txt.j2", "Betreff\n")
        .file("own.de/body.html.j2", "<p lang=\"{{ letter.lang }}\" dir=\"{{ letter.dir }}\"></p>\n")
        .file("own.de/body.txt.j2", text)
}

#[test]
fn a_variant_takes_the_templates_sample_unless_it_has_its_own() {
    let sample = |folder: &Folder| folder.load().unwrap().sample_in(&name("own"), Some(&locale("de-AT"))).unwrap();
    let folder = in_german(own(), "Hallo {{ who }}\n");
    assert_eq!(sample(&folder)["who"], "Sam");
    let folder = folder.file("own.de/sample.json", "{\"who\": \"Samira\"}");
    assert_eq!(sample(&folder)["who"], "Samira");
}

#[test]
fn a_broken_variant_is_refused_and_says_where() {
    for (folder, said) in [
        (own().file("gone.de/subject.txt.j2", "a"), "there is no \"gone\""),
        (in_german(own(), "{{ extra }}"), "\"own.de\" needs extra, which \"own\" does not"),
        (in_german(own(), "{{ more }}"), "\"own.de\" needs more"),
        (own().file("own.de/subject.txt.j2", "a"), "\"own.de\" lacks body.html.j2"),
        (in_german(own(), "{% if %}"), "own.de/body.txt.j2, line 1"),
        (in_german(own(), "{{ who | link }}"), "the sample of template \"own.de\" does not render: data.who"),
        (in_german(own(), "").file("own.de/sample.json", "[]"), "own.de/sample.json"),
        (own().file("own.pt_BR/subject.txt.j2", "a"), "write its language as pt-br"),
    ] {
        let refusal = folder.load().unwrap_err().to_string();
        assert!(refusal.contains(said), "{said}: {refusal}");
    }
}

#[test]
fn a_folder_may_bring_a_language_to_a_template_that_comes_with_the_binary() {
    let folder = Folder::new()
        .file("invitation.fr/subject.txt.j2", "Invitation : {{ organization_name }}\n")
        .file("invitation.fr/body.html.j2", "<p>{{ inviter_name }}</p>\n")
        .file("invitation.fr/body.txt.j2", "{{ inviter_name }}\n");
    let templates = folder.load().unwrap();
    let invitation = name("invitation");
    let data = templates.sample(&invitation).unwrap();
    let letter = templates.render(&invitation, Some(&locale("fr-CA")), &data).unwrap();
    assert_eq!(letter.subject, "Invitation : Sample Organization");
    // What a letter needs is the same in every language.
    let refusal = templates.render(&invitation, Some(&locale("fr")), &Data::new()).unwrap_err();
    let RenderError::Missing { names, .. } = refusal else { unreachable!("{refusal}") };
    assert_eq!(names, ["accept_url", "inviter_name", "organization_name", "role"]);
}

#[test]
fn a_page_says_its_language_and_its_direction() {
    let templates = Templates::embedded(Brand::default()).unwrap();
    let code = name("verification-code");
    let data = templates.sample(&code).unwrap();
    for (tag, opening) in [
        ("en", "<html lang=\"en\" dir=\"ltr\""),
        ("de-AT", "<html lang=\"de\" dir=\"ltr\""),
        ("ar-EG", "<html lang=\"ar\" dir=\"rtl\""),
        ("fr", "<html lang=\"en\" dir=\"ltr\""),
    ] {
        let html = templates.render(&code, Some(&locale(tag)), &data).unwrap().html;
        assert!(html.contains(opening), "{tag}");
    }
    let arabic = templates.render(&code, Some(&locale("ar")), &data).unwrap().html;
    assert!(arabic.contains("<td class=\"card\" align=\"right\""), "text begins at the right");
    assert!(arabic.contains("dir=\"ltr\""), "a code is read from left to right in every language");
}

/// No word of another language stands in a variant: what a layout or a partial says can be said anew.
#[test]
fn no_english_is_left_in_a_letter_of_another_language() {
    let templates = Templates::embedded(Brand::default()).unwrap();
    for listed in templates.list() {
        for tag in &listed.locales {
            let sample = templates.sample_in(&listed.name, Some(tag)).unwrap();
            let letter = templates.render(&listed.name, Some(tag), &sample).unwrap();
            for word in [" the ", " this ", " you ", "button", "Hello", "link:"] {
                assert!(!letter.html.contains(word) && !letter.text.contains(word), "{}.{tag}: {word}", listed.name);
            }
        }
    }
}

#[test]
fn the_letter_is_not_the_callers_to_give() {
    let templates = own().load().unwrap();
    let data = Data::from_iter([("who".to_owned(), json!("Sam")), ("letter".to_owned(), json!({"lang": "xx"}))]);
    assert_eq!(templates.render(&name("own"), None, &data).unwrap_err().field(), "data.letter");
}
