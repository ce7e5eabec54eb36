//! What a person or an application asks for after the fact.

use std::sync::Arc;

use postroom_domain::id::DeliveryId;
use postroom_ports::error::PortError;
use postroom_ports::queue::{Changed, DeliveryQueue};
use postroom_ports::sinks::Observer;

/// Cancel and redrive.
#[derive(Clone, Debug)]
pub struct Requests {
    queue: Arc<dyn DeliveryQueue>,
    observer: Arc<dyn Observer>,
}

impl Requests {
    /// Requests to `queue`, which `observer` hears of.
    #[must_use]
    pub fn new(queue: Arc<dyn DeliveryQueue>, observer: Arc<dyn Observer>) -> Self {
        Self { queue, observer }
    }

    /// Stops a letter that is not claimed.
    ///
    /// # Errors
    /// Those of the queue.
    pub async fn cancel(&self, id: &DeliveryId) -> Result<Changed, PortError> {
        Ok(self.heard(self.queue.cancel(std::slice::from_ref(id)).await?))
    }

    /// Puts a failed or dead letter back.
    ///
    /// # Errors
    /// Those of the queue.
    pub async fn redrive(&self, id: &DeliveryId) -> Result<Changed, PortError> {
        Ok(self.heard(self.queue.redrive(std::slice::from_ref(id)).await?))
    }

    fn heard(&self, mut answers: Vec<Changed>) -> Changed {
        let answer = answers.pop().unwrap_or(Changed::Unknown);
        if let Changed::Done(committed) = &answer {
            self.observer.committed(&committed.delivery_id, &committed.workflow, &committed.transition);
        }
        answer
    }
}
