//! What PostgreSQL has on record after a life with every kind of trouble is what the domain decides, event by event;
//! and a record that somebody altered is found out.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use postroom_dev_inbox::{Act, Stage};
use postroom_domain::policy::{InDoubtPolicy, WorkflowPolicy};
use postroom_domain::retry::{Backoff, RetryPolicy};
use postroom_domain::status::{Stage as Progress, Status};
use postroom_tests::replay::Log;
use postroom_tests::{Kind, Room, Signal, invitation, until};
use serde_json::{Value, json};

/// Beside quick retries: a workflow of which a person decides in doubt, and one with a next attempt that comes late.
const WORKFLOWS: &str = "[workflows.held]\nin_doubt = \"hold\"\n[workflows.late]\nschedule = [\"0s\", \"1h\"]\n";

/// What the binary of these tests was told.
fn policy(workflow: &str) -> Result<WorkflowPolicy> {
    let waits = [0, 100].map(Duration::from_millis);
    let retry = RetryPolicy::new(Backoff::Schedule(waits.to_vec()), 5, Duration::from_hours(48))?;
    let in_doubt = if workflow == "held" { InDoubtPolicy::Hold } else { InDoubtPolicy::Resend };
    Ok(WorkflowPolicy { in_doubt, ..WorkflowPolicy::with_retry(retry) })
}

/// Letters by name: what their workflow is, and what the mail server says to them, each time.
fn cast() -> Vec<(&'static str, &'static str, Stage, Vec<Act>)> {
    let unheard = || vec![Act::AcceptThenClose];
    vec![
        ("plain", "invite", Stage::Rcpt, vec![]),
        ("greylisted", "invite", Stage::Rcpt, vec![Act::greylisted(), Act::greylisted()]),
        ("busy", "invite", Stage::Rcpt, vec![Act::shutting_down()]),
        ("refused", "invite", Stage::Rcpt, vec![Act::no_such_mailbox()]),
        ("exhausted", "invite", Stage::Rcpt, vec![Act::greylisted(); 5]),
        ("cancelled", "late", Stage::Rcpt, vec![Act::greylisted()]),
        ("hastened", "late", Stage::Rcpt, vec![Act::greylisted()]),
        ("doubtful", "invite", Stage::Body, unheard()),
        ("vouched", "held", Stage::Body, unheard()),
        ("again", "held", Stage::Body, unheard()),
        ("left", "held", Stage::Body, unheard()),
        ("orphan", "invite", Stage::Body, vec![Act::AcceptThenStall]),
    ]
}

fn letter(name: &str, workflow: &str) -> Value {
    let mut letter = invitation(&format!("{name}@example.org"));
    letter["workflow"] = json!(workflow);
    letter["delivery_id"] = json!(name);
    letter
}

/// Lives through all of it, and reads what is on record.
async fn recorded() -> Result<Vec<(&'static str, Log)>> {
    let room = Room::open(Kind::Postgres).await?.configured(WORKFLOWS)?;
    let cast = cast();
    for (name, _, stage, acts) in &cast {
        room.inbox.script().for_recipient(&format!("{name}@example.org"), *stage, acts.clone());
    }
    room.enqueue(&cast.iter().map(|(name, workflow, ..)| letter(name, workflow)).collect::<Vec<_>>()).await?;

    let mut first = room.worker().await?;
    for (name, status) in [("cancelled", "retrying"), ("hastened", "retrying"), ("refused", "failed")] {
        room.becomes(name, status).await?;
    }
    for name in ["vouched", "again", "left"] {
        room.comes_to(name, "HELD").await?;
    }
    room.becomes("exhausted", "dead_letter").await?;
    for name in ["plain", "greylisted", "busy", "doubtful"] {
        room.becomes(name, "sent").await?;
    }
    let stalled = || async {
        let letters = room.inbox.letters();
        let mut recipients = letters.iter().flat_map(|letter| &letter.recipients);
        Ok(recipients.any(|to| to.starts_with("orphan")).then_some(()))
    };
    until("the letter without an answer", stalled).await?;
    first.signal(Signal::Kill).await?;
    first.end().await?.expect(-1)?;

    let wishes: [&[&str]; 6] = [
        &["cancel", "cancelled"],
        &["retry", "hastened"],
        &["dead-letters", "redrive", "--all", "--with-failed", "--yes"],
        &["in-doubt", "resolve", "--sent", "vouched"],
        &["in-doubt", "resolve", "--resend", "again"],
        &["in-doubt", "resolve", "--give-up", "left"],
    ];
    for words in wishes {
        room.postroom.run(words).await?.expect(0)?;
    }
    let mut second = room.worker().await?;
    room.is_done().await?;
    second.finish().await?.expect(0)?;

    let mut logs = Vec::new();
    for (name, workflow, ..) in &cast {
        logs.push((*name, Log::read(&room.store, name, policy(workflow)?).await?));
    }
    Ok(logs)
}

/// Every alteration of a log, one at a time, with a name.
fn alterations(log: &Log) -> Vec<(String, Log)> {
    let mut altered = Vec::new();
    let mut alter = |what: String, change: &dyn Fn(&mut Log)| {
        let mut other = log.clone();
        change(&mut other);
        altered.push((what, other));
    };
    for at in 0..log.rows.len() {
        alter(format!("event {at} removed"), &|log| drop(log.rows.remove(at)));
        // What leaves a letter where it was is missed by the count alone.
        if at == 0 || log.rows[at].status != log.rows[at - 1].status {
            alter(format!("event {at} removed, and the count of writes with it"), &|log| {
                log.rows.remove(at);
                log.revision -= 1;
            });
        }
        alter(format!("event {at} doubled"), &|log| log.rows.insert(at, log.rows[at].clone()));
        alter(format!("event {at} counts one attempt more"), &|log| log.rows[at].attempt += 1);
        for status in Status::ALL.into_iter().filter(|status| *status != log.rows[at].status) {
            alter(format!("event {at} is {status}"), &|log| log.rows[at].status = status);
        }
        if at > 0 && log.rows[at] != log.rows[at - 1] {
            alter(format!("events {} and {at} swapped", at - 1), &|log| log.rows.swap(at - 1, at));
        }
    }
    alter("one attempt more".to_owned(), &|log| log.end.attempts += 1);
    alter("one attempt excused more".to_owned(), &|log| log.end.excused += 1);
    alter("one crash more".to_owned(), &|log| log.end.crashes += 1);
    alter("the other stage".to_owned(), &|log| {
        log.end.stage = if log.end.stage == Progress::Claimed { Progress::Handover } else { Progress::Claimed };
    });
    altered
}

#[tokio::test]
async fn what_is_on_record_is_what_the_domain_decides_and_nothing_else_is_believed() -> Result<()> {
    let logs = recorded().await?;
    let (mut events, mut cases) = (0, 0);
    for (name, log) in &logs {
        log.replay().with_context(|| format!("{name}: {:#?}", log.rows))?;
        events += log.rows.len();
        for (what, altered) in alterations(log) {
            cases += 1;
            ensure!(altered.replay().is_err(), "{name}: {what}, and nobody noticed: {:#?}", altered.rows);
        }
    }
    // What was to be lived through was lived through.
    let codes: Vec<&str> = logs.iter().flat_map(|(_, log)| &log.rows).filter_map(|row| row.code.as_deref()).collect();
    for code in ["RESENT", "HELD", "RESOLVED", "REDRIVEN", "HASTENED", "CANCELLED", "ANSWER_LOST"] {
        assert!(codes.contains(&code), "no event with {code}");
    }
    println!("{} letters, {events} events replayed; {cases} alterations rejected", logs.len());
    Ok(())
}
