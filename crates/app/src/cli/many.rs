//! One decision about letters: some by id, some by filter, or all.

use std::io::IsTerminal as _;

use clap::Args;
use postroom_domain::id::DeliveryId;
use postroom_domain::status::Status;
use serde_json::json;

use super::context::{Context, Format};
use super::filters::Filters;
use super::house::{Answer, At, House};
use super::request::{Teller, ids};
use super::{Failure, output, progress, search};
use crate::documents::decisions;

/// How many letters are decided about in one transaction.
const CHUNK: usize = 100;

/// Which letters.
#[derive(Args, Debug)]
pub(super) struct Many {
    #[command(flatten)]
    at: At,
    /// These, by id
    #[arg(value_name = "DELIVERY_ID", conflicts_with_all = ["Filters", "all"])]
    delivery_ids: Vec<String>,
    #[command(flatten)]
    filters: Filters,
    /// All of them
    #[arg(long)]
    all: bool,
    /// Do not ask
    #[arg(long, short = 'y')]
    yes: bool,
}

/// What is to become of them, and how it is said.
pub(super) struct Wish {
    pub(super) request: decisions::Wish,
    /// Among which letters a filter looks.
    pub(super) among: Vec<Status>,
    /// What has been done to them, as in "3 letters put back" and, for scripts, as a key.
    pub(super) done: &'static str,
    pub(super) key: &'static str,
    /// What would happen to so many letters, as in "would go out again".
    pub(super) would: &'static str,
    /// Why a letter in that status is left alone, and what to do instead.
    pub(super) why_not: fn(Status) -> &'static str,
}

/// What became of many.
#[derive(Default)]
struct Tally {
    done: usize,
    content_gone: usize,
    left: usize,
}

impl Many {
    /// Does it, and tells what became of each letter, or of how many.
    ///
    /// # Errors
    /// No letter is named, a filter that is none, a letter that is left as it is, or a store
    /// that cannot be used.
    pub(super) async fn carry_out(self, context: &Context, wish: Wish) -> Result<(), Failure> {
        if self.delivery_ids.is_empty() && self.filters.is_empty() && !self.all {
            return Err(Failure::usage("which ones? name their ids, narrow them by a filter, or say --all"));
        }
        let house = self.at.house(context).await?;
        if !self.delivery_ids.is_empty() {
            let ids = ids(&self.delivery_ids)?;
            let answers = house.request(&ids, wish.request).await?;
            return Teller { context, why_not: wish.why_not }.tell(&ids, &answers);
        }
        let found = search::everything(&house, &self.filters.search(wish.among.clone())?, None).await?;
        let ids: Vec<DeliveryId> = found.into_iter().map(|delivery| delivery.delivery_id).collect();
        if !ids.is_empty() && !self.yes && !confirmed(&format!("{} letters {}", ids.len(), wish.would))? {
            return Err(Failure::refused(format!("no letter was {}", wish.done)));
        }
        wish.tell(context, &wish.grant(&house, &ids).await?, ids.len())
    }
}

impl Wish {
    /// Chunk by chunk, each in a transaction of its own: what was done stays so, whatever comes.
    async fn grant(&self, house: &House, ids: &[DeliveryId]) -> Result<Tally, Failure> {
        let bar = progress::letters(ids.len());
        let mut tally = Tally::default();
        for chunk in ids.chunks(CHUNK) {
            for answer in house.request(chunk, self.request).await? {
                match answer {
                    Answer::Done(_) => tally.done += 1,
                    Answer::ContentGone => tally.content_gone += 1,
                    Answer::Not(_) | Answer::Unknown => tally.left += 1,
                }
            }
            bar.inc(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        }
        bar.finish_and_clear();
        Ok(tally)
    }

    fn tell(&self, context: &Context, tally: &Tally, of: usize) -> Result<(), Failure> {
        let Tally { done, content_gone, left } = tally;
        match context.format {
            Format::Json => {
                let document = json!({ self.key: done, "content_gone": content_gone, "left": left });
                output::line(&document.to_string());
            }
            Format::Text => output::line(&format!("{done} letters {}", self.done)),
        }
        if content_gone + left == 0 {
            return Ok(());
        }
        Err(Failure::refused(format!(
            "{} of {of} were left as they are: {content_gone} have no content any more (it is past its retention), {left} \
             changed meanwhile",
            content_gone + left
        )))
    }
}

/// Asks at a terminal. Without one nobody can answer, and silence is no yes.
fn confirmed(what: &str) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Failure::usage(format!("{what}, and nobody is there to ask; say --yes")));
    }
    dialoguer::Confirm::new()
        .with_prompt(format!("{what}. Go on?"))
        .default(false)
        .interact()
        .map_err(|error| Failure::usage(format!("the answer cannot be read: {error}")))
}
