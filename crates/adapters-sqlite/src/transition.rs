//! What happened to a letter, put on record: the one place that writes a status after a claim.

use postroom_domain::failure::Code;
use postroom_domain::id::{DeliveryId, LeaseToken, ProviderMessageId, TransportName, Workflow};
use postroom_domain::lifecycle::{Context, DeliveryState, Event, Transition, apply};
use postroom_domain::policy::WorkflowPolicy;
use postroom_domain::retry::{Jitter, RetryPolicy};
use postroom_domain::time::Timestamp;
use postroom_ports::error::PortError;
use postroom_ports::queue::Committed;
use serde_json::{Map, Value};
use sqlx::SqliteConnection;

use crate::error::failed;
use crate::row::{Place, StateRow};
use crate::store::micros;

/// A decision, and what is known beside it.
#[derive(Clone, Copy)]
pub(crate) struct Outcome<'a> {
    pub(crate) transition: &'a Transition,
    pub(crate) transport: Option<&'a TransportName>,
    pub(crate) receipt: Option<&'a ProviderMessageId>,
    /// The claim that ends with it, where one does.
    pub(crate) claim: Option<LeaseToken>,
    /// What the event remembers beside transport and receipt.
    pub(crate) payload: &'a Value,
}

impl<'a> Outcome<'a> {
    /// A decision beside which nothing is known.
    pub(crate) const fn plain(transition: &'a Transition) -> Self {
        Self { transition, transport: None, receipt: None, claim: None, payload: &Value::Null }
    }

    fn event(&self) -> String {
        let mut fields = object(self.payload);
        if let Some(transport) = self.transport {
            fields.insert("transport".to_owned(), Value::from(transport.as_str()));
        }
        if let Some(receipt) = self.receipt {
            fields.insert("receipt".to_owned(), Value::from(receipt.as_str()));
        }
        Value::Object(fields).to_string()
    }
}

/// The fields of a payload; anything but an object has none.
pub(crate) fn object(payload: &Value) -> Map<String, Value> {
    payload.as_object().cloned().unwrap_or_default()
}

/// Writes the letter as it is after the transition. The guard of the database refuses what the
/// lifecycle does; its triggers write the event and let the outbox follow.
pub(crate) async fn write(connection: &mut SqliteConnection, seq: i64, outcome: Outcome<'_>) -> sqlx::Result<()> {
    let Transition { next, due_in, code, detail, .. } = outcome.transition;
    sqlx::query_file!(
        "queries/deliveries/settle.sql",
        seq,
        next.status.as_str(),
        next.excused,
        next.crashes,
        next.feedback.as_str(),
        next.age_from.as_micros(),
        due_in.map(micros),
        code.as_ref().map(Code::as_str),
        detail.as_str(),
        outcome.transport.map(TransportName::as_str),
        outcome.receipt.map(ProviderMessageId::as_str),
        outcome.event(),
        outcome.claim.map(LeaseToken::as_uuid),
    )
    .execute(connection)
    .await
    .map(drop)
}

/// What the domain makes of an event that no policy has a say in: a request, an expiry, a
/// report. `None` where it refuses.
pub(crate) fn decide(state: &DeliveryState, event: &Event, now: Timestamp) -> Option<Transition> {
    let policy = WorkflowPolicy::with_retry(RetryPolicy::standard());
    apply(state, event, &Context { now, policy: &policy, jitter: Jitter::NONE }).ok()
}

/// A letter as it stands.
pub(crate) struct Stored {
    pub(crate) seq: i64,
    pub(crate) delivery_id: DeliveryId,
    pub(crate) workflow: Workflow,
    pub(crate) state: DeliveryState,
}

impl Stored {
    /// What those hear of it who want to.
    pub(crate) fn committed(self, transition: Transition) -> Box<Committed> {
        Box::new(Committed { delivery_id: self.delivery_id, workflow: self.workflow, transition })
    }
}

/// A letter by its id; `None` where there is none.
pub(crate) async fn stored(
    connection: &mut SqliteConnection,
    operation: &'static str,
    id: &DeliveryId,
) -> Result<Option<Stored>, PortError> {
    let row = sqlx::query_file_as!(StateRow, "queries/deliveries/state.sql", id.as_str())
        .fetch_optional(connection)
        .await
        .map_err(failed(operation))?;
    let at = Place { operation, table: "deliveries", row: id.as_str() };
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Stored {
        seq: row.seq,
        delivery_id: id.clone(),
        state: row.decode(at)?,
        workflow: at.parsed("workflow", Workflow::parse(row.workflow))?,
    }))
}
