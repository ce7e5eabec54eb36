//! `postroom status`.

use clap::Args;
use postroom_domain::id::DeliveryId;
use postroom_ports::tracker::Delivery;
use serde_json::json;

use super::context::{Context, Format};
use super::house::At;
use super::{Failure, output, timeline};
use crate::documents::time;

/// Shows one delivery with its whole history.
#[derive(Args, Debug)]
pub(super) struct StatusCommand {
    #[command(flatten)]
    at: At,
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
        let Some(found) = self.at.house(context).await?.find(&id).await? else {
            return Err(Failure::unknown(id.as_str()));
        };
        match context.format {
            Format::Json => output::line(&json!(found.document()).to_string()),
            Format::Text => {
                for (name, value) in facts(&found.delivery, found.waits_for) {
                    output::line(&format!("{name:<11}{value}"));
                }
                output::line("");
                output::lines(&timeline::lines(&found.events));
            }
        }
        Ok(())
    }
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
    also("due", delivery.due_at.filter(|_| !delivery.status.is_final()).map(time));
    also("expires", delivery.expires_at.map(time));
    also("sent", delivery.sent_at.map(time));
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
