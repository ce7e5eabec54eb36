//! A letter that a worker takes: its fence, its state, its content.

use postroom_domain::address::{EmailAddress, Mailbox};
use postroom_domain::id::{DeliveryId, LeaseToken, TemplateName, TenantId, TransportName, Workflow};
use postroom_domain::letter::{Priority, Subject};
use postroom_domain::locale::Locale;
use postroom_domain::time::Timestamp;
use postroom_ports::error::PortError;
use postroom_ports::letter::{FrozenLetter, Letter};
use postroom_ports::queue::{Claim, Content, Fence};
use uuid::Uuid;

use super::{Place, StateRow};

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
    pub(crate) locale: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) reply_to: Option<String>,
    pub(crate) headers: Option<String>,
    pub(crate) attachments: Option<i64>,
    pub(crate) frozen: Option<Vec<u8>>,
    pub(crate) mail_from: Option<String>,
    pub(crate) rcpt_to: Option<String>,
    pub(crate) message_id: Option<String>,
    pub(crate) rendered_subject: Option<String>,
    pub(crate) template_version: Option<String>,
    pub(crate) rendered_locale: Option<String>,
}

impl TakenRow {
    /// The letter as the row shows it, which is before a claim counts.
    pub(crate) fn decode(self, operation: &'static str) -> Result<Claim, PortError> {
        let id = self.delivery_id.clone();
        let at = Place { operation, table: "deliveries", row: &id };
        let token = at.parsed("token", Uuid::from_slice(&self.token))?;
        let delivery_id = at.parsed("delivery_id", DeliveryId::parse(self.delivery_id.as_str()))?;
        let state = self.state().decode(at)?;
        let content = Place { table: "payloads", ..at };
        Ok(Claim {
            fence: Fence { delivery_id, seq: self.seq, token: LeaseToken::new(token) },
            taken_from: state.status,
            state,
            queued_at: Timestamp::from_micros(self.queued_at),
            provider: at.maybe("provider", self.provider.clone(), TransportName::parse)?,
            content: self.content(content)?,
            attachments: content.parsed("attachments", u32::try_from(self.attachments.unwrap_or_default()))?,
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
            locale: at.maybe("rendered_locale", self.rendered_locale.clone(), Locale::parse)?,
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
            locale: content.maybe("locale", self.locale, Locale::parse)?,
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
