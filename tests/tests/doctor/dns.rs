//! Senders whom nobody should believe.

use anyhow::Result;
use postroom_tests::{Postroom, Zone};

use crate::{Diagnosis, doctor};

const DOMAIN: &str = "example.org";

async fn asked(zone: Zone, selector: &str, status: i32) -> Result<Diagnosis> {
    let resolver = zone.serve().await?.to_string();
    let words = ["--only", "dns", "--sender-domain", DOMAIN, "--dkim-selector", selector, "--resolver", &resolver];
    doctor(&Postroom::new()?, &words, status).await
}

fn with_spf(record: &str) -> Zone {
    let zone = Zone::in_order(DOMAIN).without(DOMAIN).mx(DOMAIN, 10, "mail.example.net");
    if record.is_empty() { zone } else { zone.txt(DOMAIN, record) }
}

#[tokio::test]
async fn senders_that_nobody_vouches_for_are_named() -> Result<()> {
    asked(with_spf(""), "s1", 1).await?.names("dns.spf", "error", "no SPF record");
    let two = with_spf("v=spf1 -all").txt(DOMAIN, "v=spf1 ~all");
    asked(two, "s1", 1).await?.names("dns.spf", "error", "2 SPF records");
    asked(with_spf("v=spf1 +all"), "s1", 1).await?.names("dns.spf", "error", "+all");
    asked(with_spf("v=spf1 ip4:192.0.2.1"), "s1", 0).await?.names("dns.spf", "warning", "no all");
    asked(with_spf("v=spf1 include:gone.example -all"), "s1", 1).await?.names(
        "dns.spf",
        "error",
        "include:gone.example",
    );
    let many = " a:host.example.net".repeat(11);
    asked(with_spf(&format!("v=spf1{many} -all")), "s1", 1).await?.names("dns.spf", "error", "more than 10");
    Ok(())
}

#[tokio::test]
async fn the_look_ups_of_what_is_included_count() -> Result<()> {
    let nested = " mx:host.example.net".repeat(6);
    let zone = with_spf("v=spf1 include:one.example include:two.example -all")
        .txt("one.example", &format!("v=spf1{nested} -all"))
        .txt("two.example", &format!("v=spf1{nested} -all"));
    asked(zone, "s1", 1).await?.names("dns.spf", "error", "more than 10");
    Ok(())
}

#[tokio::test]
async fn keys_and_policies_that_are_missing_or_malformed_are_named() -> Result<()> {
    let good = || Zone::in_order(DOMAIN);
    asked(good(), "s2", 1).await?.names("dns.dkim", "error", "s2._domainkey.example.org");
    let policy = format!("_dmarc.{DOMAIN}");
    let malformed = good().without(&policy).txt(&policy, "v=DMARC1; p=perhaps");
    asked(malformed, "s1", 1).await?.names("dns.dmarc", "error", "malformed");
    let idle = good().without(&policy).txt(&policy, "v=DMARC1; p=none");
    asked(idle, "s1", 0).await?.names("dns.dmarc", "warning", "none");
    asked(good().without(&policy), "s1", 0).await?.names("dns.dmarc", "warning", "no DMARC record");
    Ok(())
}

#[tokio::test]
async fn a_sender_that_takes_no_letters_is_named() -> Result<()> {
    let null = with_spf("v=spf1 -all").without(DOMAIN).txt(DOMAIN, "v=spf1 -all").mx(DOMAIN, 0, "");
    asked(null, "s1", 1).await?.names("dns.mx", "error", "null MX");
    let none = with_spf("v=spf1 -all").without(DOMAIN).txt(DOMAIN, "v=spf1 -all");
    asked(none, "s1", 1).await?.names("dns.mx", "error", "neither MX nor address");
    Ok(())
}

#[tokio::test]
async fn a_policy_of_the_organization_holds_for_the_domains_below() -> Result<()> {
    let zone = Zone::in_order("mail.example.org").without("_dmarc.mail.example.org");
    let zone = zone.txt("_dmarc.example.org", "v=DMARC1; p=reject");
    let resolver = zone.serve().await?.to_string();
    let words =
        ["--only", "dns", "--sender-domain", "mail.example.org", "--dkim-selector", "s1", "--resolver", &resolver];
    doctor(&Postroom::new()?, &words, 0).await?.names("dns.dmarc", "ok", "_dmarc.example.org");
    Ok(())
}

#[tokio::test]
async fn without_a_resolver_the_dns_could_not_be_asked_and_that_is_no_error() -> Result<()> {
    // Port 1 is nobody's.
    let words = ["--only", "dns", "--sender-domain", DOMAIN, "--resolver", "127.0.0.1:1"];
    doctor(&Postroom::new()?, &words, 0).await?.names("dns.dns", "warning", "could not be asked");
    Ok(())
}
