//! What the tracker shows: a record, an event.

use postroom_domain::address::EmailAddress;
use postroom_domain::detail::Detail;
use postroom_domain::failure::Code;
use postroom_domain::feedback::Feedback;
use postroom_domain::id::{DeliveryId, ProviderMessageId, TemplateName, TenantId, TransportName, Workflow};
use postroom_domain::letter::Priority;
use postroom_domain::status::Status;
use postroom_domain::time::Timestamp;
use postroom_ports::error::PortError;
use postroom_ports::tracker::{Delivery, DeliveryEvent};

use super::Place;

/// The columns of `queries/deliveries/find.sql`.
pub(crate) struct DeliveryRow {
    pub(crate) delivery_id: String,
    pub(crate) workflow: String,
    pub(crate) template: Option<String>,
    pub(crate) recipient: String,
    pub(crate) tenant_id: Option<String>,
    pub(crate) priority: i64,
    pub(crate) status: String,
    pub(crate) feedback: String,
    pub(crate) attempts: i64,
    pub(crate) excused: i64,
    pub(crate) last_error_code: Option<String>,
    pub(crate) last_error_message: Option<String>,
    pub(crate) provider: Option<String>,
    pub(crate) provider_message_id: Option<String>,
    pub(crate) message_id: Option<String>,
    pub(crate) source_type: Option<String>,
    pub(crate) source_id: Option<String>,
    pub(crate) metadata: String,
    pub(crate) queued_at: i64,
    pub(crate) due_at: Option<i64>,
    pub(crate) expires_at: Option<i64>,
    pub(crate) last_attempted_at: Option<i64>,
    pub(crate) sent_at: Option<i64>,
    pub(crate) updated_at: i64,
}

impl DeliveryRow {
    pub(crate) fn decode(self, operation: &'static str) -> Result<Delivery, PortError> {
        let id = self.delivery_id.clone();
        let at = Place { operation, table: "deliveries", row: &id };
        Ok(Delivery {
            delivery_id: at.parsed("delivery_id", DeliveryId::parse(self.delivery_id))?,
            workflow: at.parsed("workflow", Workflow::parse(self.workflow))?,
            template: at.maybe("template", self.template, TemplateName::parse)?,
            recipient: at.parsed("recipient", EmailAddress::parse(&self.recipient))?,
            tenant_id: at.maybe("tenant_id", self.tenant_id, TenantId::parse)?,
            priority: at.parsed("priority", Priority::new(self.priority))?,
            status: at.some("status", Status::parse(&self.status))?,
            feedback: at.some("feedback", Feedback::parse(&self.feedback))?,
            attempts: at.parsed("attempts", u32::try_from(self.attempts))?,
            excused: at.parsed("excused", u32::try_from(self.excused))?,
            last_error_code: self.last_error_code.as_deref().map(Code::new),
            last_error_message: detail(self.last_error_message.as_deref()),
            provider: at.maybe("provider", self.provider, TransportName::parse)?,
            provider_message_id: at.maybe("provider_message_id", self.provider_message_id, ProviderMessageId::parse)?,
            message_id: self.message_id,
            source_type: self.source_type,
            source_id: self.source_id,
            metadata: at.json("metadata", &self.metadata)?,
            queued_at: Timestamp::from_micros(self.queued_at),
            due_at: self.due_at.map(Timestamp::from_micros),
            expires_at: self.expires_at.map(Timestamp::from_micros),
            last_attempted_at: self.last_attempted_at.map(Timestamp::from_micros),
            sent_at: self.sent_at.map(Timestamp::from_micros),
            updated_at: Timestamp::from_micros(self.updated_at),
        })
    }
}

/// The columns of `queries/delivery_events/history.sql`.
pub(crate) struct EventRow {
    pub(crate) id: i64,
    pub(crate) status: String,
    pub(crate) attempt: i64,
    pub(crate) error_code: Option<String>,
    pub(crate) error_message: Option<String>,
    pub(crate) payload: String,
    pub(crate) created_at: i64,
}

impl EventRow {
    pub(crate) fn decode(self, operation: &'static str) -> Result<DeliveryEvent, PortError> {
        let id = self.id.to_string();
        let at = Place { operation, table: "delivery_events", row: &id };
        Ok(DeliveryEvent {
            id: self.id,
            status: at.some("status", Status::parse(&self.status))?,
            attempt: at.parsed("attempt", u32::try_from(self.attempt))?,
            error_code: self.error_code.as_deref().map(Code::new),
            error_message: detail(self.error_message.as_deref()),
            payload: at.json("payload", &self.payload)?,
            created_at: Timestamp::from_micros(self.created_at),
        })
    }
}

/// Redacting twice changes nothing, and what somebody wrote by hand is redacted once.
fn detail(text: Option<&str>) -> Detail {
    text.map(Detail::redacted).unwrap_or_default()
}
