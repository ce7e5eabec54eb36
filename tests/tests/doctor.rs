//! `postroom doctor` names what is wrong: each fault is put into real parts, and looked for by its name.
//!
//! `doctor/` holds the faults, part by part.

#[path = "doctor/configuration.rs"]
mod configuration;
#[path = "doctor/database.rs"]
mod database;
#[path = "doctor/dns.rs"]
mod dns;
#[path = "doctor/transports.rs"]
mod transports;

use anyhow::{Context, Result, ensure};
use postroom_tests::{Kind, Postroom, Room, Zone, on_both_stores};
use serde_json::Value;

/// What no output may hold; the tests use these wherever a secret is asked for.
const SECRETS: [&str; 2] = ["hunter2", "sesame-street"];

/// What the doctor found.
struct Diagnosis {
    findings: Vec<Value>,
    text: String,
}

/// Runs the doctor, and expects this exit status.
async fn doctor(postroom: &Postroom, words: &[&str], status: i32) -> Result<Diagnosis> {
    let done = postroom.run(&[&["doctor", "--json"], words].concat()).await?.expect(status)?;
    for secret in SECRETS {
        ensure!(
            !done.stdout.contains(secret) && !done.stderr.contains(secret),
            "a secret was repeated: {}",
            done.stdout
        );
    }
    let document = done.json()?;
    let findings = document["findings"].as_array().context("no findings")?.clone();
    for finding in &findings {
        let fine = finding["severity"] == "ok";
        ensure!(fine == finding["fix"].is_null(), "a fix is there where it is needed, and only there: {finding}");
    }
    Ok(Diagnosis { findings, text: done.stdout })
}

impl Diagnosis {
    /// Holds that a fault was named: by check and severity, with these words in what is said or to be done.
    fn names(&self, check: &str, severity: &str, words: &str) {
        let named = |finding: &Value| {
            finding["check"] == check && finding["severity"] == severity && finding.to_string().contains(words)
        };
        assert!(self.findings.iter().any(named), "{check} ({severity}, {words}) is not named in {:#?}", self.findings);
    }

    /// Holds that nothing is wrong with what was asked.
    fn is_healthy(&self) {
        let bad: Vec<&Value> = self.findings.iter().filter(|finding| finding["severity"] == "error").collect();
        assert!(bad.is_empty() && !self.findings.is_empty(), "{bad:#?}");
    }
}

on_both_stores![a_set_up_in_order_has_no_error];

async fn a_set_up_in_order_has_no_error(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    let resolver = Zone::in_order("example.org").serve().await?.to_string();
    let words = ["--resolver", &resolver, "--dkim-selector", "s1"];
    let found = doctor(&room.postroom, &words, 0).await?;
    found.is_healthy();
    for area in ["configuration", "database", "transports", "dns", "templates"] {
        assert!(found.text.contains(&format!("\"{area}.")), "{area} was not asked: {}", found.text);
    }
    for check in ["dns.spf", "dns.dkim", "dns.dmarc", "dns.mx", "transports.connect", "database.schema"] {
        found.names(check, "ok", "");
    }
    let people = room.postroom.run(&[&["doctor"], &words[..]].concat()).await?.expect(0)?;
    assert!(people.stdout.contains("0 errors"), "{}", people.stdout);
    assert_eq!(room.inbox.count(), 0, "a letter was sent");
    Ok(())
}

#[tokio::test]
async fn wrong_usage_is_another_exit_status() -> Result<()> {
    let postroom = Postroom::new()?;
    for words in [
        &["doctor", "--only", "horoscope"][..],
        &["doctor", "--resolver", "nowhere.example"],
        &["doctor", "--longest-transaction", "long"],
        &["doctor", "--sender-domain", "no domain"],
    ] {
        let done = postroom.run(words).await?.expect(2)?;
        assert!(!done.stderr.is_empty());
    }
    Ok(())
}
