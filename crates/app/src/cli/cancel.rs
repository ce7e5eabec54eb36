//! `postroom cancel`.

use clap::Args;
use postroom_domain::status::Status;

use super::Failure;
use super::context::Context;
use super::house::At;
use super::request::{Teller, ids};
use crate::documents::decisions::Wish;

/// Stops letters that are queued or wait for their next attempt.
#[derive(Args, Debug)]
pub(super) struct Cancel {
    #[command(flatten)]
    at: At,
    /// The deliveries' ids, as `enqueue` printed them
    #[arg(required = true, value_name = "DELIVERY_ID")]
    delivery_ids: Vec<String>,
}

impl Cancel {
    /// Runs it.
    ///
    /// # Errors
    /// It is too late, or there is no such delivery.
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let ids = ids(&self.delivery_ids)?;
        let answers = self.at.house(context).await?.request(&ids, Wish::Cancel).await?;
        Teller { context, why_not }.tell(&ids, &answers)
    }
}

const fn why_not(status: Status) -> &'static str {
    match status {
        Status::InProgress | Status::InDoubt => "too late: it may be on its way already",
        Status::Sent => "too late: it has been sent",
        Status::Queued | Status::Retrying | Status::Failed | Status::DeadLetter | Status::Cancelled => {
            "there is nothing to stop"
        }
    }
}
