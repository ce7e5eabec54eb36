//! Each rule finds the template that breaks it, and nothing else in it.

use postroom_adapters_minijinja::{Brand, Brands, Finding, Rule, Severity, Templates};
use serde_json::{Value, json};

use crate::brands::four_portals;
use crate::folder::Folder;

/// A template that no rule finds fault with.
fn sound() -> Folder {
    Folder::new()
        .file("own/subject.txt.j2", "Your report\n")
        .file("own/body.html.j2", &page("<p>{{ who }}</p><a href=\"{{ url | link }}\">Open</a>"))
        .file("own/body.txt.j2", "{{ who }}\n{{ url | link }}\n")
        .file("own/sample.json", &sample().to_string())
}

fn page(body: &str) -> String {
    format!("<!doctype html><html lang=\"en\" dir=\"ltr\"><body>{body}</body></html>")
}

/// The sound template with this HTML.
fn with_html(body: &str) -> Folder {
    sound().file(
        "own/body.html.j2",
        &page(&format!("{body}<p>{{{{ who }}}}</p><a href=\"{{{{ url | link }}}}\">Open</a>")),
    )
}

fn sample() -> Value {
    json!({"who": "Sam", "url": "https://example.org/report"})
}

fn lint(folder: &Folder) -> Vec<Finding> {
    Templates::lint(Brand::default(), Some(folder.0.path()))
}

#[test]
fn what_comes_with_the_binary_is_clean_for_every_brand() {
    for brands in [Brands::default(), four_portals()] {
        let findings = Templates::lint(brands, None);
        assert!(findings.is_empty(), "{findings:#?}");
    }
    let findings = lint(&sound());
    assert!(findings.is_empty(), "{findings:#?}");
}

#[test]
fn each_rule_finds_the_template_that_breaks_it() {
    let (error, warning) = (Severity::Error, Severity::Warning);
    let more = |field: &str, value: Value| {
        let mut sample = sample();
        sample[field] = value;
        sample.to_string()
    };
    for (folder, rule, severity, file) in [
        (sound().file("Own/subject.txt.j2", "a"), Rule::Files, error, None),
        (sound().file("layouts/big.txt.j2", &"x".repeat(300_000)), Rule::Files, error, Some("layouts/big.txt.j2")),
        (
            sound().file("half/subject.txt.j2", "a").file("half/body.txt.j2", "a").file("half/sample.json", "{}"),
            Rule::Parts,
            error,
            Some("half/body.html.j2"),
        ),
        (sound().file("own/body.txt.j2", "{% if %}"), Rule::Syntax, error, Some("own/body.txt.j2")),
        (with_html("{% autoescape false %}{% endautoescape %}"), Rule::Escaping, error, Some("own/body.html.j2")),
        (sound().file("gone.de/subject.txt.j2", "a"), Rule::Variants, error, None),
        (sound().file("own/sample.json", "[]"), Rule::Sample, error, Some("own/sample.json")),
        (
            sound().file("own/sample.json", "{\"who\": \"Sam\"}"),
            Rule::UndefinedVariable,
            error,
            Some("own/sample.json"),
        ),
        (
            with_html("{% if x is defined %}{{ x }}{% endif %}"),
            Rule::UndefinedVariable,
            warning,
            Some("own/sample.json"),
        ),
        (
            sound().file("own/sample.json", &more("unused", json!(1))),
            Rule::UnusedSample,
            warning,
            Some("own/sample.json"),
        ),
        (with_html("{{ who | uper }}"), Rule::Rendering, error, None),
        (sound().file("own/sample.json", &more("url", json!("javascript:x"))), Rule::Rendering, error, None),
        (with_html("<a href=\"/relative\">x</a>"), Rule::Links, error, Some("own/body.html.j2")),
        (
            sound().file("own/sample.json", &more("url", json!("http://example.org/"))),
            Rule::Links,
            warning,
            Some("own/body.html.j2"),
        ),
        (sound().file("own/body.txt.j2", "{{ who }}\n"), Rule::SameLinks, error, Some("own/body.txt.j2")),
        (
            sound().file("own/body.txt.j2", "{{ url | link }}\nhttps://example.org/more.\n"),
            Rule::SameLinks,
            error,
            Some("own/body.html.j2"),
        ),
        (with_html(&format!("<p>{}</p>", "x".repeat(102_000))), Rule::Size, error, Some("own/body.html.j2")),
        (sound().file("own/subject.txt.j2", &"x".repeat(61)), Rule::SubjectLength, warning, Some("own/subject.txt.j2")),
        (sound().file("own/subject.txt.j2", &"x".repeat(600)), Rule::SubjectLength, error, None),
        (with_html("<img src=\"cid:logo\">"), Rule::Alt, error, Some("own/body.html.j2")),
        (
            with_html("<img alt=\"A\" src=\"https://example.org/a.png\">"),
            Rule::RemoteAssets,
            warning,
            Some("own/body.html.j2"),
        ),
        (
            with_html("<p style=\"background: url(https://example.org/a.png)\">x</p>"),
            Rule::RemoteAssets,
            warning,
            Some("own/body.html.j2"),
        ),
        (
            with_html("<style data-css-inline=\"keep\">p { background: url(https://example.org/a.png) }</style>"),
            Rule::RemoteAssets,
            warning,
            Some("own/body.html.j2"),
        ),
        (with_html("<script>x</script>"), Rule::RemoteAssets, error, Some("own/body.html.j2")),
        (
            sound().file("own/body.html.j2", "<p>{{ who }}</p><a href=\"{{ url | link }}\">x</a>"),
            Rule::Language,
            error,
            Some("own/body.html.j2"),
        ),
    ] {
        let findings = lint(&folder);
        let found: Vec<_> = findings.iter().map(|f| (f.rule, f.severity, f.file.as_deref())).collect();
        let is_it = |(r, s, f): &(Rule, Severity, Option<&str>)| {
            // A file that cannot be read is named by its path.
            *r == rule && *s == severity && (*f == file || f.zip(file).is_some_and(|(f, file)| f.ends_with(file)))
        };
        assert!(found.iter().any(is_it), "{rule:?} {file:?}: {findings:#?}");
        assert!(found.iter().all(|(r, ..)| *r == rule), "nothing but {rule:?}: {findings:#?}");
        assert!(findings.iter().all(|finding| finding.message.len() > 20), "{findings:#?}");
    }
}

#[test]
fn a_text_that_says_nothing_is_found() {
    for text in ["\n \n", "\n-- \nExample\n"] {
        let silent = sound().file("own/body.html.j2", &page("<p>{{ who }}</p>"));
        let findings = lint(&silent.file("own/sample.json", "{\"who\": \"Sam\"}").file("own/body.txt.j2", text));
        assert_eq!(findings.iter().map(|finding| finding.rule).collect::<Vec<_>>(), [Rule::EmptyText], "{findings:#?}");
    }
}

#[test]
fn a_variant_is_looked_at_in_its_own_language() {
    let german = |html: &str| {
        sound()
            .file("own.de/subject.txt.j2", "Ihr Bericht\n")
            .file("own.de/body.html.j2", html)
            .file("own.de/body.txt.j2", "{{ who }}\n{{ url | link }}\n")
    };
    let body = "<p>{{ who }}</p><a href=\"{{ url | link }}\">x</a></html>";
    let right = german(&format!("<html lang=\"{{{{ letter.lang }}}}\" dir=\"{{{{ letter.dir }}}}\">{body}"));
    assert!(lint(&right).is_empty(), "{:#?}", lint(&right));
    let wrong = lint(&german(&format!("<html lang=\"en\" dir=\"ltr\">{body}")));
    assert_eq!(wrong.len(), 1, "{wrong:#?}");
    assert_eq!((wrong[0].rule, wrong[0].locale.as_ref().map(ToString::to_string)), (Rule::Language, Some("de".into())));
    let more = lint(&right.file("own.de/body.txt.j2", "{{ who }}\n{{ url | link }}\n{{ more }}\n"));
    assert!(more.iter().any(|finding| finding.rule == Rule::Variants && finding.message.contains("more")), "{more:#?}");
}

#[test]
fn everything_is_found_at_once() {
    let folder = sound()
        .file("a/body.txt.j2", "{% if %}")
        .file("b/sample.json", "[")
        .file("own/subject.txt.j2", &"x".repeat(61))
        .file("own/sample.json", "{\"who\": \"Sam\", \"url\": \"https://example.org/\", \"more\": 1}");
    let mut rules: Vec<Rule> = lint(&folder).into_iter().map(|finding| finding.rule).collect();
    rules.sort();
    rules.dedup();
    assert_eq!(rules, [Rule::Parts, Rule::Syntax, Rule::Sample, Rule::UnusedSample, Rule::SubjectLength]);
}

#[test]
fn the_brands_logo_may_be_fetched_and_its_links_are_judged_once() {
    let brand = Brand::default().with_logo("https://static.example.org/logo.png", "Example").unwrap();
    let brand = brand.with_link("Help", "http://example.org/help").unwrap();
    let findings = Templates::lint(Brands::from(brand).with_portal("nowhere", Brand::default()), None);
    let found: Vec<_> = findings.iter().map(|finding| (finding.rule, finding.severity)).collect();
    assert_eq!(found, [(Rule::Brand, Severity::Error), (Rule::Brand, Severity::Warning)], "{findings:#?}");
}
