//! `postroom dead-letters redrive`.

use std::io::IsTerminal as _;
use std::sync::Arc;

use clap::Args;
use postroom_domain::id::DeliveryId;
use postroom_domain::status::Status;
use postroom_ports::queue::Changed;
use serde_json::json;

use super::Given;
use crate::cli::context::{Context, Format};
use crate::cli::filters::Filters;
use crate::cli::request::{Teller, ids};
use crate::cli::{Failure, output, progress, search};
use crate::requests::Requests;
use crate::system::LogObserver;

/// How many letters are put back in one transaction.
const CHUNK: usize = 100;

/// Puts letters back that were given up.
#[derive(Args, Debug)]
#[command(
    override_usage = "postroom dead-letters redrive DELIVERY_ID...\n       postroom dead-letters redrive [--workflow NAME] \
                      [--since TIME] [FILTER]...\n       postroom dead-letters redrive --all",
    after_help = "By filter or all, it says how many there are and asks first; --yes answers for a script. Exit status 1 if \
                  any was left as it is."
)]
pub(super) struct Redrive {
    /// These, by id
    #[arg(value_name = "DELIVERY_ID", conflicts_with_all = ["Filters", "all"])]
    delivery_ids: Vec<String>,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    given: Given,
    /// All that were given up
    #[arg(long)]
    all: bool,
    /// Do not ask
    #[arg(long, short = 'y')]
    yes: bool,
}

/// What became of many.
#[derive(Default)]
struct Tally {
    redriven: usize,
    content_gone: usize,
    left: usize,
}

impl Redrive {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        if self.delivery_ids.is_empty() && self.filters.is_empty() && !self.all {
            return Err(Failure::usage("which ones? name their ids, narrow them by a filter, or say --all"));
        }
        let store = context.open().await?;
        let requests = Requests::new(store.queue, Arc::new(LogObserver));
        if !self.delivery_ids.is_empty() {
            let ids = ids(&self.delivery_ids)?;
            let answers = requests.redrive(&ids).await?;
            return Teller { context, why_not }.tell(&ids, &answers);
        }
        let found = search::everything(&*store.tracker, &self.filters.search(self.given.statuses())?, None).await?;
        let ids: Vec<DeliveryId> = found.into_iter().map(|delivery| delivery.delivery_id).collect();
        if ids.is_empty() {
            show(context, &Tally::default());
            return Ok(());
        }
        if !self.yes && !confirmed(ids.len())? {
            return Err(Failure::refused("nothing was put back"));
        }
        let tally = put_back(&requests, &ids).await?;
        show(context, &tally);
        if tally.content_gone + tally.left == 0 {
            return Ok(());
        }
        Err(Failure::refused(format!(
            "{} of {} were left as they are: {} have no content any more (it is past its retention), {} changed meanwhile",
            tally.content_gone + tally.left,
            ids.len(),
            tally.content_gone,
            tally.left
        )))
    }
}

/// Chunk by chunk, each in a transaction of its own: what was put back stays so, whatever comes.
async fn put_back(requests: &Requests, ids: &[DeliveryId]) -> Result<Tally, Failure> {
    let bar = progress::letters(ids.len());
    let mut tally = Tally::default();
    for chunk in ids.chunks(CHUNK) {
        for answer in requests.redrive(chunk).await? {
            match answer {
                Changed::Done(_) => tally.redriven += 1,
                Changed::ContentGone => tally.content_gone += 1,
                Changed::Not(_) | Changed::Unknown => tally.left += 1,
            }
        }
        bar.inc(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
    }
    bar.finish_and_clear();
    Ok(tally)
}

/// Asks at a terminal. Without one nobody can answer, and silence is no yes.
fn confirmed(count: usize) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Failure::usage(format!(
            "{count} letters would go out again, and nobody is there to ask; say --yes"
        )));
    }
    dialoguer::Confirm::new()
        .with_prompt(format!("Put {count} letters back, to be sent again?"))
        .default(false)
        .interact()
        .map_err(|error| Failure::usage(format!("the answer cannot be read: {error}")))
}

fn show(context: &Context, tally: &Tally) {
    match context.format {
        Format::Json => {
            let document = json!({
                "redriven": tally.redriven, "content_gone": tally.content_gone, "left": tally.left,
            });
            output::line(&document.to_string());
        }
        Format::Text => output::line(&format!("{} letters put back", tally.redriven)),
    }
}

const fn why_not(status: Status) -> &'static str {
    match status {
        Status::Retrying => "it was not given up; `postroom retry` makes its next attempt at once",
        other => crate::cli::retry::why_not(other),
    }
}
