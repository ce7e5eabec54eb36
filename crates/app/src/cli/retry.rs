//! `postroom retry`.

use clap::Args;
use postroom_domain::status::Status;

use super::Failure;
use super::context::Context;
use super::house::At;
use super::request::{Teller, ids};
use crate::documents::decisions::Wish;

/// Gives letters their next attempt now.
#[derive(Args, Debug)]
#[command(
    after_help = "A letter that waits for its next attempt (retrying) becomes due at once and keeps its budget. One that \
                  was given up (failed, dead_letter) goes back with its whole budget. Many at once: postroom \
                  dead-letters redrive."
)]
pub(super) struct Retry {
    #[command(flatten)]
    at: At,
    /// The deliveries' ids, as `enqueue` printed them
    #[arg(required = true, value_name = "DELIVERY_ID")]
    delivery_ids: Vec<String>,
}

impl Retry {
    /// Runs it.
    ///
    /// # Errors
    /// The letter is in no status that knows a next attempt, or there is no such delivery.
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let ids = ids(&self.delivery_ids)?;
        let answers = self.at.house(context).await?.request(&ids, Wish::Retry).await?;
        Teller { context, why_not }.tell(&ids, &answers)
    }
}

pub(super) const fn why_not(status: Status) -> &'static str {
    match status {
        Status::Queued => "it has not been tried yet, and goes out when it is due",
        Status::InProgress => "a worker has it right now",
        Status::InDoubt => {
            "it may have arrived: `postroom in-doubt resolve --resend DELIVERY_ID` sends it again, and --sent or --give-up do not"
        }
        Status::Sent => "it has been sent",
        Status::Cancelled => "it was called off for good; hand in a new letter",
        Status::Retrying | Status::Failed | Status::DeadLetter => "its status changed meanwhile; ask again",
    }
}
