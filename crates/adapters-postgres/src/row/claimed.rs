//! A letter under somebody's lease.

use jiff_sqlx::Timestamp as Stored;
use postroom_domain::address::{EmailAddress, Mailbox};
use postroom_domain::id::{DeliveryId, LeaseToken, TemplateName, TenantId, TransportName, Workflow};
use postroom_domain::letter::{HeaderField, Priority, Subject};
use postroom_domain::lifecycle::DeliveryState;
use postroom_domain::locale::Locale;
use postroom_domain::status::Status;
use postroom_ports::letter::{FrozenLetter, Letter};
use postroom_ports::queue::{Claim, Content, Fence};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{StateColumns, Undecodable, object, text, time};

/// A row of `queries/deliveries/read.sql`.
pub(crate) struct ClaimedRow {
    pub(crate) seq: i64,
    pub(crate) token: Uuid,
    pub(crate) stage: String,
    pub(crate) delivery_id: String,
    pub(crate) status: String,
    pub(crate) attempts: i32,
    pub(crate) excused: i32,
    pub(crate) crashes: i32,
    pub(crate) feedback: String,
    pub(crate) max_attempts: Option<i32>,
    pub(crate) age_from: Stored,
    pub(crate) expires_at: Option<Stored>,
    pub(crate) queued_at: Stored,
    pub(crate) workflow: String,
    pub(crate) template: Option<String>,
    pub(crate) recipient: String,
    pub(crate) recipient_name: Option<String>,
    pub(crate) tenant_id: Option<String>,
    pub(crate) source_type: Option<String>,
    pub(crate) source_id: Option<String>,
    pub(crate) priority: i16,
    pub(crate) metadata: Value,
    pub(crate) provider: Option<String>,
    pub(crate) data: Option<Value>,
    pub(crate) locale: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) reply_to: Option<String>,
    pub(crate) headers: Option<Value>,
    pub(crate) attachments: Option<i16>,
    pub(crate) frozen: Option<Vec<u8>>,
    pub(crate) mail_from: Option<String>,
    pub(crate) rcpt_to: Option<String>,
    pub(crate) message_id: Option<String>,
    pub(crate) rendered_subject: Option<String>,
    pub(crate) template_version: Option<String>,
    pub(crate) rendered_locale: Option<String>,
    pub(crate) now: Stored,
}

/// One extra header as it is stored.
#[derive(Deserialize)]
struct StoredHeader {
    name: String,
    value: String,
}

impl ClaimedRow {
    /// The letter's state: columns that CHECKs guard.
    pub(crate) fn state(&self) -> Result<DeliveryState, Undecodable> {
        let columns = StateColumns {
            status: &self.status,
            stage: &self.stage,
            attempts: self.attempts,
            excused: self.excused,
            crashes: self.crashes,
            feedback: &self.feedback,
            max_attempts: self.max_attempts,
            age_from: self.age_from,
            expires_at: self.expires_at,
        };
        columns.decode()
    }

    /// What names the claim.
    pub(crate) fn fence(&self) -> Result<Fence, Undecodable> {
        let delivery_id = text("delivery_id", self.delivery_id.clone(), DeliveryId::parse)?;
        Ok(Fence { delivery_id, seq: self.seq, token: LeaseToken::new(self.token) })
    }

    /// The claim of a letter that was `taken_from` that status.
    pub(crate) fn decode(self, taken_from: Status) -> Result<Claim, Undecodable> {
        let (fence, state, queued_at) = (self.fence()?, self.state()?, time(self.queued_at));
        let provider = self.provider.clone().map(|name| text("provider", name, TransportName::parse)).transpose()?;
        let content = self.content()?;
        let attachments =
            u32::try_from(self.attachments.unwrap_or_default()).map_err(|_| Undecodable("attachments"))?;
        Ok(Claim { fence, taken_from, state, queued_at, content, attachments, provider, letter: self.letter()? })
    }

    fn content(&self) -> Result<Content, Undecodable> {
        let Some(bytes) = self.frozen.clone() else { return Ok(Content::Fresh) };
        let address = |column, value: &Option<String>| {
            let value = value.as_deref().ok_or(Undecodable(column))?;
            EmailAddress::parse(value).map_err(|_| Undecodable(column))
        };
        Ok(Content::Frozen(FrozenLetter {
            mail_from: address("mail_from", &self.mail_from)?,
            rcpt_to: address("rcpt_to", &self.rcpt_to)?,
            bytes,
            message_id: self.message_id.clone().ok_or(Undecodable("message_id"))?,
            subject: self.rendered_subject.clone().ok_or(Undecodable("rendered_subject"))?,
            template_version: self.template_version.clone().ok_or(Undecodable("template_version"))?,
            locale: self.rendered_locale.clone().map(|tag| text("rendered_locale", tag, Locale::parse)).transpose()?,
        }))
    }

    fn letter(self) -> Result<Letter, Undecodable> {
        let address = |column, value: &str| EmailAddress::parse(value).map_err(|_| Undecodable(column));
        let recipient = Mailbox::new(self.recipient_name.as_deref(), address("recipient", &self.recipient)?)
            .map_err(|_| Undecodable("recipient_name"))?;
        let stored: Vec<StoredHeader> =
            serde_json::from_value(self.headers.unwrap_or_else(|| Value::Array(Vec::new())))
                .map_err(|_| Undecodable("headers"))?;
        let headers = stored.iter().map(|header| HeaderField::new(&header.name, &header.value));
        Ok(Letter {
            workflow: text("workflow", self.workflow, Workflow::parse)?,
            template: text("template", self.template.ok_or(Undecodable("template"))?, TemplateName::parse)?,
            recipient,
            data: object("data", self.data.ok_or(Undecodable("data"))?)?,
            locale: self.locale.map(|tag| text("locale", tag, Locale::parse)).transpose()?,
            subject: self.subject.map(|subject| text("subject", subject, Subject::parse)).transpose()?,
            reply_to: self.reply_to.map(|reply_to| address("reply_to", &reply_to)).transpose()?,
            headers: headers.collect::<Result<_, _>>().map_err(|_| Undecodable("headers"))?,
            tenant_id: self.tenant_id.map(|tenant| text("tenant_id", tenant, TenantId::parse)).transpose()?,
            source_type: self.source_type,
            source_id: self.source_id,
            priority: Priority::new(i64::from(self.priority)).map_err(|_| Undecodable("priority"))?,
            metadata: object("metadata", self.metadata)?,
        })
    }
}
