//! Transitions, as they are written.

use std::collections::HashSet;

use jiff_sqlx::Timestamp as Stored;
use postroom_domain::lifecycle::Transition;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::row::{micros, stored};
use crate::session::Session;

/// One transition of one letter.
#[derive(Debug)]
pub(crate) struct Write<'a> {
    /// The letter's short key.
    pub(crate) seq: i64,
    /// The fence of the claim; `None` where the caller holds the lock of the record.
    pub(crate) token: Option<Uuid>,
    /// What the domain decided.
    pub(crate) transition: &'a Transition,
    /// Which transport answered.
    pub(crate) transport: Option<&'a str>,
    /// What the provider calls the letter.
    pub(crate) receipt: Option<&'a str>,
    /// What else the event remembers.
    pub(crate) payload: Option<&'a Value>,
}

impl<'a> Write<'a> {
    /// A transition that no transport had a part in.
    pub(crate) const fn of(seq: i64, transition: &'a Transition) -> Self {
        Self { seq, token: None, transition, transport: None, receipt: None, payload: None }
    }

    /// What its event remembers, with transport and receipt.
    fn event(&self) -> Value {
        let mut event = match self.payload {
            Some(Value::Object(fields)) => fields.clone(),
            _ => Map::new(),
        };
        for (name, value) in [("transport", self.transport), ("receipt", self.receipt)] {
            if let Some(value) = value {
                event.insert(name.to_owned(), Value::from(value));
            }
        }
        Value::Object(event)
    }
}

/// A settlement as it is known again: the letter, the claim that it ended, the status it led to.
pub(crate) type End = (i64, Uuid, String);

impl Write<'_> {
    /// What this is known by once it is committed; `None` where no claim ends with it.
    pub(crate) fn end(&self) -> Option<End> {
        Some((self.seq, self.token?, self.transition.next.status.as_str().to_owned()))
    }
}

/// Which of `ends` are on record.
pub(crate) async fn settled(session: Session<'_>, ends: Vec<End>) -> sqlx::Result<HashSet<End>> {
    let (mut seqs, mut tokens, mut statuses) = (Vec::new(), Vec::new(), Vec::new());
    for (seq, token, status) in ends {
        seqs.push(seq);
        tokens.push(token);
        statuses.push(status);
    }
    let known =
        sqlx::query_file!("queries/deliveries/settled.sql", &seqs, &tokens, &statuses).fetch_all(session).await?;
    Ok(known.into_iter().map(|row| (row.seq, row.token, row.status)).collect())
}

/// Writes transitions, each on its own account, and says which letters moved, by their keys and fences. Of several for
/// one claim, the first counts.
pub(crate) async fn commit(session: Session<'_>, writes: &[Write<'_>]) -> sqlx::Result<HashSet<(i64, Option<Uuid>)>> {
    let mut seen = HashSet::new();
    let writes: Vec<&Write<'_>> = writes.iter().filter(|write| seen.insert((write.seq, write.token))).collect();
    if writes.is_empty() {
        return Ok(HashSet::new());
    }
    let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let seqs: Vec<i64> = writes.iter().map(|w| w.seq).collect();
    let tokens: Vec<Option<Uuid>> = writes.iter().map(|w| w.token).collect();
    let statuses: Vec<&str> = writes.iter().map(|w| w.transition.next.status.as_str()).collect();
    let excused: Vec<i32> = writes.iter().map(|w| number(w.transition.next.excused)).collect();
    let crashes: Vec<i32> = writes.iter().map(|w| number(w.transition.next.crashes)).collect();
    let feedback: Vec<&str> = writes.iter().map(|w| w.transition.next.feedback.as_str()).collect();
    let age_from: Vec<Stored> = writes.iter().map(|w| stored(w.transition.next.age_from)).collect();
    let due_in: Vec<Option<i64>> = writes.iter().map(|w| w.transition.due_in.map(micros)).collect();
    let codes: Vec<Option<&str>> =
        writes.iter().map(|w| w.transition.code.as_ref().map(postroom_domain::failure::Code::as_str)).collect();
    let details: Vec<&str> = writes.iter().map(|w| w.transition.detail.as_str()).collect();
    let transports: Vec<Option<&str>> = writes.iter().map(|w| w.transport).collect();
    let receipts: Vec<Option<&str>> = writes.iter().map(|w| w.receipt).collect();
    let events: Vec<Value> = writes.iter().map(|w| w.event()).collect();
    let stages: Vec<&str> = writes.iter().map(|w| w.transition.next.stage.as_str()).collect();
    let moved = sqlx::query_file!(
        "queries/deliveries/commit.sql",
        &seqs,
        &tokens as &[Option<Uuid>],
        &statuses as &[&str],
        &excused,
        &crashes,
        &feedback as &[&str],
        &age_from as &[Stored],
        &due_in as &[Option<i64>],
        &codes as &[Option<&str>],
        &details as &[&str],
        &transports as &[Option<&str>],
        &receipts as &[Option<&str>],
        &events,
        &stages as &[&str],
    )
    .fetch_all(session)
    .await?;
    Ok(moved.into_iter().map(|row| (row.seq, row.token)).collect())
}
