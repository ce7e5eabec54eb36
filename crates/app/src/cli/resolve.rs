//! `postroom resolve`.

use clap::Args;
use postroom_domain::lifecycle::Resolution;
use postroom_domain::status::Status;

use super::Failure;
use super::context::Context;
use super::request::{Teller, ids, requests};

/// Says what becomes of letters in doubt: those that were handed over and whose answer was lost.
#[derive(Args, Debug)]
#[command(
    after_help = "Ask the provider, or the recipient, before you decide. `postroom search --status in_doubt` lists them."
)]
pub(super) struct Resolve {
    /// The deliveries' ids, as `enqueue` printed them
    #[arg(required = true, value_name = "DELIVERY_ID")]
    delivery_ids: Vec<String>,
    #[command(flatten)]
    decision: Decision,
}

/// One of three.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct Decision {
    /// They arrived
    #[arg(long)]
    sent: bool,
    /// Send them again: the recipient may have them twice
    #[arg(long)]
    resend: bool,
    /// Leave it at that: they count as failed
    #[arg(long)]
    give_up: bool,
}

impl Decision {
    const fn resolution(&self) -> Resolution {
        if self.sent {
            Resolution::Sent
        } else if self.resend {
            Resolution::Resend
        } else {
            Resolution::GiveUp
        }
    }
}

impl Resolve {
    /// Runs it.
    ///
    /// # Errors
    /// The letter is not in doubt, or there is no such delivery.
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let ids = ids(&self.delivery_ids)?;
        let answers = requests(context).await?.resolve(&ids, self.decision.resolution()).await?;
        Teller { context, why_not }.tell(&ids, &answers)
    }
}

const fn why_not(status: Status) -> &'static str {
    match status {
        Status::InProgress => "a worker has it right now, and it is not in doubt yet",
        Status::Failed | Status::DeadLetter | Status::Retrying => "it is not in doubt; `postroom retry` sends it again",
        Status::Queued | Status::InDoubt | Status::Sent | Status::Cancelled => "it is not in doubt",
    }
}
