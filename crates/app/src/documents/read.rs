//! Documents read back, by a program that asks the API instead of the store.

use postroom_domain::address::EmailAddress;
use postroom_domain::detail::Detail;
use postroom_domain::failure::Code;
use postroom_domain::feedback::Feedback;
use postroom_domain::id::{DeliveryId, ProviderMessageId, TemplateName, TenantId, TransportName, Workflow};
use postroom_domain::invalid::Invalid;
use postroom_domain::letter::Priority;
use postroom_domain::status::Status;
use postroom_ports::tracker;

use super::{Delivery, Event, Page};
use crate::fields::parse_time;

/// Reads what [`super::cursor`] wrote.
///
/// # Errors
/// Names `after`.
pub fn cursor(text: &str) -> Result<tracker::Cursor, Invalid> {
    let read = || {
        let (time, id) = text.split_once('/')?;
        let queued_at = parse_time("after", time).ok()?;
        Some(tracker::Cursor { queued_at, delivery_id: DeliveryId::parse(id).ok()? })
    };
    read().ok_or_else(|| Invalid::new("after", "is not where a page ended; copy it from the end of that page"))
}

impl TryFrom<Page> for tracker::Page {
    type Error = Invalid;

    fn try_from(page: Page) -> Result<Self, Invalid> {
        let deliveries = page.deliveries.into_iter().map(tracker::Delivery::try_from).collect::<Result<_, _>>()?;
        Ok(Self { deliveries, next: page.next.as_deref().map(cursor).transpose()? })
    }
}

impl TryFrom<Delivery> for tracker::Delivery {
    type Error = Invalid;

    fn try_from(document: Delivery) -> Result<Self, Invalid> {
        let status = Status::parse(&document.status).ok_or_else(|| unknown("status"))?;
        let time = |field, text: Option<String>| text.map(|text| parse_time(field, &text)).transpose();
        Ok(Self {
            delivery_id: DeliveryId::parse(document.delivery_id)?,
            workflow: Workflow::parse(document.workflow)?,
            template: document.template.map(TemplateName::parse).transpose()?,
            recipient: EmailAddress::parse(&document.recipient)?,
            tenant_id: document.tenant_id.map(TenantId::parse).transpose()?,
            priority: Priority::new(i64::from(document.priority))?,
            status,
            feedback: Feedback::parse(&document.feedback).ok_or_else(|| unknown("feedback"))?,
            attempts: document.attempts,
            excused: document.excused,
            last_error_code: document.last_error_code.as_deref().map(Code::new),
            last_error_message: Detail::redacted(&document.last_error_message.unwrap_or_default()),
            provider: document.provider.map(TransportName::parse).transpose()?,
            provider_message_id: document.provider_message_id.map(ProviderMessageId::parse).transpose()?,
            message_id: document.message_id,
            source_type: document.source_type,
            source_id: document.source_id,
            metadata: document.metadata,
            queued_at: parse_time("queued_at", &document.queued_at)?,
            due_at: time("due_at", document.due_at)?,
            expires_at: time("expires_at", document.expires_at)?,
            last_attempted_at: time("last_attempted_at", document.last_attempted_at)?,
            sent_at: time("sent_at", document.sent_at)?,
            updated_at: parse_time("updated_at", &document.updated_at)?,
        })
    }
}

impl TryFrom<Event> for tracker::DeliveryEvent {
    type Error = Invalid;

    fn try_from(event: Event) -> Result<Self, Invalid> {
        Ok(Self {
            id: event.id,
            status: Status::parse(&event.status).ok_or_else(|| unknown("status"))?,
            attempt: event.attempt,
            error_code: event.error_code.as_deref().map(Code::new),
            error_message: Detail::redacted(&event.error_message.unwrap_or_default()),
            payload: event.payload,
            created_at: parse_time("created_at", &event.created_at)?,
        })
    }
}

fn unknown(field: &str) -> Invalid {
    Invalid::new(field, "is none that this program knows; is the server newer than it?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        for id in ["0190f5a8", "an/id with, things"] {
            let queued_at = postroom_domain::time::Timestamp::from_micros(1_900_000_000_123_456);
            let cursor = tracker::Cursor { queued_at, delivery_id: DeliveryId::parse(id).unwrap() };
            assert_eq!(super::cursor(&crate::documents::cursor(&cursor)).unwrap(), cursor);
        }
        assert!(super::cursor("page 2").is_err());
    }
}
