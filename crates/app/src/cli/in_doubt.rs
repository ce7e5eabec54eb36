//! `postroom in-doubt`: letters whose answer was lost, and what becomes of them.

use clap::{Args, Subcommand};
use postroom_domain::lifecycle::Resolution;
use postroom_domain::status::Status;

use super::Failure;
use super::context::Context;
use super::many::{Many, Wish};
use super::search::Listing;
use super::status::StatusCommand;
use crate::documents::decisions;

/// Letters that were handed over and whose answer was lost: they may have arrived.
#[derive(Args, Debug)]
pub(super) struct InDoubt {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List them, the newest first; those with the code HELD wait for you
    List(Listing),
    /// Show one with its whole history
    Show(StatusCommand),
    /// Decide about them: some by id, some by filter, or all
    Resolve(Resolve),
}

/// Says what becomes of letters in doubt, held or not.
#[derive(Args, Debug)]
#[command(
    override_usage = "postroom in-doubt resolve <--sent|--resend|--give-up> DELIVERY_ID...\n       postroom in-doubt resolve \
                      <--sent|--resend|--give-up> [--workflow NAME] [--since TIME] [FILTER]...\n       postroom in-doubt \
                      resolve <--sent|--resend|--give-up> --all",
    after_help = "Ask the provider for the Message-ID (`postroom in-doubt show`), or the recipient, before you decide. By \
                  filter or all, it says how many there are and asks first; --yes answers for a script. Exit status 1 if any \
                  was left as it is."
)]
struct Resolve {
    #[command(flatten)]
    decision: Decision,
    #[command(flatten)]
    many: Many,
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

impl InDoubt {
    /// Runs it.
    ///
    /// # Errors
    /// A filter that is none, a letter that is not in doubt, or a store that cannot be used.
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self.what {
            What::List(listing) => listing.run(context, vec![Status::InDoubt]).await,
            What::Show(command) => command.run(context).await,
            What::Resolve(command) => command.run(context).await,
        }
    }
}

impl Resolve {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let resolution = self.decision.resolution();
        let wish = Wish {
            request: match resolution {
                Resolution::Sent => decisions::Wish::ResolveSent,
                Resolution::Resend => decisions::Wish::ResolveResend,
                Resolution::GiveUp => decisions::Wish::ResolveGiveUp,
            },
            among: vec![Status::InDoubt],
            done: "resolved",
            key: "resolved",
            would: match resolution {
                Resolution::Sent => "would count as sent",
                Resolution::Resend => "would be sent again, and may arrive twice",
                Resolution::GiveUp => "would count as failed",
            },
            why_not,
        };
        self.many.carry_out(context, wish).await
    }
}

const fn why_not(status: Status) -> &'static str {
    match status {
        Status::InProgress => "a worker has it right now, and it is not in doubt yet",
        Status::Failed | Status::DeadLetter | Status::Retrying => "it is not in doubt; `postroom retry` sends it again",
        Status::Queued | Status::InDoubt | Status::Sent | Status::Cancelled => "it is not in doubt",
    }
}
