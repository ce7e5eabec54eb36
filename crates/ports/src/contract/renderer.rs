//! The rules of a [`TemplateRenderer`](crate::template::TemplateRenderer).
#![expect(clippy::unused_async, reason = "the rules of every suite have one shape")]

use postroom_domain::id::TemplateName;
use postroom_domain::locale::Locale;
use serde_json::json;

use super::RendererHarness;
use crate::letter::Data;
use crate::template::{RenderError, Rendered};

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
    let rendered = harness.renderer().render(&template(GREETING), None, &data).expect("the fixture renders");
    assert_eq!(rendered.subject, "Hello Ann");
    for body in [&rendered.html, &rendered.text] {
        assert!(body.contains("Ann"), "the name stands in both bodies: {body}");
        assert!(body.contains("https://example.org/start"), "the link stands in both bodies: {body}");
    }
    assert!(rendered.html.contains('<') && !rendered.text.contains('<'), "only one of them is HTML");
    assert!(!rendered.version.is_empty(), "a letter says what it was made from");
}

/// Variables that are missing are named, all at once, and nothing is rendered.
pub async fn missing_variables_are_named_all_at_once<H: RendererHarness>(harness: &H) {
    match refused(harness, GREETING, &Data::new()) {
        RenderError::Missing { template, mut names } => {
            names.sort();
            assert_eq!((template.as_str(), names), (GREETING, vec!["link".to_owned(), "name".to_owned()]));
        }
        other => panic!("missing variables are said to be missing: {other}"),
    }
    let mut half = greeting("Ann", "https://example.org");
    half.remove("name");
    assert_eq!(refused(harness, GREETING, &half).field(), "data.name", "the field at fault is named");
}

/// Data is escaped in HTML, and only there.
pub async fn data_is_escaped_in_html_and_only_there<H: RendererHarness>(harness: &H) {
    let name = "<script>alert('x')</script> & \"Co\"";
    let rendered = rendered(harness, &greeting(name, "https://example.org/?a=1&b=2"));
    assert!(!rendered.html.contains("<script>"), "no element comes from data");
    assert!(rendered.html.contains("&lt;script&gt;"), "the name is shown as it is");
    assert!(!rendered.html.contains("\"Co\""), "no attribute ends where data says so");
    assert!(rendered.text.contains(name), "plain text needs no escaping");
    assert!(rendered.subject.contains(name), "neither does a subject");
    assert!(rendered.text.contains("https://example.org/?a=1&b=2"), "a link in plain text works as it is");
}

/// Links whose scheme is not https, http or mailto are refused, and their text is not repeated.
pub async fn links_of_other_schemes_are_refused<H: RendererHarness>(harness: &H) {
    for link in [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
    ] {
        let refusal = refused(harness, GREETING, &greeting("Ann", link));
        assert_eq!(refusal.field(), "data.link", "the field at fault is named");
        assert!(!refusal.to_string().contains(link), "a refusal repeats no value");
    }
    for link in ["https://example.org/a?b=c#d", "http://example.org", "mailto:someone@example.org"] {
        assert!(rendered(harness, &greeting("Ann", link)).text.contains(link));
    }
}

/// Data is never evaluated as a template, whatever it looks like.
pub async fn data_is_never_evaluated<H: RendererHarness>(harness: &H) {
    for name in ["{{ link }}", "{% for i in range(9) %}x{% endfor %}", "{name}", "{#x#}", "${7*7}", "{{ 7 * 7 }}"] {
        let rendered = rendered(harness, &greeting(name, "https://example.org"));
        assert!(rendered.text.contains(name), "data stands in the text as it is: {}", rendered.text);
        assert!(rendered.subject.contains(name), "and in the subject: {}", rendered.subject);
    }
}

/// The same template and data give the same words and the same version; other data does not
/// change the version.
pub async fn the_same_input_gives_the_same_words<H: RendererHarness>(harness: &H) {
    let data = greeting("Ann", "https://example.org");
    let first = rendered(harness, &data);
    for _ in 0..5 {
        assert!(rendered(harness, &data) == first, "rendering is pure");
    }
    let other = H::fresh().renderer().render(&template(GREETING), None, &data).expect("the fixture renders");
    assert!(other == first, "two renderers over the same sources agree");
    assert_eq!(rendered(harness, &greeting("Bob", "https://example.org")).version, first.version);
}

/// Output that grows without bounds is refused within bounds: by a limit that has a name.
pub async fn output_is_bounded<H: RendererHarness>(harness: &H) {
    let many = Data::from_iter([("rounds".to_owned(), json!(10_000))]);
    let refusal = refused(harness, "contract/loop", &many);
    assert!(matches!(refusal, RenderError::Limit { .. }), "a limit is said to be one: {refusal}");
    let few = Data::from_iter([("rounds".to_owned(), json!(2))]);
    let rendered = harness.renderer().render(&template("contract/loop"), None, &few).expect("a few rounds are fine");
    assert_eq!(rendered.text.matches('x').count(), 8);
}

/// A template that does not exist is named, with the nearest one that does.
pub async fn an_unknown_template_is_named_with_a_suggestion<H: RendererHarness>(harness: &H) {
    match refused(harness, "contract/greetin", &Data::new()) {
        RenderError::Unknown { name, suggestion } => {
            assert_eq!((name.as_str(), suggestion.as_deref()), ("contract/greetin", Some(GREETING)));
        }
        other => panic!("an unknown template is said to be unknown: {other}"),
    }
    assert_eq!(harness.renderer().sample(&template("contract/greetin")), None);
}

/// A subject is one printable line, whatever the data holds: a line break is refused or made a
/// space, and never ends the line.
pub async fn a_subject_is_one_line<H: RendererHarness>(harness: &H) {
    for name in ["Ann\r\nBcc: other@example.org", "Ann\nBob", "Ann\u{0}", "Ann\u{85}Bob", "Ann\u{7}"] {
        let data = greeting(name, "https://example.org");
        match harness.renderer().render(&template(GREETING), None, &data) {
            Ok(rendered) => {
                assert!(!rendered.subject.contains(char::is_control), "a control character in {:?}", rendered.subject);
                assert!(rendered.subject.contains("Ann"), "what can be shown is shown");
            }
            Err(refusal) => assert_eq!(refusal.field(), "data.name", "a refusal names the field"),
        }
    }
    assert_eq!(rendered(harness, &greeting("Ann", "https://example.org")).subject, "Hello Ann");
}

/// Every template that is listed has a sample, and renders with it; the list is in order.
pub async fn every_listed_template_renders_its_sample<H: RendererHarness>(harness: &H) {
    let renderer = harness.renderer();
    let listed = renderer.templates();
    assert!(listed.is_sorted(), "the list is in order");
    assert!(listed.contains(&template(GREETING)) && listed.contains(&template("contract/loop")), "it is complete");
    for name in listed {
        let sample = renderer.sample(&name).unwrap_or_else(|| panic!("{name} has no sample"));
        let words = renderer.render(&name, None, &sample).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        assert!(!words.subject.is_empty() && !words.html.is_empty() && !words.text.is_empty(), "{name}");
    }
}

/// Data that a template does not use is no mistake: applications send more than one template
/// needs.
pub async fn unused_data_is_no_mistake<H: RendererHarness>(harness: &H) {
    let mut data = greeting("Ann", "https://example.org");
    let plain = rendered(harness, &data);
    data.insert("unused".to_owned(), json!({"deep": [null, 1]}));
    assert!(rendered(harness, &data) == plain);
}

/// A letter names the variant that was taken, which need not be the locale that was wanted.
pub async fn a_letter_names_the_variant_that_was_taken<H: RendererHarness>(harness: &H) {
    for wanted in ["de", "de-AT"] {
        assert_eq!(in_language(harness, wanted).locale, Some(locale("de")), "{wanted}");
    }
}

/// A letter is rendered in the variant nearest to its locale.
pub async fn the_nearest_variant_is_taken<H: RendererHarness>(harness: &H) {
    for wanted in ["de", "de-AT", "de-Latn-CH"] {
        let rendered = in_language(harness, wanted);
        assert_eq!(rendered.subject, "Hallo Ann", "{wanted}");
        for body in [&rendered.html, &rendered.text] {
            assert!(body.contains("Ann"), "both bodies are the variant's: {body}");
            assert!(!body.contains("https://example.org"), "the variant has no link: {body}");
        }
    }
}

/// Where no variant fits, the template itself is taken, and the letter names no variant.
pub async fn without_a_variant_the_template_itself_is_taken<H: RendererHarness>(harness: &H) {
    let plain = rendered(harness, &greeting("Ann", "https://example.org"));
    assert_eq!(plain.locale, None, "no locale, no variant");
    for wanted in ["fr", "den", "nds-DE"] {
        let rendered = in_language(harness, wanted);
        assert!(rendered == plain, "{wanted} has no variant, so the template itself is taken: {}", rendered.subject);
    }
}

/// A variant has a version of its own, because other sources took part.
pub async fn a_variant_has_a_version_of_its_own<H: RendererHarness>(harness: &H) {
    let plain = rendered(harness, &greeting("Ann", "https://example.org"));
    let variant = in_language(harness, "de");
    assert!(variant.version != plain.version, "the version says what a letter was made from");
    assert!(in_language(harness, "de-AT").version == variant.version, "the same sources, the same version");
}

/// A variant is no template: it is not listed, has no sample by its own name, and is not rendered by it.
pub async fn a_variant_is_no_template_of_its_own<H: RendererHarness>(harness: &H) {
    let listed = harness.renderer().templates();
    for name in [GREETING, "contract/loop"] {
        let variant = template(&format!("{name}.de"));
        assert!(!listed.contains(&variant), "a variant is not listed");
        assert!(harness.renderer().sample(&variant).is_none(), "nor has it a sample");
        let data = greeting("Ann", "https://example.org");
        match harness.renderer().render(&variant, None, &data) {
            Err(RenderError::Unknown { .. }) => {}
            Err(other) => panic!("a variant's name is unknown as a template's: {other}"),
            Ok(_) => panic!("a variant is asked for by its locale, not by its name"),
        }
    }
}

/// What a letter needs is the same in every language, so that a dry run in one holds for all.
pub async fn what_a_letter_needs_does_not_depend_on_its_language<H: RendererHarness>(harness: &H) {
    let mut data = greeting("Ann", "https://example.org");
    data.remove("link");
    let (renderer, wanted) = (harness.renderer(), locale("de"));
    for locale in [None, Some(&wanted)] {
        match renderer.render(&template(GREETING), locale, &data) {
            Err(RenderError::Missing { names, .. }) => assert_eq!(names, ["link"]),
            Err(other) => panic!("a missing variable is said to be missing: {other}"),
            Ok(_) => panic!("the template needs a link, so its variants need one, too"),
        }
    }
}

fn locale(tag: &str) -> Locale {
    Locale::parse(tag).expect("a sample locale is valid")
}

fn in_language<H: RendererHarness>(harness: &H, tag: &str) -> Rendered {
    let data = greeting("Ann", "https://example.org");
    harness.renderer().render(&template(GREETING), Some(&locale(tag)), &data).expect("the fixture renders")
}

fn rendered<H: RendererHarness>(harness: &H, data: &Data) -> Rendered {
    harness.renderer().render(&template(GREETING), None, data).expect("the fixture renders")
}

fn refused<H: RendererHarness>(harness: &H, name: &str, data: &Data) -> RenderError {
    match harness.renderer().render(&template(name), None, data) {
        Err(refusal) => refusal,
        Ok(_) => panic!("{name} is refused with such data"),
    }
}
