//! What each workflow wants: retries, doubt, sender.

use std::collections::BTreeMap;

use postroom_domain::address::{EmailAddress, Mailbox};
use postroom_domain::id::{TenantId, Workflow};
use postroom_domain::invalid::Invalid;
use postroom_domain::policy::{InDoubtPolicy, WorkflowPolicy};
use postroom_domain::retry::{Backoff, RetryPolicy};

use super::Provider;
use super::reader::Reader;
use crate::mailroom::{WorkflowSettings, Workflows};

/// The default settings stand under `[defaults]` and `[sender]`, a workflow's own under
/// `[workflows.<name>]` and `[workflows.<name>.sender]`.
pub(super) fn read(reader: &mut Reader, held_tenants: &[TenantId], route: &[Provider]) -> Option<Workflows> {
    let base = WorkflowPolicy::with_retry(RetryPolicy::standard());
    let policy = policy(reader, "defaults", &base);
    let sender = default_sender(reader, route);
    let mut own = BTreeMap::new();
    for name in reader.names_below("workflows.") {
        let name = name.strip_suffix(".sender").unwrap_or(&name).to_owned();
        let path = format!("workflows.{name}");
        let settings = WorkflowSettings {
            policy: self::policy(reader, &path, &policy),
            sender: match self::sender(reader, &format!("{path}.sender"), "", "").or_else(|| sender.clone()) {
                Some(sender) => sender,
                None => continue,
            },
        };
        match Workflow::parse(name) {
            Ok(workflow) => {
                own.insert(workflow, settings);
            }
            Err(mistake) => reader.mistake(mistake.in_field(path)),
        }
    }
    Some(Workflows { default: WorkflowSettings { policy, sender: sender? }, own, held_tenants: held_tenants.to_vec() })
}

pub(super) fn held_tenants(reader: &mut Reader) -> Vec<TenantId> {
    let mut held = Vec::new();
    for name in reader.names_below("tenants.") {
        if reader.switch(&format!("tenants.{name}.enabled"), "") == super::Switch::Off {
            match TenantId::parse(name.clone()) {
                Ok(tenant) => held.push(tenant),
                Err(mistake) => reader.mistake(mistake.in_field(format!("tenants.{name}"))),
            }
        }
    }
    held
}

/// One sender for every provider of the route, because a letter's bytes are frozen before
/// anybody knows which of them will take it.
fn default_sender(reader: &mut Reader, route: &[Provider]) -> Option<Mailbox> {
    let smtp = sender(reader, "sender", "SMTP_FROM_ADDRESS", "SMTP_FROM_NAME");
    let mailgun = sender(reader, "sender", "MAILGUN_FROM_EMAIL", "MAILGUN_FROM_NAME");
    match (smtp, mailgun) {
        (Some(smtp), Some(mailgun)) if route.len() > 1 && smtp != mailgun => {
            let reason = "and SMTP_FROM_NAME differ from MAILGUN_FROM_EMAIL and MAILGUN_FROM_NAME; a letter has one sender, \
                          whichever provider takes it: make them equal";
            reader.mistake(Invalid::new("SMTP_FROM_ADDRESS", reason));
            None
        }
        (smtp, mailgun) if route.first() == Some(&Provider::Mailgun) => mailgun.or(smtp),
        (smtp, mailgun) => smtp.or(mailgun),
    }
}

fn sender(reader: &mut Reader, path: &str, address_variable: &str, name_variable: &str) -> Option<Mailbox> {
    let display = reader.named_text(&format!("{path}.name"), name_variable);
    let (name, address) = reader.named_text(&format!("{path}.address"), address_variable)?;
    let mailbox = EmailAddress::parse(address).map_err(|e| e.in_field(name)).and_then(|address| match display {
        None => Mailbox::new(None, address),
        Some((field, text)) => Mailbox::new(Some(&text), address).map_err(|e| e.in_field(field)),
    });
    match mailbox {
        Ok(mailbox) => Some(mailbox),
        Err(mistake) => {
            reader.mistake(mistake);
            None
        }
    }
}

fn policy(reader: &mut Reader, path: &str, base: &WorkflowPolicy) -> WorkflowPolicy {
    let variable = |name: &'static str| if path == "defaults" { name } else { "" };
    let in_doubt = match reader.named_text(&format!("{path}.in_doubt"), variable("POSTROOM_IN_DOUBT")) {
        None => base.in_doubt,
        Some((name, text)) => InDoubtPolicy::parse(&text).unwrap_or_else(|| {
            reader.mistake(Invalid::new(name, "must be resend, hold or assume_sent"));
            base.in_doubt
        }),
    };
    WorkflowPolicy {
        retry: retry(reader, path, base),
        in_doubt,
        max_crashes: reader.number(&format!("{path}.max_crashes"), "", 1..=100, base.max_crashes),
        provider_wait: reader.duration(
            &format!("{path}.provider_wait"),
            variable("POSTROOM_PROVIDER_WAIT"),
            base.provider_wait,
        ),
    }
}

/// A preset by name, and whatever is said beside it.
fn retry(reader: &mut Reader, path: &str, base: &WorkflowPolicy) -> RetryPolicy {
    let variable = |name: &'static str| if path == "defaults" { name } else { "" };
    let preset = match reader.named_text(&format!("{path}.retry"), variable("POSTROOM_RETRY")) {
        None => base.retry.clone(),
        Some((name, text)) => RetryPolicy::preset(&text).unwrap_or_else(|| {
            reader.mistake(Invalid::new(name, "must be standard, quarter-hour or three"));
            base.retry.clone()
        }),
    };
    let schedule = reader.durations(&format!("{path}.schedule"));
    let backoff = schedule.map_or_else(|| preset.backoff().clone(), Backoff::Schedule);
    let attempts = reader.number(
        &format!("{path}.max_attempts"),
        variable("POSTROOM_MAX_ATTEMPTS"),
        1..=1000,
        preset.max_attempts(),
    );
    let age = reader.duration(&format!("{path}.max_age"), variable("POSTROOM_MAX_AGE"), preset.max_age());
    RetryPolicy::new(backoff, attempts, age).unwrap_or_else(|mistake| {
        let field = format!("{path}.{}", mistake.field);
        reader.mistake(mistake.in_field(field));
        preset
    })
}
