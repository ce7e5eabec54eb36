//! Rows into values. What does not decode is said by table, column and letter, never by value.

use postroom_domain::address::{EmailAddress, Mailbox};
use postroom_domain::detail::Detail;
use postroom_domain::failure::Code;
use postroom_domain::feedback::Feedback;
use postroom_domain::id::{DeliveryId, LeaseToken, ProviderMessageId, TemplateName, TenantId, TransportName, Workflow};
use postroom_domain::letter::{Priority, Subject};
use postroom_domain::lifecycle::DeliveryState;
use postroom_domain::status::{Stage, Status};
use postroom_domain::time::Timestamp;
use postroom_ports::error::PortError;
use postroom_ports::letter::{FrozenLetter, Letter};
use postroom_ports::queue::{Claim, Content, Fence};
use postroom_ports::tracker::{Delivery, DeliveryEvent};
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// Where a value stands, for the error that says so.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) operation: &'static str,
    pub(crate) table: &'a str,
    pub(crate) row: &'a str,
}

impl Place<'_> {
    pub(crate) fn corrupt(self, column: &str) -> PortError {
        PortError::corrupt(self.operation, self.table, column, self.row)
    }

    pub(crate) fn some<T>(self, column: &str, value: Option<T>) -> Result<T, PortError> {
        value.ok_or_else(|| self.corrupt(column))
    }

    pub(crate) fn parsed<T, E>(self, column: &str, value: Result<T, E>) -> Result<T, PortError> {
        value.map_err(|_| self.corrupt(column))
    }

    fn maybe<T, E>(
        self,
        column: &str,
        value: Option<String>,
        parse: impl Fn(String) -> Result<T, E>,
    ) -> Result<Option<T>, PortError> {
        value.map(parse).transpose().map_err(|_| self.corrupt(column))
    }

    fn json<T: DeserializeOwned>(self, column: &str, text: &str) -> Result<T, PortError> {
        self.parsed(column, serde_json::from_str(text))
    }
}

/// The columns of `queries/deliveries/state.sql`.
pub(crate) struct StateRow {
    pub(crate) seq: i64,
    pub(crate) workflow: String,
    pub(crate) status: String,
    pub(crate) stage: String,
    pub(crate) attempts: i64,
    pub(crate) excused: i64,
    pub(crate) crashes: i64,
    pub(crate) feedback: String,
    pub(crate) max_attempts: Option<i64>,
    pub(crate) age_from: i64,
    pub(crate) expires_at: Option<i64>,
}

impl StateRow {
    pub(crate) fn decode(&self, at: Place<'_>) -> Result<DeliveryState, PortError> {
        let number = |column, value: i64| at.parsed(column, u32::try_from(value));
        Ok(DeliveryState {
            status: at.some("status", Status::parse(&self.status))?,
            stage: at.some("stage", Stage::parse(&self.stage))?,
            attempts: number("attempts", self.attempts)?,
            excused: number("excused", self.excused)?,
            crashes: number("crashes", self.crashes)?,
            feedback: at.some("feedback", Feedback::parse(&self.feedback))?,
            max_attempts: self.max_attempts.map(|value| number("max_attempts", value)).transpose()?,
            age_from: Timestamp::from_micros(self.age_from),
            expires_at: self.expires_at.map(Timestamp::from_micros),
        })
    }
}

/// The columns of `queries/outbox/taken.sql`.
pub(crate) struct TakenRow {
    pub(crate) seq: i64,
    pub(crate) token: Vec<u8>,
    pub(crate) stage: String,
    pub(crate) delivery_id: String,
    pub(crate) workflow: String,
    pub(crate) template: Option<String>,
    pub(crate) recipient: String,
    pub(crate) recipient_name: Option<String>,
    pub(crate) tenant_id: Option<String>,
    pub(crate) priority: i64,
    pub(crate) status: String,
    pub(crate) feedback: String,
    pub(crate) attempts: i64,
    pub(crate) excused: i64,
    pub(crate) crashes: i64,
    pub(crate) max_attempts: Option<i64>,
    pub(crate) provider: Option<String>,
    pub(crate) source_type: Option<String>,
    pub(crate) source_id: Option<String>,
    pub(crate) metadata: String,
    pub(crate) queued_at: i64,
    pub(crate) age_from: i64,
    pub(crate) expires_at: Option<i64>,
    pub(crate) data: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) reply_to: Option<String>,
    pub(crate) headers: Option<String>,
    pub(crate) frozen: Option<Vec<u8>>,
    pub(crate) mail_from: Option<String>,
    pub(crate) rcpt_to: Option<String>,
    pub(crate) message_id: Option<String>,
    pub(crate) rendered_subject: Option<String>,
    pub(crate) template_version: Option<String>,
}

impl TakenRow {
    /// The letter as the row shows it, which is before a claim counts.
    pub(crate) fn decode(self, operation: &'static str) -> Result<Claim, PortError> {
        let id = self.delivery_id.clone();
        let at = Place { operation, table: "deliveries", row: &id };
        let token = at.parsed("token", Uuid::from_slice(&self.token))?;
        let delivery_id = at.parsed("delivery_id", DeliveryId::parse(self.delivery_id.as_str()))?;
        let state = self.state().decode(at)?;
        Ok(Claim {
            fence: Fence { delivery_id, seq: self.seq, token: LeaseToken::new(token) },
            taken_from: state.status,
            state,
            queued_at: Timestamp::from_micros(self.queued_at),
            provider: at.maybe("provider", self.provider.clone(), TransportName::parse)?,
            content: self.content(Place { table: "payloads", ..at })?,
            letter: self.letter(at)?,
        })
    }

    fn state(&self) -> StateRow {
        StateRow {
            seq: self.seq,
            workflow: self.workflow.clone(),
            status: self.status.clone(),
            stage: self.stage.clone(),
            attempts: self.attempts,
            excused: self.excused,
            crashes: self.crashes,
            feedback: self.feedback.clone(),
            max_attempts: self.max_attempts,
            age_from: self.age_from,
            expires_at: self.expires_at,
        }
    }

    fn content(&self, at: Place<'_>) -> Result<Content, PortError> {
        let Some(bytes) = &self.frozen else { return Ok(Content::Fresh) };
        let address =
            |column, value: &Option<String>| at.parsed(column, EmailAddress::parse(at.some(column, value.as_ref())?));
        Ok(Content::Frozen(FrozenLetter {
            mail_from: address("mail_from", &self.mail_from)?,
            rcpt_to: address("rcpt_to", &self.rcpt_to)?,
            bytes: bytes.clone(),
            message_id: at.some("message_id", self.message_id.clone())?,
            subject: at.some("rendered_subject", self.rendered_subject.clone())?,
            template_version: at.some("template_version", self.template_version.clone())?,
        }))
    }

    fn letter(self, at: Place<'_>) -> Result<Letter, PortError> {
        let address = at.parsed("recipient", EmailAddress::parse(&self.recipient))?;
        let content = Place { table: "payloads", ..at };
        Ok(Letter {
            workflow: at.parsed("workflow", Workflow::parse(self.workflow))?,
            template: at.parsed("template", TemplateName::parse(at.some("template", self.template)?))?,
            recipient: at.parsed("recipient_name", Mailbox::new(self.recipient_name.as_deref(), address))?,
            data: content.json("data", &content.some("data", self.data)?)?,
            subject: content.maybe("subject", self.subject, Subject::parse)?,
            reply_to: content.maybe("reply_to", self.reply_to, EmailAddress::parse)?,
            headers: content.json("headers", &content.some("headers", self.headers)?)?,
            tenant_id: at.maybe("tenant_id", self.tenant_id, TenantId::parse)?,
            source_type: self.source_type,
            source_id: self.source_id,
            priority: at.parsed("priority", Priority::new(self.priority))?,
            metadata: at.json("metadata", &self.metadata)?,
        })
    }
}

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
