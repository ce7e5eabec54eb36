//! What a person asks for after the fact, for one letter or for many, and how the answers are told.

use postroom_domain::id::DeliveryId;
use postroom_domain::status::Status;
use serde_json::json;

use super::context::{Context, Format};
use super::house::Answer;
use super::{Failure, output};

/// The ids as they were typed.
///
/// # Errors
/// One cannot be an id.
pub(super) fn ids(texts: &[String]) -> Result<Vec<DeliveryId>, Failure> {
    let parse = |text: &String| DeliveryId::parse(text.as_str()).map_err(|e| Failure::usage(e.to_string()));
    texts.iter().map(parse).collect()
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
    pub(super) fn tell(self, ids: &[DeliveryId], answers: &[Answer]) -> Result<(), Failure> {
        let mut refusals = Vec::new();
        for (id, answer) in ids.iter().zip(answers) {
            refusals.extend(self.tell_one(id, *answer).err());
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

    fn tell_one(self, id: &DeliveryId, answer: Answer) -> Result<(), Failure> {
        match answer {
            Answer::Done(status) => {
                match self.context.format {
                    Format::Json => {
                        output::line(&json!({ "delivery_id": id.as_str(), "status": status.as_str() }).to_string());
                    }
                    Format::Text => output::line(&format!("{id} is {status}")),
                }
                Ok(())
            }
            Answer::Not(status) => Err(Failure::refused(format!("{id} is {status}; {}", (self.why_not)(status)))),
            Answer::ContentGone => {
                let reason =
                    "its content is past its retention and gone, so it cannot be sent again; hand in a new letter";
                Err(Failure::refused(format!("{id}: {reason}")))
            }
            Answer::Unknown => Err(Failure::unknown(id.as_str())),
        }
    }
}
