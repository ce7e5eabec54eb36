//! `postroom dead-letters`: what was given up, and how it goes out after all.

use clap::{Args, Subcommand};
use postroom_domain::status::Status;

use super::context::Context;
use super::many::{Many, Wish};
use super::search::Listing;
use super::status::StatusCommand;
use super::{Failure, retry};
use crate::documents::decisions;

/// Letters that nobody will try again by itself.
#[derive(Args, Debug)]
pub(super) struct DeadLetters {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List them, the newest first
    List(List),
    /// Show one with its whole history
    Show(StatusCommand),
    /// Put them back with their whole budget: some by id, some by filter, or all
    Redrive(Redrive),
}

/// Which of those that were given up.
#[derive(Args, Debug)]
struct Given {
    /// Also those that were refused for good (failed), not only those whose attempts or time ran out (`dead_letter`)
    #[arg(long)]
    with_failed: bool,
}

impl Given {
    fn statuses(&self) -> Vec<Status> {
        if self.with_failed { vec![Status::DeadLetter, Status::Failed] } else { vec![Status::DeadLetter] }
    }
}

#[derive(Args, Debug)]
struct List {
    #[command(flatten)]
    listing: Listing,
    #[command(flatten)]
    given: Given,
}

/// Puts letters back that were given up.
#[derive(Args, Debug)]
#[command(
    override_usage = "postroom dead-letters redrive DELIVERY_ID...\n       postroom dead-letters redrive [--workflow NAME] \
                      [--since TIME] [FILTER]...\n       postroom dead-letters redrive --all",
    after_help = "By filter or all, it says how many there are and asks first; --yes answers for a script. Exit status 1 if \
                  any was left as it is."
)]
struct Redrive {
    #[command(flatten)]
    many: Many,
    #[command(flatten)]
    given: Given,
}

impl DeadLetters {
    /// Runs it.
    ///
    /// # Errors
    /// A filter that is none, a letter that cannot be put back, or a store that cannot be used.
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self.what {
            What::List(command) => command.listing.run(context, command.given.statuses()).await,
            What::Show(command) => command.run(context).await,
            What::Redrive(command) => command.run(context).await,
        }
    }
}

impl Redrive {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let wish = Wish {
            request: decisions::Wish::Redrive,
            among: self.given.statuses(),
            done: "put back",
            key: "redriven",
            would: "would be put back and sent again",
            why_not,
        };
        self.many.carry_out(context, wish).await
    }
}

const fn why_not(status: Status) -> &'static str {
    match status {
        Status::Retrying => "it was not given up; `postroom retry` makes its next attempt at once",
        other => retry::why_not(other),
    }
}
