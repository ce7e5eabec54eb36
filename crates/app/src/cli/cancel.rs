//! `postroom cancel`.

use std::sync::Arc;

use clap::Args;
use postroom_domain::id::DeliveryId;
use postroom_domain::status::Status;
use postroom_ports::queue::Changed;
use serde_json::json;

use super::context::{Context, Format};
use super::{Failure, output};
use crate::requests::Requests;
use crate::system::LogObserver;

/// Stops a letter that is queued or waits for its next attempt.
#[derive(Args, Debug)]
pub(super) struct Cancel {
    /// The delivery's id, as `enqueue` printed it
    delivery_id: String,
}

impl Cancel {
    /// Runs it.
    ///
    /// # Errors
    /// It is too late, or there is no such delivery.
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let id = DeliveryId::parse(&self.delivery_id).map_err(|e| Failure::usage(e.to_string()))?;
        let requests = Requests::new(context.open().await?.queue, Arc::new(LogObserver));
        match requests.cancel(std::slice::from_ref(&id)).await?.pop().unwrap_or(Changed::Unknown) {
            Changed::Done(committed) => {
                let status = committed.transition.next.status;
                match context.format {
                    Format::Json => {
                        output::line(&json!({ "delivery_id": id.as_str(), "status": status.as_str() }).to_string());
                    }
                    Format::Text => output::line(&format!("{id} is {status}")),
                }
                Ok(())
            }
            Changed::Not(status) => Err(Failure::refused(too_late(&id, status))),
            Changed::ContentGone | Changed::Unknown => Err(Failure::unknown(id.as_str())),
        }
    }
}

fn too_late(id: &DeliveryId, status: Status) -> String {
    let why = match status {
        Status::InProgress | Status::InDoubt => "too late: it may be on its way already",
        Status::Sent => "too late: it has been sent",
        Status::Queued | Status::Retrying | Status::Failed | Status::DeadLetter | Status::Cancelled => {
            "there is nothing to stop"
        }
    };
    format!("{id} is {status}; {why}")
}
