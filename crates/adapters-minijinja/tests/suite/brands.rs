//! Whose letters they are: one portal's never carry anything of another's.

use postroom_adapters_minijinja::{Brand, Brands, Templates};
use postroom_domain::id::TemplateName;
use postroom_ports::template::TemplateRenderer;

use crate::folder::name;

/// Brands as a company with four portals has them, each as different as can be.
pub(crate) fn four_portals() -> Brands {
    let footer = "Example Ltd, 1 Sample Street, Sampletown";
    let named = |name: &str| Brand::default().with_name(name).and_then(|brand| brand.with_footer(footer)).unwrap();
    let linked = |brand: Brand, host: &str| {
        let brand = brand.with_link("Help", &format!("https://{host}.example.org/help")).unwrap();
        brand.with_link("Privacy", &format!("https://{host}.example.org/privacy")).unwrap()
    };
    let hub = named("Example Hub").with_accent("#0b6e4f").and_then(|b| b.with_background("#eef6f1")).unwrap();
    let org = named("Example for Employers").with_accent("#1f2a56").and_then(|b| b.with_background("#ffffff")).unwrap();
    let agency = named("Example Agencies").with_accent("#b3401f").and_then(|b| b.with_tone("plain")).unwrap();
    let admin = named("Example Admin").with_accent("#f2c230").and_then(|b| b.with_background("#20242c")).unwrap();
    Brands::from(linked(named("Example"), "www"))
        .with_portal("hub", linked(hub, "hub"))
        .with_portal("org", linked(org, "employers"))
        .with_portal("agency", linked(agency, "agencies"))
        .with_portal("admin", admin)
}

/// A brand whose every part bears `mark`, and the marks to look for.
fn marked(mark: &str, number: u8) -> (Brand, Vec<String>) {
    let (accent, background) = (format!("#0{number}0{number}f{number}"), format!("#f{number}fef{number}"));
    let brand = Brand::default()
        .with_name(&format!("{mark}-name"))
        .and_then(|brand| brand.with_accent(&accent))
        .and_then(|brand| brand.with_background(&background))
        .and_then(|brand| brand.with_logo(&format!("https://{mark}.example.org/logo.png"), &format!("{mark}-alt")))
        .and_then(|brand| brand.with_footer(&format!("{mark}-footer")))
        .and_then(|brand| brand.with_link(&format!("{mark}-label"), &format!("https://{mark}.example.org/link")))
        .unwrap();
    (brand, vec![mark.to_owned(), accent, background])
}

#[test]
fn no_letter_carries_anything_of_another_portals_brand() {
    let portals = ["all", "hub", "org", "agency"];
    let marks = |number: u8| marked(["xallx", "xhubx", "xorgx", "xagencyx"][usize::from(number)], number);
    let brands =
        (1..4).fold(Brands::from(marks(0).0), |brands, n| brands.with_portal(portals[usize::from(n)], marks(n).0));
    let templates = Templates::embedded(brands).unwrap();
    for listed in templates.list() {
        let own = listed.name.as_str().split_once('/').map_or("all", |(portal, _)| portal);
        // The portal without a brand of its own takes the one for all.
        let own = if portals.contains(&own) { own } else { "all" };
        for locale in std::iter::once(None).chain(listed.locales.iter().map(Some)) {
            let sample = templates.sample_in(&listed.name, locale).unwrap();
            let letter = templates.render(&listed.name, locale, &sample).unwrap();
            let all = [letter.subject, letter.html, letter.text].concat();
            for (n, portal) in (0..).zip(portals) {
                let (_, marks) = marks(n);
                if portal == own {
                    assert!(marks.iter().all(|mark| all.contains(mark)), "{}: {marks:?}", listed.name);
                } else {
                    assert!(!marks.iter().any(|mark| all.contains(mark)), "{}: {marks:?}", listed.name);
                }
            }
        }
    }
}

#[test]
fn a_portal_inherits_nothing_from_the_brand_of_all() {
    let (all, marks) = marked("xallx", 0);
    let templates = Templates::embedded(Brands::from(all).with_portal("hub", Brand::default())).unwrap();
    let hub = name("hub/welcome");
    let letter = templates.render(&hub, None, &templates.sample(&hub).unwrap()).unwrap();
    let everything = [letter.subject, letter.html, letter.text].concat();
    assert!(!marks.iter().any(|mark| everything.contains(mark)), "{everything}");
}

fn text(template: &TemplateName, brand: Brand) -> String {
    let templates = Templates::embedded(brand).unwrap();
    templates.render(template, None, &templates.sample(template).unwrap()).unwrap().text
}

#[test]
fn the_tone_is_heard_in_how_a_letter_opens_and_closes() {
    let toned = |tone: &str| Brand::default().with_name("Example").and_then(|brand| brand.with_tone(tone)).unwrap();
    for template in ["hub/welcome", "org/welcome", "agency/welcome", "admin/tfa", "invitation"] {
        let template = name(template);
        for (tone, opening, closing) in [
            ("plain", "Hello Sam,\n", None),
            ("friendly", "Hi Sam,\n", Some("\n\nTake care,\nthe Example team\n\n-- \n")),
            ("formal", "Dear Sam,\n", Some("\n\nKind regards,\nExample\n\n-- \n")),
        ] {
            let text = text(&template, toned(tone));
            assert!(text.starts_with(opening), "{template}: {text}");
            assert!(closing.is_none_or(|closing| text.contains(closing)), "{template}: {text}");
            let closings = ["Take care", "Kind regards"].into_iter().filter(|words| text.contains(words)).count();
            assert_eq!(closings, usize::from(closing.is_some()), "{template}: {text}");
        }
    }
    // Without a tone of its brand, a template keeps its own.
    for (template, opening) in [("hub/welcome", "Hi "), ("org/welcome", "Dear "), ("agency/welcome", "Hello ")] {
        assert!(text(&name(template), Brand::default()).starts_with(opening), "{template}");
    }
}

#[test]
fn a_logo_stands_for_the_name_and_says_what_it_shows() {
    let brand = Brand::default().with_name("Example").unwrap();
    let brand = brand.with_logo("https://static.example.org/logo.png?a=1&b=\"", "Example's");
    assert!(brand.is_err(), "a quote is no part of an address");
    let brand = Brand::default().with_name("Example").unwrap();
    let brand = brand.with_logo("https://static.example.org/logo.png?a=1&b=2", "The \"Example\" <Hub>").unwrap();
    let templates = Templates::embedded(brand).unwrap();
    let invitation = name("invitation");
    let letter = templates.render(&invitation, None, &templates.sample(&invitation).unwrap()).unwrap();
    assert!(letter.html.contains("src=\"https://static.example.org/logo.png?a=1&amp;b=2\""));
    assert!(letter.html.contains("alt=\"The &quot;Example&quot; <Hub>\""), "{}", letter.html);
    assert_eq!(letter.html.matches("<img ").count(), 1);
}
