//! Changes that somebody asks for: the record is locked, the domain decides, the transition is written.

use std::collections::HashMap;

use postroom_domain::id::{Actor, DeliveryId, Workflow};
use postroom_domain::lifecycle::{Context, DeliveryState, Event, InvalidTransition, Transition, apply};
use postroom_domain::policy::WorkflowPolicy;
use postroom_domain::retry::{Jitter, RetryPolicy};
use postroom_domain::time::Timestamp;
use postroom_ports::error::PortError;
use postroom_ports::queue::{Changed, Committed, asked_by};

use crate::commit::{Write, commit};
use crate::error::port_error;
use crate::row::{StateColumns, Undecodable, time};
use crate::session::Session;

/// A delivery whose record this transaction has locked.
#[derive(Debug)]
pub(crate) struct Locked {
    pub(crate) seq: i64,
    pub(crate) workflow: Workflow,
    pub(crate) state: DeliveryState,
    pub(crate) has_content: bool,
    pub(crate) now: Timestamp,
}

impl Locked {
    /// What the domain makes of an event that no policy has a say in.
    pub(crate) fn decide(&self, event: &Event) -> Result<Transition, InvalidTransition> {
        let policy = WorkflowPolicy::with_retry(RetryPolicy::standard());
        apply(&self.state, event, &Context { now: self.now, policy: &policy, jitter: Jitter::NONE })
    }

    pub(crate) fn committed(&self, id: &DeliveryId, transition: Transition) -> Committed {
        Committed { delivery_id: id.clone(), workflow: self.workflow.clone(), transition }
    }
}

/// Locks deliveries, places in the queue first; unknown ids are missing from the answer.
pub(crate) async fn lock(
    session: Session<'_>,
    operation: &'static str,
    ids: &[DeliveryId],
) -> Result<HashMap<DeliveryId, Locked>, PortError> {
    let names: Vec<String> = ids.iter().map(|id| id.as_str().to_owned()).collect();
    let rows = sqlx::query_file!("queries/deliveries/lock.sql", &names).fetch_all(session).await;
    let mut locked = HashMap::new();
    for row in rows.map_err(port_error(operation))? {
        let columns = StateColumns {
            status: &row.status,
            stage: &row.stage,
            attempts: row.attempts,
            excused: row.excused,
            crashes: row.crashes,
            feedback: &row.feedback,
            max_attempts: row.max_attempts,
            age_from: row.age_from,
            expires_at: row.expires_at,
        };
        let corrupt = |Undecodable(column): Undecodable| PortError::corrupt(operation, "deliveries", column, row.seq);
        let found = Locked {
            seq: row.seq,
            workflow: Workflow::parse(row.workflow).map_err(|_| corrupt(Undecodable("workflow")))?,
            state: columns.decode().map_err(corrupt)?,
            has_content: row.has_content,
            now: time(row.now),
        };
        locked.insert(DeliveryId::parse(row.delivery_id).map_err(|_| corrupt(Undecodable("delivery_id")))?, found);
    }
    Ok(locked)
}

/// Brings `event` about for each of `ids` that allows it; one answer per id, in order, as if they came one after the
/// other.
pub(crate) async fn change(
    mut session: Session<'_>,
    operation: &'static str,
    ids: &[DeliveryId],
    event: &Event,
    by: Option<&Actor>,
) -> Result<Vec<Changed>, PortError> {
    let mut locked = lock(session.next(), operation, ids).await?;
    let (mut answers, mut moved) = (Vec::with_capacity(ids.len()), Vec::new());
    for id in ids {
        let Some(letter) = locked.get_mut(id) else {
            answers.push(Changed::Unknown);
            continue;
        };
        let answer = match letter.decide(event) {
            Err(_) => Changed::Not(letter.state.status),
            Ok(transition) if transition.next.status.is_waiting() && !letter.has_content => Changed::ContentGone,
            Ok(transition) => {
                letter.state = transition.next.clone();
                moved.push((letter.seq, transition.clone()));
                Changed::Done(Box::new(letter.committed(id, transition)))
            }
        };
        answers.push(answer);
    }
    let payload = asked_by(by);
    let writes: Vec<Write<'_>> = moved
        .iter()
        .map(|(seq, transition)| Write { payload: Some(&payload), ..Write::of(*seq, transition) })
        .collect();
    commit(session, &writes).await.map_err(port_error(operation))?;
    Ok(answers)
}
