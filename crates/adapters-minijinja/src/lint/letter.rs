//! What is asked of a letter once it is rendered.

use std::collections::BTreeSet;

use postroom_domain::locale::Locale;
use postroom_ports::template::Rendered;

use super::{Finding, Rule, Severity};
use crate::brand::Brand;
use crate::html::{Page, Tag};
use crate::languages::{HTML, SUBJECT, TEXT};
use crate::link;
use crate::templates::Sample;

/// Gmail shows no more of a letter, in bytes.
const CLIPPED_AT: usize = 102_000;
/// What most inboxes show of a subject, in characters.
const SEEN_OF_SUBJECT: usize = 60;
/// Elements that fetch, and that no mail client lets.
const REFUSED: [&str; 9] = ["script", "iframe", "object", "embed", "video", "audio", "link", "form", "base"];

/// One letter, as its sample makes it.
#[derive(Clone, Copy)]
pub(super) struct Letter<'a> {
    pub(super) sample: Sample<'a>,
    pub(super) words: &'a Rendered,
    pub(super) page: &'a Page,
    pub(super) brand: &'a Brand,
}

impl Letter<'_> {
    pub(super) fn findings(self) -> Vec<Finding> {
        [self.subject(), self.text(), self.size(), self.links(), self.same_links(), self.images(), self.language()]
            .concat()
    }

    fn finding(self, severity: Severity, rule: Rule, file: &str, message: impl Into<String>) -> Finding {
        Finding {
            template: Some(self.sample.name.to_string()),
            locale: self.sample.locale.cloned(),
            file: Some(format!("{}/{file}", self.sample.edition.folder)),
            severity,
            rule,
            message: message.into(),
        }
    }

    fn subject(self) -> Vec<Finding> {
        let length = self.words.subject.chars().count();
        let message = || {
            format!(
                "the subject has {length} characters, and inboxes show some {SEEN_OF_SUBJECT}; say the rest in the letter"
            )
        };
        let long = length > SEEN_OF_SUBJECT;
        long.then(|| self.finding(Severity::Warning, Rule::SubjectLength, SUBJECT, message())).into_iter().collect()
    }

    fn text(self) -> Vec<Finding> {
        // What follows "-- " is the signature (RFC 3676 §4.3).
        let words = self.words.text.split("\n-- \n").next().unwrap_or_default();
        let empty = words.trim().is_empty() || words.starts_with("-- \n");
        let message = "the text part says nothing; say there what the HTML part says";
        empty.then(|| self.finding(Severity::Error, Rule::EmptyText, TEXT, message)).into_iter().collect()
    }

    fn size(self) -> Vec<Finding> {
        let size = self.words.html.len();
        let message =
            || format!("the HTML part has {size} bytes, and Gmail clips a letter at {CLIPPED_AT}; shorten it");
        let clipped = size >= CLIPPED_AT;
        clipped.then(|| self.finding(Severity::Error, Rule::Size, HTML, message())).into_iter().collect()
    }

    fn links(self) -> Vec<Finding> {
        let own = self.targets().filter(|url| !self.brand.links_to(url));
        let judge = |url: &str| {
            if !link::is_safe(url) {
                let message = format!("'{url}' is no link for a letter; write an https:, http: or mailto: address");
                Some(self.finding(Severity::Error, Rule::Links, HTML, message))
            } else if link::is_plain_http(url) {
                let message = format!("'{url}' is http; use https, so that nobody on the way can read or change it");
                Some(self.finding(Severity::Warning, Rule::Links, HTML, message))
            } else {
                None
            }
        };
        own.collect::<BTreeSet<_>>().into_iter().filter_map(judge).collect()
    }

    /// Where the links of the HTML part lead.
    fn targets(&self) -> impl Iterator<Item = &str> {
        self.page.tags.iter().filter(|tag| ["a", "area"].contains(&tag.name.as_str())).filter_map(|tag| tag.get("href"))
    }

    fn same_links(self) -> Vec<Finding> {
        let html: BTreeSet<&str> = self.targets().filter(|url| link::is_safe(url)).map(address).collect();
        let text: BTreeSet<&str> = web_links(&self.words.text).collect();
        let unsaid = html.iter().filter(|url| !self.words.text.contains(**url)).map(|url| {
            let message = format!("does not say '{url}', so that whoever reads text cannot follow that link; add it");
            self.finding(Severity::Error, Rule::SameLinks, TEXT, message)
        });
        let alone = text.iter().filter(|url| !html.contains(**url)).map(|url| {
            let message = format!("does not link to '{url}', as the text part does; add it");
            self.finding(Severity::Error, Rule::SameLinks, HTML, message)
        });
        unsaid.chain(alone).collect()
    }

    fn images(self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for image in self.page.tags_of("img") {
            let source = image.get("src").unwrap_or_default();
            if image.get("alt").is_none() {
                let message =
                    format!("the image '{source}' has no alt text; say what it shows, or alt=\"\" for decoration");
                findings.push(self.finding(Severity::Error, Rule::Alt, HTML, message));
            }
            if is_remote(source) && self.brand.logo_url() != Some(source) {
                findings.push(self.fetches(&format!("the image '{source}'")));
            }
        }
        let refused = self.page.tags.iter().filter(|tag| REFUSED.contains(&tag.name.as_str()));
        findings.extend(refused.map(|tag| {
            let message = format!("<{}> is dropped by mail clients, or the whole letter is; do without", tag.name);
            self.finding(Severity::Error, Rule::RemoteAssets, HTML, message)
        }));
        let background = |tag: &Tag| tag.get("background").is_some_and(is_remote);
        let in_style = |tag: &Tag| tag.get("style").is_some_and(fetches);
        if fetches(&self.page.css) || self.page.tags.iter().any(|tag| background(tag) || in_style(tag)) {
            findings.push(self.fetches("a style"));
        }
        findings
    }

    fn fetches(self, what: &str) -> Finding {
        let message = format!(
            "{what} is fetched when the letter is read: many clients do not, and it tells who reads when; do without"
        );
        self.finding(Severity::Warning, Rule::RemoteAssets, HTML, message)
    }

    fn language(self) -> Vec<Finding> {
        let html = self.page.tags_of("html").next();
        let said = |name: &str| html.and_then(|tag| tag.get(name)).unwrap_or_default();
        let error = |message: String| vec![self.finding(Severity::Error, Rule::Language, HTML, message)];
        if said("lang").is_empty() || said("dir").is_empty() {
            return error(
                "<html> does not say lang and dir, which screen readers need; extend a layout that does".into(),
            );
        }
        let Some(locale) = self.sample.locale else { return Vec::new() };
        let wanted = (locale.as_str(), locale.direction().as_str());
        let found = Locale::parse(said("lang"));
        if found.as_ref().ok() != Some(locale) || said("dir") != wanted.1 {
            let (lang, dir) = wanted;
            return error(format!("<html> must say lang=\"{lang}\" dir=\"{dir}\": take letter.lang and letter.dir"));
        }
        Vec::new()
    }
}

/// What a text part says of a link.
fn address(url: &str) -> &str {
    url.strip_prefix("mailto:").unwrap_or(url)
}

/// The web links of a text part, each a word of its own.
fn web_links(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"'));
    let links = words.filter(|word| word.starts_with("https://") || word.starts_with("http://"));
    links.map(|word| word.trim_end_matches(['.', ',', ';', ':', ')', '!', '?']))
}

fn is_remote(source: &str) -> bool {
    !source.starts_with("cid:") && !source.starts_with("data:")
}

fn fetches(css: &str) -> bool {
    css.contains("url(") || css.contains("@import")
}
