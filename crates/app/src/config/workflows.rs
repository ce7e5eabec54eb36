//! What each workflow wants: retries, doubt, sender.

use std::collections::{BTreeMap, BTreeSet};

use postroom_domain::id::{TenantId, TransportName, Workflow};
use postroom_domain::invalid::Invalid;
use postroom_domain::locale::Locale;
use postroom_domain::policy::{InDoubtPolicy, WorkflowPolicy};
use postroom_domain::retry::{Backoff, RetryPolicy};

use super::reader::Reader;
use super::sender::{self, Senders};
use super::{Provider, Switch, route};
use crate::mailroom::{Languages, WorkflowSettings, Workflows};
use crate::unsubscribe::{OneClick, Unsubscribe};

/// Which providers there are, and which of them a workflow takes that does not say.
pub(super) struct Ways<'a> {
    pub(super) configured: &'a [Provider],
    pub(super) route: &'a [Provider],
}

/// The default settings stand under `[defaults]` and `[sender]`, a workflow's own under
/// `[workflows.<name>]` and `[workflows.<name>.sender]`.
pub(super) fn read(
    reader: &mut Reader,
    held_tenants: &[TenantId],
    ways: &Ways<'_>,
    languages: &Languages,
) -> Option<Workflows> {
    let base = WorkflowPolicy::with_retry(RetryPolicy::standard());
    let default_policy = policy(reader, "defaults", &base);
    let senders = Senders::read(reader);
    let default_sender = senders.of(reader, ways.route);
    let mut own = BTreeMap::new();
    for name in named(reader) {
        let path = format!("workflows.{name}");
        let policy = policy(reader, &path, &default_policy);
        let named = route::named(reader, &format!("{path}.transports"), "", ways.configured);
        let fallback = match &named {
            Some(route) => senders.of(reader, route),
            None => default_sender.clone(),
        };
        let sender = sender::read(reader, &format!("{path}.sender"), "", "").or(fallback);
        let unsubscribe = unsubscribe(reader, &path);
        let route = names(reader, named.as_deref().unwrap_or(ways.route));
        let Some(sender) = sender else { continue };
        match Workflow::parse(name) {
            Ok(workflow) => {
                let locale = languages.of(&workflow).cloned();
                own.insert(workflow, WorkflowSettings { policy, sender, route, locale, unsubscribe });
            }
            Err(mistake) => reader.mistake(mistake.in_field(path)),
        }
    }
    let route = names(reader, ways.route);
    let locale = languages.default.clone();
    let default = WorkflowSettings { route, locale, ..WorkflowSettings::new(default_policy, default_sender?) };
    Some(Workflows { default, own, held_tenants: held_tenants.to_vec() })
}

/// The workflows that have settings of their own.
fn named(reader: &Reader) -> BTreeSet<String> {
    let names = reader.names_below("workflows.");
    names.into_iter().map(|name| name.strip_suffix(".sender").unwrap_or(&name).to_owned()).collect()
}

/// The languages of letters, which a door needs to know even where nobody can send.
pub(super) fn languages(reader: &mut Reader) -> Languages {
    let default = locale(reader, "defaults");
    let mut own = BTreeMap::new();
    for name in named(reader) {
        let locale = locale(reader, &format!("workflows.{name}")).or_else(|| default.clone());
        own.extend(Workflow::parse(name).ok().map(|workflow| (workflow, locale)));
    }
    Languages { default, own }
}

fn locale(reader: &mut Reader, path: &str) -> Option<Locale> {
    let variable = if path == "defaults" { "POSTROOM_LOCALE" } else { "" };
    let (name, text) = reader.named_text(&format!("{path}.locale"), variable)?;
    Locale::parse(text).map_err(|mistake| reader.mistake(mistake.in_field(name))).ok()
}

fn names(reader: &mut Reader, route: &[Provider]) -> Vec<TransportName> {
    let mut names = Vec::with_capacity(route.len());
    for provider in route {
        match TransportName::parse(provider.as_str()) {
            Ok(name) => names.push(name),
            Err(mistake) => reader.mistake(mistake),
        }
    }
    names
}

fn unsubscribe(reader: &mut Reader, path: &str) -> Option<Unsubscribe> {
    let address = reader.text(&format!("{path}.unsubscribe"), "");
    let one_click = match reader.switch_or(&format!("{path}.unsubscribe_post"), "", Switch::Off) {
        Switch::On => OneClick::Yes,
        Switch::Off => OneClick::No,
    };
    let Some(address) = address else {
        if one_click == OneClick::Yes {
            let reason = "is on, but there is no address to post to; set unsubscribe, too";
            reader.mistake(Invalid::new(format!("{path}.unsubscribe_post"), reason));
        }
        return None;
    };
    Unsubscribe::new(&address, one_click)
        .map_err(|mistake| {
            let field = format!("{path}.{}", mistake.field);
            reader.mistake(mistake.in_field(field));
        })
        .ok()
}

pub(super) fn held_tenants(reader: &mut Reader) -> Vec<TenantId> {
    let mut held = Vec::new();
    for name in reader.names_below("tenants.") {
        if reader.switch(&format!("tenants.{name}.enabled"), "") == Switch::Off {
            match TenantId::parse(name.clone()) {
                Ok(tenant) => held.push(tenant),
                Err(mistake) => reader.mistake(mistake.in_field(format!("tenants.{name}"))),
            }
        }
    }
    held
}

fn policy(reader: &mut Reader, path: &str, base: &WorkflowPolicy) -> WorkflowPolicy {
    let variable = |name: &'static str| if path == "defaults" { name } else { "" };
    let in_doubt = match reader.named_text(&format!("{path}.in_doubt"), variable("POSTROOM_IN_DOUBT")) {
        None => {
            reader.by_default(&format!("{path}.in_doubt"), base.in_doubt.as_str());
            base.in_doubt
        }
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
        None => {
            reader.by_default(&format!("{path}.retry"), "standard");
            base.retry.clone()
        }
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
