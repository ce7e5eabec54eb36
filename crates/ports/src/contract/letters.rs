//! Sample letters, and what the domain makes of them.

use std::sync::atomic::{AtomicU64, Ordering};

use postroom_domain::address::{EmailAddress, Mailbox};
use postroom_domain::attachment::{Attachment, Placement};
use postroom_domain::failure::{Failure, FailureClass};
use postroom_domain::feedback::Feedback;
use postroom_domain::id::{
    DeliveryId, IdempotencyKey, ProviderMessageId, TemplateName, TenantId, TransportName, WorkerId, Workflow,
};
use postroom_domain::letter::Priority;
use postroom_domain::lifecycle::{Context, DeliveryState, Event, Transition, apply};
use postroom_domain::locale::Locale;
use postroom_domain::policy::{InDoubtPolicy, WorkflowPolicy};
use postroom_domain::retry::{Jitter, RetryPolicy};
use postroom_domain::time::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::letter::{Data, FrozenLetter, Letter, NewDelivery};
use crate::queue::ProviderReport;

/// A number that no other call in this process gets.
fn number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A plain letter to `someone@example.org`, of the workflow `invite`.
#[must_use]
pub fn letter() -> Letter {
    let mut data = Data::new();
    data.insert("name".to_owned(), json!("Someone"));
    let recipient = Mailbox::new(Some("Someone"), address("someone@example.org")).expect("a sample name is valid");
    Letter::new(workflow("invite"), TemplateName::parse("invitation").expect("a sample name is valid"), recipient, data)
}

/// That letter, due at once, under a new id.
#[must_use]
pub fn delivery() -> NewDelivery {
    NewDelivery::now(delivery_id(&format!("letter-{:08}", number())), letter())
}

/// A delivery with an idempotency key.
#[must_use]
pub fn keyed(key: &str) -> NewDelivery {
    NewDelivery { idempotency_key: Some(idempotency_key(key)), ..delivery() }
}

/// A delivery of a tenant.
#[must_use]
pub fn of_tenant(tenant: &str) -> NewDelivery {
    let mut delivery = delivery();
    delivery.letter.tenant_id = Some(tenant_id(tenant));
    delivery
}

/// A delivery of a workflow.
#[must_use]
pub fn of_workflow(name: &str) -> NewDelivery {
    let mut delivery = delivery();
    delivery.letter.workflow = workflow(name);
    delivery
}

/// A delivery of a priority.
#[must_use]
pub fn urgent(priority: i64) -> NewDelivery {
    let mut delivery = delivery();
    delivery.letter.priority = Priority::new(priority).expect("a sample priority is valid");
    delivery
}

/// A delivery with two attachments: a file beside it, whose name no ASCII holds and whose bytes
/// are no text, and an image inside its HTML.
#[must_use]
pub fn with_attachments() -> NewDelivery {
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(3000).collect();
    let attachments = vec![
        attachment("Rechnung März 🎉.pdf", "application/pdf", Placement::Beside, bytes),
        attachment("logo.png", "image/png", Placement::Inline("logo".to_owned()), Vec::new()),
    ];
    NewDelivery { attachments, ..delivery() }
}

/// One attachment.
#[must_use]
pub fn attachment(filename: &str, content_type: &str, placement: Placement, bytes: Vec<u8>) -> Attachment {
    Attachment::new(filename, content_type, placement, bytes).expect("a sample attachment is valid")
}

/// A worker that nobody met before.
#[must_use]
pub fn worker_id() -> WorkerId {
    WorkerId::new(Uuid::from_u128(0x0700_0000_0000_7000_8000_0000_0000_0000 | u128::from(number())))
}

/// The bytes of a letter, unlike those of any other call.
#[must_use]
pub fn frozen(id: &DeliveryId) -> FrozenLetter {
    let serial = number();
    FrozenLetter {
        mail_from: address("post@example.com"),
        rcpt_to: address("someone@example.org"),
        bytes: message(&format!("Letter {id}, print {serial}.")),
        message_id: format!("{serial}.{id}@example.com"),
        subject: format!("Print {serial}"),
        template_version: format!("version-{serial}"),
        locale: None,
    }
}

/// A whole message around one line of text.
#[must_use]
pub fn message(line: &str) -> Vec<u8> {
    format!(
        "From: post@example.com\r\nTo: someone@example.org\r\nSubject: A letter\r\n\
         Date: Mon, 02 Jan 2023 10:00:00 +0000\r\nMessage-ID: <1@example.com>\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{line}\r\n"
    )
    .into_bytes()
}

/// What the domain makes of `event`, with the default policy and no jitter.
///
/// # Panics
/// Where the domain refuses it: then the rule itself is wrong.
#[must_use]
pub fn decide(state: &DeliveryState, event: &Event, now: Timestamp) -> Transition {
    by_policy(state, event, now, InDoubtPolicy::default())
}

/// The same for a workflow whose letters in doubt are held for a person.
#[must_use]
pub fn decide_holding(state: &DeliveryState, event: &Event, now: Timestamp) -> Transition {
    by_policy(state, event, now, InDoubtPolicy::Hold)
}

fn by_policy(state: &DeliveryState, event: &Event, now: Timestamp, in_doubt: InDoubtPolicy) -> Transition {
    let policy = WorkflowPolicy { in_doubt, ..WorkflowPolicy::with_retry(RetryPolicy::standard()) };
    let context = Context { now, policy: &policy, jitter: Jitter::NONE };
    apply(state, event, &context).expect("the domain allows what a rule does")
}

/// A failure for now, of this letter.
#[must_use]
pub fn deferred() -> Event {
    Event::Failed(Failure::new(FailureClass::DEFERRED, "SMTP_451", "4.7.1 greylisted, try again"))
}

/// A failure for good.
#[must_use]
pub fn rejected() -> Event {
    Event::Failed(Failure::new(FailureClass::Rejected, "SMTP_550", "5.1.1 no such mailbox"))
}

/// An answer that was lost.
#[must_use]
pub fn in_doubt() -> Event {
    Event::Failed(Failure::new(FailureClass::InDoubt, "TIMEOUT", "no answer after the final dot"))
}

/// A report of the transport `contract`.
#[must_use]
pub fn report(feedback: Feedback, event_id: &str) -> ProviderReport {
    let transport = transport_name("contract");
    ProviderReport { feedback, event_id: event_id.to_owned(), transport, payload: json!({"seen": event_id}) }
}

/// An address.
#[must_use]
pub fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).expect("a sample address is valid")
}

/// A delivery id.
#[must_use]
pub fn delivery_id(text: &str) -> DeliveryId {
    DeliveryId::parse(text).expect("a sample id is valid")
}

/// An idempotency key.
#[must_use]
pub fn idempotency_key(text: &str) -> IdempotencyKey {
    IdempotencyKey::parse(text).expect("a sample key is valid")
}

/// A tenant.
#[must_use]
pub fn tenant_id(text: &str) -> TenantId {
    TenantId::parse(text).expect("a sample tenant is valid")
}

/// A language.
#[must_use]
pub fn locale(text: &str) -> Locale {
    Locale::parse(text).expect("a sample locale is valid")
}

/// A workflow.
#[must_use]
pub fn workflow(text: &str) -> Workflow {
    Workflow::parse(text).expect("a sample workflow is valid")
}

/// A transport's name.
#[must_use]
pub fn transport_name(text: &str) -> TransportName {
    TransportName::parse(text).expect("a sample transport is valid")
}

/// What a provider calls a letter.
#[must_use]
pub fn receipt(text: &str) -> ProviderMessageId {
    ProviderMessageId::parse(text).expect("a sample receipt is valid")
}
