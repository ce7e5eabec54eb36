//! A record.

use jiff_sqlx::Timestamp as Stored;
use postroom_domain::address::EmailAddress;
use postroom_domain::detail::Detail;
use postroom_domain::failure::Code;
use postroom_domain::feedback::Feedback;
use postroom_domain::id::{DeliveryId, ProviderMessageId, TemplateName, TenantId, TransportName, Workflow};
use postroom_domain::letter::Priority;
use postroom_domain::status::Status;
use postroom_ports::tracker::Delivery;
use serde_json::Value;

use super::{Undecodable, count, object, text, time};

/// A row of `queries/deliveries/find.sql`.
pub(crate) struct DeliveryRow {
    pub(crate) delivery_id: String,
    pub(crate) workflow: String,
    pub(crate) template: Option<String>,
    pub(crate) recipient: String,
    pub(crate) tenant_id: Option<String>,
    pub(crate) priority: i16,
    pub(crate) status: String,
    pub(crate) feedback: String,
    pub(crate) attempts: i32,
    pub(crate) excused: i32,
    pub(crate) last_error_code: Option<String>,
    pub(crate) last_error_message: Option<String>,
    pub(crate) provider: Option<String>,
    pub(crate) provider_message_id: Option<String>,
    pub(crate) message_id: Option<String>,
    pub(crate) source_type: Option<String>,
    pub(crate) source_id: Option<String>,
    pub(crate) metadata: Value,
    pub(crate) queued_at: Stored,
    pub(crate) due_at: Option<Stored>,
    pub(crate) expires_at: Option<Stored>,
    pub(crate) last_attempted_at: Option<Stored>,
    pub(crate) sent_at: Option<Stored>,
    pub(crate) updated_at: Stored,
}

impl DeliveryRow {
    /// The record.
    pub(crate) fn decode(self) -> Result<Delivery, Undecodable> {
        Ok(Delivery {
            delivery_id: text("delivery_id", self.delivery_id, DeliveryId::parse)?,
            workflow: text("workflow", self.workflow, Workflow::parse)?,
            template: self.template.map(|name| text("template", name, TemplateName::parse)).transpose()?,
            recipient: text("recipient", self.recipient, EmailAddress::parse)?,
            tenant_id: self.tenant_id.map(|tenant| text("tenant_id", tenant, TenantId::parse)).transpose()?,
            priority: Priority::new(i64::from(self.priority)).map_err(|_| Undecodable("priority"))?,
            status: Status::parse(&self.status).ok_or(Undecodable("status"))?,
            feedback: Feedback::parse(&self.feedback).ok_or(Undecodable("feedback"))?,
            attempts: count(self.attempts),
            excused: count(self.excused),
            last_error_code: self.last_error_code.as_deref().map(Code::new),
            last_error_message: Detail::redacted(&self.last_error_message.unwrap_or_default()),
            provider: self.provider.map(|name| text("provider", name, TransportName::parse)).transpose()?,
            provider_message_id: self
                .provider_message_id
                .map(|id| text("provider_message_id", id, ProviderMessageId::parse))
                .transpose()?,
            message_id: self.message_id,
            source_type: self.source_type,
            source_id: self.source_id,
            metadata: object("metadata", self.metadata)?,
            queued_at: time(self.queued_at),
            due_at: self.due_at.map(time),
            expires_at: self.expires_at.map(time),
            last_attempted_at: self.last_attempted_at.map(time),
            sent_at: self.sent_at.map(time),
            updated_at: time(self.updated_at),
        })
    }
}
