//! A delivery's events, for people.

use postroom_domain::time::Timestamp;
use postroom_ports::tracker::DeliveryEvent;
use serde_json::Value;

use crate::documents::time;

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
    for name in ["transport", "feedback", "by"] {
        parts.extend(event.payload.get(name).and_then(Value::as_str).map(|text| format!("({name} {text})")));
    }
    parts.join("  ").trim_end().to_owned()
}
