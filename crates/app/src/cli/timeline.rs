//! A delivery and its events, for people and for scripts.

use postroom_domain::time::Timestamp;
use postroom_ports::tracker::{Delivery, DeliveryEvent};
use serde_json::{Value, json};

/// RFC 3339 in UTC, to the millisecond.
pub(super) fn time(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.as_micros())
        .map_or_else(|_| format!("{} µs", at.as_micros()), |time| time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
}

/// The same to the microsecond, which is as precise as a store is.
pub(super) fn precise_time(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.as_micros())
        .map_or_else(|_| format!("{} µs", at.as_micros()), |time| time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string())
}

/// Its time of day alone.
fn clock(at: Timestamp) -> String {
    let full = time(at);
    full.split_once('T').map_or(full.clone(), |(_, clock)| clock.trim_end_matches('Z').to_owned())
}

/// One line per event.
pub fn lines(events: &[DeliveryEvent]) -> Vec<String> {
    events.iter().map(event_line).collect()
}

fn event_line(event: &DeliveryEvent) -> String {
    let mut parts = vec![clock(event.created_at), format!("{:<11}", event.status.as_str())];
    if event.attempt > 0 {
        parts.push(format!("attempt {}", event.attempt));
    }
    parts.extend(event.error_code.as_ref().map(ToString::to_string));
    if !event.error_message.is_empty() {
        parts.push(event.error_message.to_string());
    }
    for name in ["transport", "feedback"] {
        parts.extend(event.payload.get(name).and_then(Value::as_str).map(|text| format!("({name} {text})")));
    }
    parts.join("  ").trim_end().to_owned()
}

/// A delivery with its events, for scripts.
pub(super) fn json(delivery: &Delivery, events: &[DeliveryEvent]) -> Value {
    let mut document = record(delivery);
    document["events"] = events.iter().map(event_json).collect();
    document
}

/// A delivery alone, for scripts.
pub(super) fn record(delivery: &Delivery) -> Value {
    json!({
        "delivery_id": delivery.delivery_id.as_str(),
        "workflow": delivery.workflow.as_str(),
        "template": delivery.template.as_ref().map(postroom_domain::id::TemplateName::as_str),
        "recipient": delivery.recipient.as_str(),
        "tenant_id": delivery.tenant_id.as_ref().map(postroom_domain::id::TenantId::as_str),
        "priority": delivery.priority.get(),
        "status": delivery.status.as_str(),
        "simple_status": delivery.status.simple(delivery.feedback).as_str(),
        "feedback": delivery.feedback.as_str(),
        "attempts": delivery.attempts,
        "excused": delivery.excused,
        "last_error_code": delivery.last_error_code.as_ref().map(postroom_domain::failure::Code::as_str),
        "last_error_message": Some(delivery.last_error_message.as_str()).filter(|text| !text.is_empty()),
        "provider": delivery.provider.as_ref().map(postroom_domain::id::TransportName::as_str),
        "provider_message_id": delivery.provider_message_id.as_ref().map(postroom_domain::id::ProviderMessageId::as_str),
        "message_id": delivery.message_id,
        "source_type": delivery.source_type,
        "source_id": delivery.source_id,
        "metadata": delivery.metadata,
        "queued_at": time(delivery.queued_at),
        "due_at": delivery.due_at.map(time),
        "expires_at": delivery.expires_at.map(time),
        "last_attempted_at": delivery.last_attempted_at.map(time),
        "sent_at": delivery.sent_at.map(time),
        "updated_at": time(delivery.updated_at),
    })
}

/// One event, for scripts.
pub fn event_json(event: &DeliveryEvent) -> Value {
    json!({
        "id": event.id,
        "status": event.status.as_str(),
        "attempt": event.attempt,
        "error_code": event.error_code.as_ref().map(postroom_domain::failure::Code::as_str),
        "error_message": Some(event.error_message.as_str()).filter(|text| !text.is_empty()),
        "payload": event.payload,
        "created_at": time(event.created_at),
    })
}
