//! The events of a letter as they are on record, decided once more.
//!
//! From the events alone, [`Log::replay`] says what happened each time, asks the domain's `apply` what follows, and
//! compares that with what the store recorded: status, attempt and code of each event, and at the end everything that
//! the lifecycle knows of the letter.

use anyhow::{Context as _, Result, bail, ensure};
use postroom_domain::failure::{Code, Failure, FailureClass};
use postroom_domain::feedback::Feedback;
use postroom_domain::lifecycle::{Context, DeliveryState, Event, Evidence, Resolution, apply};
use postroom_domain::policy::WorkflowPolicy;
use postroom_domain::retry::Jitter;
use postroom_domain::status::{Stage, Status};
use postroom_domain::time::Timestamp;
use serde_json::Value;

use crate::store::Store;

/// One event, as it is on record.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The status after it.
    pub status: Status,
    /// The attempt that it belongs to.
    pub attempt: u32,
    /// Its code.
    pub code: Option<String>,
    /// What else it remembers.
    pub payload: Value,
}

/// All that PostgreSQL has on record of one letter's life.
#[derive(Clone, Debug)]
pub struct Log {
    /// Its events, in order.
    pub rows: Vec<Row>,
    /// How it stands.
    pub end: DeliveryState,
    /// How often its record was written since it was enqueued: once per event.
    pub revision: usize,
    /// What its workflow wanted.
    pub policy: WorkflowPolicy,
}

const RECORD: &str = "
    SELECT json_build_object(
        'end', json_build_object(
            'status', d.status, 'stage', d.stage, 'attempts', d.attempts, 'excused', d.excused, 'crashes', d.crashes,
            'feedback', d.feedback, 'max_attempts', d.max_attempts, 'age_from', 0, 'expires_at', NULL),
        'revision', d.revision,
        'rows', (SELECT json_agg(json_build_array(e.status, e.attempt, e.error_code, e.payload) ORDER BY e.id)
                   FROM delivery_events e WHERE e.delivery_id = d.delivery_id))::text
      FROM deliveries d
     WHERE d.delivery_id = $1";

impl Log {
    /// Reads what PostgreSQL has on record of a letter.
    ///
    /// # Errors
    /// There is no such letter, or its record cannot be read.
    pub async fn read(store: &Store, id: &str, policy: WorkflowPolicy) -> Result<Self> {
        let text = store.text(RECORD, id).await?.context("no such letter")?;
        let document: Value = serde_json::from_str(&text)?;
        let rows: Vec<(Status, u32, Option<String>, Value)> = serde_json::from_value(document["rows"].clone())?;
        let row = |(status, attempt, code, payload)| Row { status, attempt, code, payload };
        let end = serde_json::from_value(document["end"].clone())?;
        let revision = serde_json::from_value(document["revision"].clone())?;
        Ok(Self { rows: rows.into_iter().map(row).collect(), end, revision, policy })
    }

    /// Decides everything once more, from the events alone.
    ///
    /// # Errors
    /// What was recorded is not what the domain decides.
    pub fn replay(&self) -> Result<()> {
        ensure!(self.rows.len() == self.revision + 1, "{} events of {} writes", self.rows.len(), self.revision);
        let mut rows = self.rows.iter();
        let first = rows.next().context("no event at all")?;
        ensure!((first.status, first.attempt) == (Status::Queued, 0), "it does not begin as queued");
        let fresh = DeliveryState::queued(Timestamp::EPOCH);
        let mut state = DeliveryState { max_attempts: self.end.max_attempts, ..fresh };
        for (number, row) in rows.enumerate() {
            state = self.next(state, row).with_context(|| format!("event {}: {row:?}", number + 1))?;
        }
        ensure!(state == self.end, "the record says {:?} and the events come to {state:?}", self.end);
        Ok(())
    }

    fn next(&self, mut state: DeliveryState, row: &Row) -> Result<DeliveryState> {
        let event = what_happened(state.status, row)?;
        if was_handed_over(&event, row) {
            // *ready* leaves no event: that it was on record follows from what came after.
            state.stage = Stage::Handover;
        }
        let context = Context { now: Timestamp::EPOCH, policy: &self.policy, jitter: Jitter::NONE };
        let decided = apply(&state, &event, &context)?;
        let (status, code) = (decided.next.status, decided.code.as_ref().map(Code::as_str));
        ensure!(status == row.status, "{} makes it {status}, and it was recorded as {}", event.name(), row.status);
        ensure!(decided.next.attempts == row.attempt, "it is attempt {} by now", decided.next.attempts);
        ensure!(code == row.code.as_deref(), "the code of that is {code:?}");
        Ok(decided.next)
    }
}

fn was_handed_over(event: &Event, row: &Row) -> bool {
    match event {
        Event::Accepted | Event::Diverted(_) => true,
        Event::Failed(failure) => failure.class == FailureClass::InDoubt || row.payload.get("transport").is_some(),
        Event::LeaseLapsed => row.code.as_deref() == Some(Code::ANSWER_LOST),
        _ => false,
    }
}

/// What it was that left this event behind.
fn what_happened(before: Status, row: &Row) -> Result<Event> {
    if let Some(feedback) = row.payload.get("feedback") {
        return Ok(Event::Reported(serde_json::from_value::<Feedback>(feedback.clone())?));
    }
    if let Some(failure) = failure(row)? {
        // What names the way that is taken next was turned away from its own.
        let turned_away = row.payload.get("next").is_some();
        return Ok(if turned_away { Event::Diverted(failure) } else { Event::Failed(failure) });
    }
    Ok(match (before, row.status, row.code.as_deref()) {
        (_, Status::InProgress, None) => Event::Claimed,
        (Status::InProgress, Status::Sent, None) => Event::Accepted,
        (Status::InDoubt, Status::Sent, None) => Event::Reconciled(Evidence::Accepted),
        (Status::InDoubt, Status::InDoubt, Some(Code::ANSWER_LOST)) => Event::Postponed(std::time::Duration::ZERO),
        (Status::InDoubt, _, Some(Code::NOT_ACCEPTED)) => Event::Reconciled(Evidence::NotAccepted),
        (
            Status::InDoubt,
            _,
            Some(Code::RESENT | Code::HELD | Code::ASSUMED_SENT | Code::ANSWER_LOST | Code::POISON),
        ) => Event::Reconciled(Evidence::Unknown),
        (Status::InDoubt, status, Some(Code::RESOLVED)) => Event::Resolved(resolution(status)?),
        (Status::InProgress, _, Some(Code::LEASE_LAPSED | Code::ANSWER_LOST | Code::POISON)) => Event::LeaseLapsed,
        (_, _, Some(Code::GIVEN_BACK)) => Event::GivenBack,
        (_, _, Some(Code::CANCELLED)) => Event::Cancelled,
        (_, _, Some(Code::EXPIRED)) => Event::Expired,
        (_, _, Some(Code::HASTENED)) => Event::Hastened,
        (_, _, Some(Code::REDRIVEN)) => Event::Redriven,
        _ => bail!("nothing that can happen to a letter that is {before} leaves that behind"),
    })
}

fn resolution(status: Status) -> Result<Resolution> {
    match status {
        Status::Sent => Ok(Resolution::Sent),
        Status::Retrying => Ok(Resolution::Resend),
        Status::Failed => Ok(Resolution::GiveUp),
        _ => bail!("no decision of a person makes a letter {status}"),
    }
}

/// The failure that the event remembers, where it does.
fn failure(row: &Row) -> Result<Option<Failure>> {
    let Some(class) = row.payload.get("class") else { return Ok(None) };
    let class = match (class.as_str(), row.payload.get("scope").and_then(Value::as_str)) {
        (Some("deferred"), Some("letter")) => FailureClass::DEFERRED,
        (Some("deferred"), Some("provider")) => FailureClass::PROVIDER_DEFERRED,
        (Some("rejected"), None) => FailureClass::Rejected,
        (Some("misconfigured"), None) => FailureClass::Misconfigured,
        (Some("in_doubt"), None) => FailureClass::InDoubt,
        other => bail!("no failure has the class {other:?}"),
    };
    Ok(Some(Failure::new(class, row.code.as_deref().context("a failure without a code")?, "")))
}
