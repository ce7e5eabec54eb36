//! `postroom dead-letters`: what was given up, and how it goes out after all.

mod redrive;

use clap::{Args, Subcommand};
use postroom_domain::status::Status;
use postroom_ports::tracker::Page;

use super::Failure;
use super::context::Context;
use super::filters::{Filters, read_cursor};
use super::search;
use super::status::StatusCommand;

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
    Redrive(redrive::Redrive),
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
    filters: Filters,
    #[command(flatten)]
    given: Given,
    /// How many to show
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Begin where a page ended
    #[arg(long, value_name = "PLACE")]
    after: Option<String>,
}

impl DeadLetters {
    /// Runs it.
    ///
    /// # Errors
    /// A filter that is none, a letter that cannot be put back, or a store that cannot be used.
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self.what {
            What::List(command) => command.run(context).await,
            What::Show(command) => command.run(context).await,
            What::Redrive(command) => command.run(context).await,
        }
    }
}

impl List {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let search = self.filters.search(self.given.statuses())?;
        let after = self.after.as_deref().map(read_cursor).transpose()?;
        let page: Page = context.open().await?.tracker.search(&search, after.as_ref(), self.limit).await?;
        search::show(context, &page);
        Ok(())
    }
}
