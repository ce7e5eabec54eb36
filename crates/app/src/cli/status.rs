//! `postroom status`.

use clap::Args;
use postroom_domain::id::DeliveryId;
use postroom_domain::status::Status;
use postroom_ports::pauses::Pause;
use postroom_ports::tracker::Delivery;

use super::context::{Context, Format};
use super::{Failure, output, pauses, timeline};
use crate::config::Switch;

/// Shows one delivery with its whole history.
#[derive(Args, Debug)]
pub(super) struct StatusCommand {
    /// The delivery's id, as `enqueue` printed it
    delivery_id: String,
}

impl StatusCommand {
    /// Runs it.
    ///
    /// # Errors
    /// There is no such delivery.
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let id = DeliveryId::parse(&self.delivery_id).map_err(|e| Failure::usage(e.to_string()))?;
        let store = context.open().await?;
        let Some(delivery) = store.tracker.find(&id).await? else { return Err(Failure::unknown(id.as_str())) };
        let events = store.tracker.history(&id).await?;
        let waiting = waits_for(&delivery, context, &store.pauses.paused().await?);
        match context.format {
            Format::Json => {
                let mut document = timeline::json(&delivery, &events);
                if let (Some(object), Some(why)) = (document.as_object_mut(), waiting) {
                    object.insert("waits_for".to_owned(), why.into());
                }
                output::line(&document.to_string());
            }
            Format::Text => {
                for (name, value) in facts(&delivery, waiting) {
                    output::line(&format!("{name:<11}{value}"));
                }
                output::line("");
                output::lines(&timeline::lines(&events));
            }
        }
        Ok(())
    }
}

/// Why a waiting letter is held back by configuration or by a person, where it is.
fn waits_for(delivery: &Delivery, context: &Context, pauses: &[Pause]) -> Option<String> {
    if !matches!(delivery.status, Status::Queued | Status::Retrying) {
        return None;
    }
    if context.config.email == Switch::Off {
        return Some("EMAIL_ENABLED is false: letters are accepted and wait".to_owned());
    }
    if let Some(tenant) = delivery.tenant_id.as_ref().filter(|tenant| context.config.held_tenants.contains(tenant)) {
        return Some(format!("[tenants.{tenant}] enabled is false: its letters are accepted and wait"));
    }
    // Without a sender, this host does not know the routes.
    let workflows = context.config.workflows.as_ref();
    let route = workflows.map(|workflows| workflows.of(&delivery.workflow).route.as_slice());
    pauses::holding(delivery, route.unwrap_or_default(), pauses)
}

fn facts(delivery: &Delivery, waiting: Option<String>) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("delivery", delivery.delivery_id.to_string()),
        ("workflow", delivery.workflow.to_string()),
        ("recipient", delivery.recipient.to_string()),
        ("status", format!("{} ({})", delivery.status, delivery.status.simple(delivery.feedback).as_str())),
        ("attempts", attempts(delivery)),
    ];
    let mut also = |name, value: Option<String>| facts.extend(value.map(|value| (name, value)));
    also("template", delivery.template.as_ref().map(ToString::to_string));
    also("tenant", delivery.tenant_id.as_ref().map(ToString::to_string));
    also("due", delivery.due_at.filter(|_| !delivery.status.is_final()).map(timeline::time));
    also("expires", delivery.expires_at.map(timeline::time));
    also("sent", delivery.sent_at.map(timeline::time));
    also("provider", delivery.provider.as_ref().map(ToString::to_string));
    also("message-id", delivery.message_id.clone());
    also(
        "error",
        delivery
            .last_error_code
            .as_ref()
            .map(|code| format!("{code} {}", delivery.last_error_message).trim_end().to_owned()),
    );
    also("waits", waiting);
    facts
}

fn attempts(delivery: &Delivery) -> String {
    match delivery.excused {
        0 => delivery.attempts.to_string(),
        excused => format!("{} ({excused} of them nobody's fault)", delivery.attempts),
    }
}
