//! Every template, rendered from its sample and compared with what was read and approved:
//! `UPDATE_GOLDEN=1 cargo test -p postroom-adapters-minijinja golden` writes the files
//! under `tests/golden/` anew; read them before you commit them.
#![expect(clippy::disallowed_methods, reason = "the developer's switch that approves golden files")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use postroom_adapters_minijinja::{Brand, Templates};
use postroom_domain::id::TemplateName;
use postroom_domain::locale::Locale;
use postroom_ports::letter::Data;
use postroom_ports::template::{Rendered, TemplateRenderer};

use crate::brands::four_portals;

/// Every embedded template, and what its letters may leave out.
const OPTIONAL: [(&str, &[&str]); 15] = [
    ("admin/tfa", &["recipient_name"]),
    ("agency/forgot-password", &["recipient_name", "requested_from"]),
    ("agency/password-changed", &["recipient_name", "requested_from"]),
    ("agency/welcome", &["recipient_name"]),
    ("hub/email-verification", &["recipient_name"]),
    ("hub/forgot-password", &["recipient_name", "requested_from"]),
    ("hub/password-changed", &["recipient_name", "requested_from"]),
    ("hub/welcome", &["recipient_name"]),
    ("invitation", &["recipient_name", "project_name", "expires_in"]),
    ("org/forgot-password", &["recipient_name", "requested_from"]),
    ("org/invite", &["recipient_name", "expires_in"]),
    ("org/password-changed", &["recipient_name", "requested_from"]),
    ("org/welcome", &["recipient_name"]),
    ("password-reset", &["recipient_name", "requested_from"]),
    ("verification-code", &["recipient_name"]),
];

/// Every embedded template in another language.
const VARIANTS: [&str; 4] = ["invitation.de", "password-reset.de", "verification-code.ar", "verification-code.de"];

/// Gmail clips at 102 kB; a letter of this kind has no reason to come near.
const MAX_HTML: usize = 20_000;

fn brand() -> Brand {
    Brand::default()
        .with_name("Example")
        .unwrap()
        .with_footer("Example Ltd, 1 Sample Street, Sampletown")
        .unwrap()
        .with_link("Help", "https://example.org/help")
        .unwrap()
        .with_link("Privacy", "https://example.org/privacy")
        .unwrap()
}

/// A letter as its sample makes it, and the folder of its template.
struct Shown {
    name: TemplateName,
    locale: Option<Locale>,
    folder: String,
    letter: Rendered,
}

/// Every template in every language.
fn samples(templates: &Templates) -> Vec<Shown> {
    let mut shown = Vec::new();
    for listed in templates.list() {
        for locale in std::iter::once(None).chain(listed.locales.into_iter().map(Some)) {
            let name = listed.name.clone();
            let sample = templates.sample_in(&name, locale.as_ref()).unwrap();
            let letter = templates.render(&name, locale.as_ref(), &sample).unwrap();
            assert_eq!(letter.locale, locale);
            let folder = locale.as_ref().map_or_else(|| name.to_string(), |locale| format!("{name}.{locale}"));
            shown.push(Shown { name, locale, folder, letter });
        }
    }
    shown
}

fn golden(folder: &str, file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(folder).join(file)
}

#[test]
fn every_sample_renders_as_approved() {
    let templates = Templates::embedded(four_portals()).unwrap();
    let names: Vec<String> = templates.templates().iter().map(ToString::to_string).collect();
    assert_eq!(names, OPTIONAL.map(|(name, _)| name), "the list of templates changed: approve the new one here");
    let shown = samples(&templates);
    let variants: Vec<&str> = shown.iter().filter(|s| s.locale.is_some()).map(|s| s.folder.as_str()).collect();
    assert_eq!(variants, VARIANTS, "the list of languages changed: approve the new one here");
    for Shown { folder, letter, .. } in shown {
        let subject = format!("{}\n", letter.subject);
        for (file, actual) in [("subject.txt", subject), ("body.html", letter.html), ("body.txt", letter.text)] {
            let path = golden(&folder, file);
            if env::var_os("UPDATE_GOLDEN").is_some() {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, actual).unwrap();
            } else {
                let expected = fs::read_to_string(&path).unwrap_or_default();
                assert_eq!(actual, expected, "{}: run with UPDATE_GOLDEN=1 and read the change", path.display());
            }
        }
    }
}

/// What applications send, by the names that they have for it.
#[test]
fn every_type_of_letter_has_its_template() {
    let types = [
        "hub_welcome hub_forgot_password hub_password_changed hub_email_verification",
        "org_welcome org_forgot_password org_password_changed org_invite",
        "agency_welcome agency_forgot_password agency_password_changed",
        "admin_tfa",
    ];
    let templates = Templates::embedded(Brand::default()).unwrap().templates();
    let there = |name: &str| templates.contains(&TemplateName::parse(name).unwrap());
    for name in types.iter().flat_map(|line| line.split(' ')) {
        let (portal, rest) = name.split_once('_').unwrap();
        assert!(there(&format!("{portal}/{}", rest.replace('_', "-"))), "{name}");
    }
    for name in ["invitation", "verification-code", "password-reset"] {
        assert!(there(name), "{name}");
    }
}

#[test]
fn every_letter_fetches_nothing_and_runs_nothing() {
    for Shown { folder: name, letter, .. } in samples(&Templates::embedded(brand()).unwrap()) {
        let html = letter.html.to_ascii_lowercase();
        for remote in
            ["src=", "srcset", "url(", "@import", "<link", "<script", "<iframe", "<form", "<img", " on", "javascript:"]
        {
            // " on" finds event handlers such as ` onclick=`.
            let found = html
                .match_indices(remote)
                .any(|(at, _)| remote != " on" || html[at + 1..].split([' ', '>']).next().unwrap().contains("=\""));
            assert!(!found, "{name}: {remote}");
        }
        for link in html.split("href=\"").skip(1) {
            assert!(link.starts_with("https:") || link.starts_with("mailto:"), "{name}");
        }
        assert!(letter.html.len() < MAX_HTML, "{name}: {} bytes", letter.html.len());
    }
}

#[test]
fn every_letter_is_made_for_people() {
    for Shown { folder: name, locale, letter, .. } in samples(&Templates::embedded(brand()).unwrap()) {
        let lang = locale.as_ref().map_or("en", Locale::as_str);
        let language = format!("<html lang=\"{lang}\" dir=\"{}\"", if lang == "ar" { "rtl" } else { "ltr" });
        for needed in [
            language.as_str(),
            "name=\"color-scheme\" content=\"light dark\"",
            "prefers-color-scheme: dark",
            "width=device-width",
            "display: none",
        ] {
            assert!(letter.html.contains(needed), "{name}: {needed}");
        }
        let tables = letter.html.matches("<table").count();
        assert_eq!(letter.html.matches(" role=\"presentation\"").count(), tables, "{name}: a table speaks");
        assert!(!letter.text.contains(['<', '>']), "{name}: markup in the text");
        assert!(!letter.text.contains("\n\n\n"), "{name}: a gap in the text");
        for line in letter.text.lines() {
            assert!(line.chars().count() <= 72 || line.starts_with("https:"), "{name}: {line}");
        }
    }
}

#[test]
fn every_link_stands_alone_on_its_line_of_text() {
    for Shown { folder: name, letter, .. } in samples(&Templates::embedded(brand()).unwrap()) {
        for line in letter.text.lines().filter(|line| line.contains("https:")) {
            assert!(line.starts_with("https:") && !line.contains(' '), "{name}: {line}");
        }
    }
}

/// A sample has all that may be given; this takes away all that may be left out.
#[test]
fn every_template_does_without_its_optional_variables_and_without_a_brand() {
    let templates = Templates::embedded(Brand::default()).unwrap();
    for (name, optional) in OPTIONAL {
        let name = TemplateName::parse(name).unwrap();
        let sample = templates.sample(&name).unwrap();
        let without: Data = sample.clone().into_iter().filter(|(key, _)| !optional.contains(&key.as_str())).collect();
        assert_eq!(without.len() + optional.len(), sample.len());
        let letter = templates.render(&name, None, &without).unwrap();
        let greeting = letter.text.lines().next().unwrap();
        assert!(["Hello,", "Hi,"].contains(&greeting), "{}", letter.text);
        assert!(!letter.text.contains("\n\n\n"), "{}", letter.text);
        assert!(letter.text.contains("\n-- \nYou received"), "{}", letter.text);
    }
}

/// A sentence that two portals have in common was copied, and speaks in the wrong one's voice.
#[test]
fn no_portal_says_what_another_says() {
    let mut said: BTreeMap<String, String> = BTreeMap::new();
    for Shown { name, letter, .. } in samples(&Templates::embedded(brand()).unwrap()) {
        let Some((portal, _)) = name.as_str().split_once('/') else { continue };
        for sentence in sentences(&letter) {
            let other = said.entry(sentence.clone()).or_insert_with(|| portal.to_owned());
            assert_eq!(other, portal, "{name}: {sentence}");
        }
    }
    assert!(said.len() > 50, "only {} sentences were compared", said.len());
}

/// The subject and what the text part says in its own words: no greeting, no facts, no
/// signature of the brand.
fn sentences(letter: &Rendered) -> Vec<String> {
    let words = letter.text.split("\nExample Ltd").next().unwrap();
    let paragraphs = words.split("\n\n").skip(1).filter(|p| !p.starts_with([' ', 'h']));
    let own = paragraphs.flat_map(|p| {
        let line = p.replace("-- \nExample\n", "").replace('\n', " ");
        line.split_inclusive(['.', ':', '?']).map(|s| s.trim().to_owned()).collect::<Vec<_>>()
    });
    own.chain([letter.subject.clone()]).filter(|s| !s.is_empty()).collect()
}

#[test]
fn a_code_is_in_both_bodies_and_never_in_subject_or_preheader() {
    let templates = Templates::embedded(brand()).unwrap();
    for name in ["admin/tfa", "verification-code"] {
        let name = TemplateName::parse(name).unwrap();
        let letter = templates.render(&name, None, &templates.sample(&name).unwrap()).unwrap();
        assert!(!letter.subject.contains("042137"), "{name}");
        assert_eq!(letter.html.matches("042137").count(), 1, "{name}");
        assert_eq!(letter.text.matches("042137").count(), 1, "{name}");
        let preheader = letter.html.split("<div class=\"preheader\"").nth(1).unwrap().split("</div>").next().unwrap();
        assert!(preheader.contains("10 minutes") && !preheader.contains("042137"), "{name}");
    }
}

#[test]
fn the_version_is_short_and_the_same_for_the_same_files() {
    let (first, second) = (Templates::embedded(brand()).unwrap(), Templates::embedded(Brand::default()).unwrap());
    let versions = |templates: &Templates| samples(templates).into_iter().map(|s| s.letter.version).collect::<Vec<_>>();
    assert_eq!(versions(&first), versions(&second));
    for version in versions(&first) {
        assert!(version.len() == 16 && version.bytes().all(|b| b.is_ascii_hexdigit()), "{version}");
    }
}
