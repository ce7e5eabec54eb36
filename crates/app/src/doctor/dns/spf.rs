//! Who may send for a domain (RFC 7208).

use std::collections::BTreeSet;

use postroom_ports::probe::Finding;

use super::{Envelope, Names, Sender, Unanswered};

const CHECK: &str = "spf";
/// RFC 7208 §4.6.4: more look-ups are an error for every receiver.
const LOOKUPS: usize = 10;

pub(super) async fn look(names: &dyn Names, sender: &Sender<'_>) -> Result<Vec<Finding>, Unanswered> {
    let domain = sender.domain;
    let records = records(&names.txt(domain).await?);
    let record = match records.as_slice() {
        [] => return Ok(vec![missing(sender)]),
        [record] => record,
        several => {
            let says = format!("there are {} SPF records, and receivers then believe none of them", several.len());
            return Ok(vec![Finding::error(
                CHECK,
                domain,
                says,
                "merge them into one TXT record that begins with v=spf1",
            )]);
        }
    };
    let mut findings = ends(domain, &Terms::read(record));
    let count = lookups(names, record).await?;
    if let Some(name) = count.without_record {
        let says = format!("it includes {name}, which has no SPF record, so the whole record is an error");
        findings.push(Finding::error(CHECK, domain, says, format!("remove include:{name}, or correct it")));
    }
    if count.lookups > LOOKUPS {
        let says = format!("it takes more than {LOOKUPS} look-ups, and receivers then call it an error");
        let fix = "remove includes that nobody sends by any more, or write addresses (ip4:, ip6:) instead";
        findings.push(Finding::error(CHECK, domain, says, fix));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, domain, format!("one record, {} of {LOOKUPS} look-ups", count.lookups)));
    }
    Ok(findings)
}

fn records(texts: &[String]) -> Vec<String> {
    let is_spf = |text: &&String| {
        let first = text.split(' ').next().unwrap_or_default();
        first.eq_ignore_ascii_case("v=spf1")
    };
    texts.iter().filter(is_spf).cloned().collect()
}

fn missing(sender: &Sender<'_>) -> Finding {
    match sender.envelope {
        Envelope::Ours => {
            let says = "there is no SPF record, so receivers do not know who may send for the domain";
            let fix = "publish a TXT record such as \"v=spf1 include:YOUR.PROVIDER -all\"; the provider says which";
            Finding::error(CHECK, sender.domain, says, fix)
        }
        Envelope::Providers => {
            let says = "there is no SPF record; the provider's own stands in the envelope, so letters go on passing";
            let fix = "publish \"v=spf1 include:mailgun.org ~all\" as Mailgun's control panel shows it";
            Finding::warning(CHECK, sender.domain, says, fix)
        }
    }
}

/// What becomes of everybody else.
fn ends(domain: &str, terms: &Terms) -> Vec<Finding> {
    let mut findings = Vec::new();
    match (terms.all, &terms.redirect) {
        (Some('+'), _) => {
            let says = "it ends in +all, so everybody may send for the domain";
            findings.push(Finding::error(CHECK, domain, says, "end it in -all, or in ~all at first"));
        }
        (Some('?'), _) => {
            let says = "it ends in ?all, which says nothing about everybody else";
            findings.push(Finding::warning(CHECK, domain, says, "end it in -all, or in ~all at first"));
        }
        (None, None) => {
            let says = "it has no all at its end, so it says nothing about everybody else";
            findings.push(Finding::warning(CHECK, domain, says, "end it in -all, or in ~all at first"));
        }
        _ => {}
    }
    if terms.has_ptr {
        let says = "it has ptr, which is slow and which receivers may ignore (RFC 7208 §5.5)";
        findings.push(Finding::warning(CHECK, domain, says, "write a, mx, ip4: or ip6: instead"));
    }
    findings
}

/// A record, as far as it matters here.
#[derive(Debug, Default, PartialEq, Eq)]
struct Terms {
    /// The qualifier of `all`.
    all: Option<char>,
    redirect: Option<String>,
    includes: Vec<String>,
    /// Terms other than includes and the redirect that take a look-up.
    others: usize,
    has_ptr: bool,
}

impl Terms {
    fn read(record: &str) -> Self {
        let mut terms = Self::default();
        for term in record.split_whitespace().skip(1) {
            let term = term.to_ascii_lowercase();
            let (qualifier, bare) = match term.strip_prefix(['+', '-', '~', '?']) {
                Some(bare) => (term.chars().next().unwrap_or('+'), bare),
                None => ('+', term.as_str()),
            };
            let name = bare.split([':', '/']).next().unwrap_or_default();
            match (name, bare.split_once(':'), bare.strip_prefix("redirect=")) {
                (_, _, Some(target)) => terms.redirect = Some(target.to_owned()),
                ("all", ..) => terms.all = terms.all.or(Some(qualifier)),
                ("include", Some((_, target)), _) => terms.includes.push(target.to_owned()),
                ("a" | "mx" | "exists", ..) => terms.others += 1,
                ("ptr", ..) => {
                    terms.others += 1;
                    terms.has_ptr = true;
                }
                _ => {}
            }
        }
        // Where there is an all, a redirect is not followed (RFC 7208 §6.1).
        terms.redirect = terms.redirect.filter(|_| terms.all.is_none());
        terms
    }
}

#[derive(Debug, Default)]
struct Count {
    lookups: usize,
    /// An include that leads nowhere.
    without_record: Option<String>,
}

/// Goes through everything that the record includes, until the limit is passed.
async fn lookups(names: &dyn Names, record: &str) -> Result<Count, Unanswered> {
    let mut count = Count::default();
    let mut seen = BTreeSet::new();
    let mut open = vec![Terms::read(record)];
    while let Some(terms) = open.pop() {
        count.lookups += terms.others;
        for target in terms.includes.into_iter().chain(terms.redirect) {
            count.lookups += 1;
            if count.lookups > LOOKUPS {
                return Ok(count);
            }
            // A macro is filled in by the receiver alone.
            if target.contains('%') || !seen.insert(target.clone()) {
                continue;
            }
            match records(&names.txt(&target).await?).first() {
                Some(record) => open.push(Terms::read(record)),
                None => count.without_record = Some(target),
            }
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_told_apart() {
        let terms =
            Terms::read("v=spf1 a mx:example.org/24 include:one.example -exists:%{i}.example ip4:192.0.2.1 ~all");
        let expected =
            Terms { all: Some('~'), includes: vec!["one.example".to_owned()], others: 3, ..Terms::default() };
        assert_eq!(terms, expected);
        assert_eq!(Terms::read("v=spf1 redirect=two.example").redirect.as_deref(), Some("two.example"));
        assert_eq!(Terms::read("v=spf1 redirect=two.example -all").redirect, None);
        assert_eq!(Terms::read("v=spf1 all").all, Some('+'));
    }

    #[test]
    fn only_what_begins_with_its_version_is_a_record() {
        let texts = ["v=spf1 -all", "V=SPF1 ~all", "v=spf10 -all", "google-site-verification=x"].map(str::to_owned);
        assert_eq!(records(&texts).len(), 2);
    }
}
