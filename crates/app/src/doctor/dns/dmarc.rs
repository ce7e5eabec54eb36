//! What receivers shall do with a letter that nobody vouches for (RFC 7489).

use postroom_ports::probe::Finding;

use super::{Names, Unanswered};

const CHECK: &str = "dmarc";

pub(super) async fn look(names: &dyn Names, domain: &str) -> Result<Vec<Finding>, Unanswered> {
    // The sender's own domain first, then those above it: the record of an organization holds for all below.
    let mut at = Some(domain);
    while let Some(name) = at {
        let name = format!("_dmarc.{name}");
        let texts = names.txt(&name).await?;
        if !texts.is_empty() {
            return Ok(vec![judge(&name, &texts)]);
        }
        at = at.and_then(|name| name.split_once('.')).map(|(_, above)| above).filter(|above| above.contains('.'));
    }
    let fix =
        format!("publish a TXT record at _dmarc.{domain}, such as \"v=DMARC1; p=none; rua=mailto:REPORTS@{domain}\"");
    let says = "there is no DMARC record, and large receivers ask for one";
    Ok(vec![Finding::warning(CHECK, domain, says, fix)])
}

fn judge(name: &str, texts: &[String]) -> Finding {
    let fix = "write one record such as \"v=DMARC1; p=quarantine; rua=mailto:REPORTS@YOUR.DOMAIN\"";
    let malformed = |says: &str| Finding::error(CHECK, name, format!("the record is malformed: {says}"), fix);
    let records: Vec<&String> = texts.iter().filter(|text| version(text).is_some()).collect();
    let record = match records.as_slice() {
        [] => return malformed("it does not begin with v=DMARC1"),
        [record] => record,
        _ => return Finding::error(CHECK, name, "there are several records, and receivers then believe none", fix),
    };
    let mut policy = None;
    for pair in record.split(';').map(str::trim).filter(|pair| !pair.is_empty()) {
        let Some((tag, value)) = pair.split_once('=') else {
            return malformed("a part of it has no =");
        };
        match (tag.trim().to_ascii_lowercase().as_str(), value.trim().to_ascii_lowercase()) {
            ("p", value) => policy = Some(value),
            ("pct", value) if value.parse::<u8>().is_ok_and(|percent| percent <= 100) => {}
            ("pct", _) => return malformed("pct is no number from 0 to 100"),
            _ => {}
        }
    }
    match policy.as_deref() {
        Some("reject" | "quarantine") => Finding::ok(CHECK, name, "letters that nobody vouches for are held back"),
        Some("none") => {
            let says = "its policy is none, so anybody's letters in your name arrive like yours";
            Finding::warning(CHECK, name, says, "read the reports for some weeks, then set p=quarantine and p=reject")
        }
        Some(_) => malformed("p is none of none, quarantine and reject"),
        None => malformed("it has no p="),
    }
}

fn version(text: &str) -> Option<()> {
    let (tag, value) = text.split(';').next()?.split_once('=')?;
    (tag.trim() == "v" && value.trim() == "DMARC1").then_some(())
}

#[cfg(test)]
mod tests {
    use postroom_ports::probe::Severity;

    use super::*;

    #[test]
    fn policies_are_judged_by_their_record() {
        let table: [(&[&str], Severity, &str); 10] = [
            (&["v=DMARC1; p=reject"], Severity::Ok, "held back"),
            (&["v=DMARC1;p=quarantine;pct=50;"], Severity::Ok, "held back"),
            (&["v=DMARC1; p=none; rua=mailto:reports@example.org"], Severity::Warning, "none"),
            (&["v=DMARC1; p=maybe"], Severity::Error, "malformed"),
            (&["v=DMARC1; rua=mailto:reports@example.org"], Severity::Error, "no p="),
            (&["v=DMARC1; p=reject; pct=all"], Severity::Error, "pct"),
            (&["v=DMARC1; p=reject; sp"], Severity::Error, "no ="),
            (&["p=reject; v=DMARC1"], Severity::Error, "begin"),
            (&["v=dmarc1; p=reject"], Severity::Error, "begin"),
            (&["v=DMARC1; p=reject", "v=DMARC1; p=none"], Severity::Error, "several"),
        ];
        for (texts, severity, words) in table {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            let found = judge("_dmarc.example.org", &texts);
            assert_eq!(found.severity, severity, "{texts:?}");
            assert!(found.says.contains(words), "{texts:?}: {}", found.says);
        }
    }
}
