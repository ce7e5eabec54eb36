//! The keys by which receivers check a signature (RFC 6376).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postroom_ports::probe::{Finding, SigningKey};

use super::{Names, Sender, Unanswered};

const CHECK: &str = "dkim";
/// An RSA key of 1024 bits is 162 bytes long as it is published; a shorter one is not believed (RFC 8301 §3.2).
const SHORTEST_RSA: usize = 160;

pub(super) async fn look(names: &dyn Names, sender: &Sender<'_>) -> Result<Vec<Finding>, Unanswered> {
    if sender.keys.is_empty() {
        let says = "nobody says by which selector letters are signed, so the key cannot be looked up";
        let fix = "give --dkim-selector, or set dns.dkim_selectors; the provider says which";
        return Ok(vec![Finding::warning(CHECK, sender.domain, says, fix)]);
    }
    let mut findings = Vec::new();
    for key in &sender.keys {
        let name = format!("{}._domainkey.{}", key.selector, key.domain);
        findings.push(judge(&name, key, &names.txt(&name).await?));
    }
    Ok(findings)
}

fn judge(name: &str, key: &SigningKey, texts: &[String]) -> Finding {
    let again = format!("publish the key of selector {} anew, as the provider shows it", key.selector);
    let record = match texts {
        [] => return Finding::error(CHECK, name, "there is no key, so no signature can be checked", again),
        [record] => record,
        _ => return Finding::error(CHECK, name, "there are several records, and receivers may take any", again),
    };
    let tag = |wanted: &str| {
        let pairs = record.split(';').filter_map(|pair| pair.split_once('='));
        let value = pairs.map(|(tag, value)| (tag.trim(), value)).find(|(tag, _)| *tag == wanted)?.1;
        Some(value.chars().filter(|c| !c.is_whitespace()).collect::<String>())
    };
    if tag("v").is_some_and(|version| version != "DKIM1") {
        return Finding::error(CHECK, name, "the record is no key: its version is not DKIM1", again);
    }
    let Some(public) = tag("p") else {
        return Finding::error(CHECK, name, "the record is no key: it has no p=", again);
    };
    if public.is_empty() {
        return Finding::error(CHECK, name, "the key was revoked (p= is empty)", again);
    }
    let Ok(bytes) = STANDARD.decode(public) else {
        return Finding::error(CHECK, name, "the key cannot be read: p= is not Base64", again);
    };
    if tag("k").is_none_or(|kind| kind == "rsa") && bytes.len() < SHORTEST_RSA {
        return Finding::error(
            CHECK,
            name,
            "the key is shorter than 1024 bits, and receivers do not believe it",
            again,
        );
    }
    if tag("t").is_some_and(|flags| flags.split(':').any(|flag| flag == "y")) {
        let says = "the key is marked as a test (t=y), so receivers may ignore it";
        return Finding::warning(CHECK, name, says, "remove t=y from the record");
    }
    Finding::ok(CHECK, name, "the key is there")
}

#[cfg(test)]
mod tests {
    use postroom_ports::probe::Severity;

    use super::*;

    #[test]
    fn keys_are_judged_by_their_record() {
        let long = STANDARD.encode([7; 294]);
        let key = SigningKey { selector: "s1".to_owned(), domain: "example.org".to_owned() };
        let table = [
            (vec![format!("v=DKIM1; k=rsa; p={long}")], Severity::Ok, "there"),
            (vec![format!("p={long}")], Severity::Ok, "there"),
            (vec![format!("v=DKIM1; k=ed25519; p={}", STANDARD.encode([7; 32]))], Severity::Ok, "there"),
            (vec![format!("v=DKIM1; t=y; p={long}")], Severity::Warning, "t=y"),
            (vec![], Severity::Error, "no key"),
            (vec![format!("v=DKIM1; p={long}"), "v=DKIM1; p=".to_owned()], Severity::Error, "several"),
            (vec!["v=DKIM1; p=".to_owned()], Severity::Error, "revoked"),
            (vec!["v=DKIM1; p=?".to_owned()], Severity::Error, "Base64"),
            (vec!["v=DKIM1; k=rsa".to_owned()], Severity::Error, "no p="),
            (vec![format!("v=DKIM1; p={}", STANDARD.encode([7; 90]))], Severity::Error, "1024"),
            (vec![format!("v=DMARC1; p={long}")], Severity::Error, "DKIM1"),
        ];
        for (texts, severity, words) in table {
            let found = judge("s1._domainkey.example.org", &key, &texts);
            assert_eq!(found.severity, severity, "{texts:?}");
            assert!(found.says.contains(words), "{texts:?}: {}", found.says);
        }
    }
}
