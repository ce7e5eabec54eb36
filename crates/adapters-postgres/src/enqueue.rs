//! Letters in, through the one door of all doors.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postroom_domain::attachment::Attachment;
use postroom_domain::id::DeliveryId;
use postroom_domain::invalid::Invalid;
use postroom_domain::time::Timestamp;
use postroom_ports::error::{PortError, PortErrorKind};
use postroom_ports::letter::NewDelivery;
use postroom_ports::queue::Enqueued;
use serde_json::{Map, Value, json};
use sqlx::PgConnection;

use crate::error::port_error;
use crate::portion::portions;
use crate::row::stored;
use crate::session::Session;

const OPERATION: &str = "queue.enqueue";

/// Enqueues letters in the caller's own transaction: they are sent if and only if it commits. One answer per letter, in
/// order.
///
/// A refused letter stores nothing and leaves the transaction usable. Its structure is checked here (address, control
/// characters, sizes, header names, attachments); whether its template exists and has all it needs shows when it is rendered.
///
/// # Errors
/// Where the database does not answer or refuses; the transaction is then the caller's to roll back. Under REPEATABLE
/// READ and SERIALIZABLE that may be a `40001`, which [`sqlstate`](crate::sqlstate) tells: run the transaction again.
pub async fn enqueue_in(connection: &mut PgConnection, letters: &[NewDelivery]) -> Result<Vec<Enqueued>, PortError> {
    enqueue(Session::of(connection), &statements(letters)).await
}

/// The letters of each statement.
pub(crate) fn statements(letters: &[NewDelivery]) -> Vec<&[NewDelivery]> {
    portions(letters, |new| new.attachments.iter().map(|attachment| attachment.bytes().len()).sum())
}

pub(crate) async fn enqueue(
    mut session: Session<'_>,
    statements: &[&[NewDelivery]],
) -> Result<Vec<Enqueued>, PortError> {
    let mut answers = Vec::new();
    for letters in statements {
        answers.extend(enqueue_portion(session.next(), letters).await?);
    }
    Ok(answers)
}

async fn enqueue_portion(session: Session<'_>, letters: &[NewDelivery]) -> Result<Vec<Enqueued>, PortError> {
    // What the types cannot rule out is checked here, because a NUL inside the data would fail the whole statement.
    let checked: Vec<Result<(), Invalid>> = letters.iter().map(NewDelivery::check).collect();
    let good: Vec<Value> =
        letters.iter().zip(&checked).filter(|(_, check)| check.is_ok()).map(|(new, _)| to_json(new)).collect();
    let mut taken = Vec::new();
    if !good.is_empty() {
        let rows = sqlx::query_file!("queries/deliveries/enqueue.sql", Value::Array(good)).fetch_all(session).await;
        for row in rows.map_err(port_error(OPERATION))? {
            taken.push(answer(&row.outcome, row.delivery_id, row.field, row.reason)?);
        }
    }
    let mut taken = taken.into_iter();
    let missing = || PortError::new(PortErrorKind::Other, OPERATION, "a letter has no answer");
    checked
        .into_iter()
        .map(|check| match check {
            Ok(()) => taken.next().ok_or_else(missing),
            Err(invalid) => Ok(Enqueued::Refused(invalid)),
        })
        .collect()
}

fn answer(
    outcome: &str,
    delivery_id: Option<String>,
    field: Option<String>,
    reason: Option<String>,
) -> Result<Enqueued, PortError> {
    let corrupt = || PortError::corrupt(OPERATION, "idempotency", "delivery", "of a key");
    let id = || DeliveryId::parse(delivery_id.unwrap_or_default()).map_err(|_| corrupt());
    match outcome {
        "new" => Ok(Enqueued::New(id()?)),
        "existing" => Ok(Enqueued::Existing(id()?)),
        _ => Ok(Enqueued::Refused(Invalid::new(field.unwrap_or_default(), reason.unwrap_or_default()))),
    }
}

/// A letter as every surface spells it.
fn to_json(new: &NewDelivery) -> Value {
    let letter = &new.letter;
    let mut fields = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    let time = |time: Timestamp| Value::from(stored(time).to_jiff().to_string());
    put("delivery_id", Some(new.delivery_id.as_str().into()));
    put("workflow", Some(letter.workflow.as_str().into()));
    put("template", Some(letter.template.as_str().into()));
    put("recipient", Some(letter.recipient.address().as_str().into()));
    put("recipient_name", letter.recipient.name().map(Value::from));
    put("data", Some(Value::Object(letter.data.clone())));
    put("locale", letter.locale.as_ref().map(|locale| locale.as_str().into()));
    put("subject", letter.subject.as_ref().map(|subject| subject.as_str().into()));
    put("reply_to", letter.reply_to.as_ref().map(|address| address.as_str().into()));
    if !letter.headers.is_empty() {
        let headers = letter.headers.iter().map(|header| json!({"name": header.name(), "value": header.value()}));
        put("headers", Some(Value::Array(headers.collect())));
    }
    if !new.attachments.is_empty() {
        put("attachments", Some(new.attachments.iter().map(attachment).collect()));
    }
    put("tenant_id", letter.tenant_id.as_ref().map(|tenant| tenant.as_str().into()));
    put("source_type", letter.source_type.as_deref().map(Value::from));
    put("source_id", letter.source_id.as_deref().map(Value::from));
    put("priority", Some(letter.priority.get().into()));
    if !letter.metadata.is_empty() {
        put("metadata", Some(Value::Object(letter.metadata.clone())));
    }
    put("idempotency_key", new.idempotency_key.as_ref().map(|key| key.as_str().into()));
    put("due_at", new.due_at.map(time));
    put("expires_at", new.expires_at.map(time));
    put("max_attempts", new.max_attempts.map(|most| most.min(i32::MAX.unsigned_abs()).into()));
    Value::Object(fields)
}

fn attachment(attachment: &Attachment) -> Value {
    json!({
        "filename": attachment.filename(),
        "content_type": attachment.content_type(),
        "content_id": attachment.content_id(),
        "content": STANDARD.encode(attachment.bytes()),
    })
}
