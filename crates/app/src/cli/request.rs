//! What a person asks for after the fact, for one letter or for many, and how the answers are told.

use std::sync::Arc;

use postroom_domain::id::DeliveryId;
use postroom_domain::status::Status;
use postroom_ports::error::PortError;
use postroom_ports::queue::Changed;
use serde_json::json;

use super::context::{Context, Format};
use super::{Failure, output};
use crate::requests::Requests;
use crate::system::LogObserver;

/// The ids as they were typed.
///
/// # Errors
/// One cannot be an id.
pub(super) fn ids(texts: &[String]) -> Result<Vec<DeliveryId>, Failure> {
    let parse = |text: &String| DeliveryId::parse(text.as_str()).map_err(|e| Failure::usage(e.to_string()));
    texts.iter().map(parse).collect()
}

/// The use cases on the store that was named.
///
/// # Errors
/// It cannot be opened.
pub(super) async fn requests(context: &Context) -> Result<Requests, Failure> {
    Ok(Requests::new(context.open().await?.queue, Arc::new(LogObserver)))
}

/// Gives letters their next attempt: at once where they wait for one, and with a new budget
/// where they were given up.
///
/// # Errors
/// Those of the queue.
pub(super) async fn try_again(requests: &Requests, ids: &[DeliveryId]) -> Result<Vec<Changed>, PortError> {
    let mut answers = requests.retry(ids).await?;
    let given_up = |answer: &Changed| matches!(answer, Changed::Not(Status::Failed | Status::DeadLetter));
    let places: Vec<usize> = answers.iter().enumerate().filter(|(_, a)| given_up(a)).map(|(place, _)| place).collect();
    let back: Vec<DeliveryId> = places.iter().filter_map(|place| ids.get(*place).cloned()).collect();
    if back.is_empty() {
        return Ok(answers);
    }
    for (place, answer) in places.into_iter().zip(requests.redrive(&back).await?) {
        answers[place] = answer;
    }
    Ok(answers)
}

/// How the answers of one command are told.
#[derive(Clone, Copy)]
pub(super) struct Teller<'a> {
    pub(super) context: &'a Context,
    /// Why a letter in that status is left alone, and what to do instead.
    pub(super) why_not: fn(Status) -> &'static str,
}

impl Teller<'_> {
    /// Tells each answer; results on standard output, refusals on standard error.
    ///
    /// # Errors
    /// Something was refused: with one letter the reason itself, with many how many there were.
    pub(super) fn tell(self, ids: &[DeliveryId], answers: &[Changed]) -> Result<(), Failure> {
        let mut refusals = Vec::new();
        for (id, answer) in ids.iter().zip(answers) {
            refusals.extend(self.tell_one(id, answer).err());
        }
        match refusals.len() {
            0 => Ok(()),
            1 if ids.len() == 1 => refusals.pop().map_or(Ok(()), Err),
            count => {
                for refusal in refusals {
                    refusal.note();
                }
                Err(Failure::refused(format!("{count} of {} letters were left as they are", ids.len())))
            }
        }
    }

    fn tell_one(self, id: &DeliveryId, answer: &Changed) -> Result<(), Failure> {
        match answer {
            Changed::Done(committed) => {
                let status = committed.transition.next.status;
                match self.context.format {
                    Format::Json => {
                        output::line(&json!({ "delivery_id": id.as_str(), "status": status.as_str() }).to_string());
                    }
                    Format::Text => output::line(&format!("{id} is {status}")),
                }
                Ok(())
            }
            Changed::Not(status) => Err(Failure::refused(format!("{id} is {status}; {}", (self.why_not)(*status)))),
            Changed::ContentGone => {
                let reason =
                    "its content is past its retention and gone, so it cannot be sent again; hand in a new letter";
                Err(Failure::refused(format!("{id}: {reason}")))
            }
            Changed::Unknown => Err(Failure::unknown(id.as_str())),
        }
    }
}
