//! What a person or an application asks for after the fact.

use std::sync::Arc;

use postroom_domain::id::{Actor, DeliveryId};
use postroom_domain::lifecycle::Resolution;
use postroom_domain::status::Status;
use postroom_ports::error::PortError;
use postroom_ports::queue::{Changed, DeliveryQueue, Request};
use postroom_ports::sinks::Observer;

#[cfg(feature = "cli")]
use crate::documents::decisions::Wish;

/// Cancel, redrive, retry and resolve: each for many letters at once, and each letter on its
/// own account. One answer per id, in order.
#[derive(Clone, Debug)]
pub struct Requests {
    queue: Arc<dyn DeliveryQueue>,
    observer: Arc<dyn Observer>,
    by: Option<Actor>,
}

impl Requests {
    /// Requests to `queue`, which `observer` hears of.
    #[must_use]
    pub fn new(queue: Arc<dyn DeliveryQueue>, observer: Arc<dyn Observer>) -> Self {
        Self { queue, observer, by: None }
    }

    /// The same, and the audit trail says who asked, where that is known.
    #[must_use]
    pub fn by(&self, actor: Option<Actor>) -> Self {
        Self { by: actor, ..self.clone() }
    }

    /// Stops letters that are not claimed.
    ///
    /// # Errors
    /// Those of the queue.
    pub async fn cancel(&self, ids: &[DeliveryId]) -> Result<Vec<Changed>, PortError> {
        self.request(ids, Request::Cancel).await
    }

    /// Puts failed and dead letters back.
    ///
    /// # Errors
    /// Those of the queue.
    pub async fn redrive(&self, ids: &[DeliveryId]) -> Result<Vec<Changed>, PortError> {
        self.request(ids, Request::Redrive).await
    }

    /// Makes the next attempt of letters that wait for it at once.
    ///
    /// # Errors
    /// Those of the queue.
    pub async fn retry(&self, ids: &[DeliveryId]) -> Result<Vec<Changed>, PortError> {
        self.request(ids, Request::Retry).await
    }

    /// Gives letters their next attempt: at once where they wait for one, and with a new budget
    /// where they were given up.
    ///
    /// # Errors
    /// Those of the queue.
    pub async fn try_again(&self, ids: &[DeliveryId]) -> Result<Vec<Changed>, PortError> {
        let mut answers = self.retry(ids).await?;
        let given_up = |answer: &Changed| matches!(answer, Changed::Not(Status::Failed | Status::DeadLetter));
        let places: Vec<usize> =
            answers.iter().enumerate().filter(|(_, a)| given_up(a)).map(|(place, _)| place).collect();
        let back: Vec<DeliveryId> = places.iter().filter_map(|place| ids.get(*place).cloned()).collect();
        if back.is_empty() {
            return Ok(answers);
        }
        for (place, answer) in places.into_iter().zip(self.redrive(&back).await?) {
            answers[place] = answer;
        }
        Ok(answers)
    }

    /// Says what becomes of letters in doubt.
    ///
    /// # Errors
    /// Those of the queue.
    pub async fn resolve(&self, ids: &[DeliveryId], resolution: Resolution) -> Result<Vec<Changed>, PortError> {
        self.request(ids, Request::Resolve(resolution)).await
    }

    /// What a wish asks for.
    ///
    /// # Errors
    /// Those of the queue.
    #[cfg(feature = "cli")]
    pub async fn wish(&self, ids: &[DeliveryId], wish: Wish) -> Result<Vec<Changed>, PortError> {
        match wish {
            Wish::Cancel => self.cancel(ids).await,
            Wish::Retry => self.try_again(ids).await,
            Wish::Redrive => self.redrive(ids).await,
            Wish::ResolveSent => self.resolve(ids, Resolution::Sent).await,
            Wish::ResolveResend => self.resolve(ids, Resolution::Resend).await,
            Wish::ResolveGiveUp => self.resolve(ids, Resolution::GiveUp).await,
        }
    }

    /// Any of these.
    ///
    /// # Errors
    /// Those of the queue.
    pub async fn request(&self, ids: &[DeliveryId], request: Request) -> Result<Vec<Changed>, PortError> {
        let answers = self.queue.request(ids, request, self.by.as_ref()).await?;
        for answer in &answers {
            if let Changed::Done(committed) = answer {
                self.observer.committed(&committed.delivery_id, &committed.workflow, None, &committed.transition);
            }
        }
        Ok(answers)
    }
}
