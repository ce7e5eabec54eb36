//! `postroom search`.

use clap::Args;
use postroom_domain::status::Status;
use postroom_ports::tracker::{Cursor, Page, Search};
use serde_json::json;

use super::context::{Context, Format};
use super::filters::{Filters, StatusFilter};
use super::house::{At, House};
use super::{Failure, output, table};
use crate::documents::{self, AddressView, read};

/// How many deliveries one question to the store brings, where all are wanted.
const CHUNK: u32 = 200;

/// Finds deliveries, the newest first.
#[derive(Args, Debug)]
#[command(
    after_help = "With --json one document {\"deliveries\": […], \"next\": …}; \"next\" goes to --after, and is null at the \
                  end.\nExamples:\n  postroom search --recipient reader@example.org\n  postroom search --status \
                  failed,dead_letter --since 24h --json"
)]
pub(super) struct SearchCommand {
    #[command(flatten)]
    listing: Listing,
    #[command(flatten)]
    status: StatusFilter,
}

/// Which deliveries to list, and how many of them.
#[derive(Args, Debug)]
pub(super) struct Listing {
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    filters: Filters,
    /// How many to show
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Begin where a page ended
    #[arg(long, value_name = "PLACE")]
    after: Option<String>,
    /// Show all of them, however many
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

impl SearchCommand {
    /// Runs it.
    ///
    /// # Errors
    /// A filter that is none, or a store that cannot be used.
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        self.listing.run(context, self.status.statuses()).await
    }
}

impl Listing {
    /// Lists those in any of `statuses`.
    ///
    /// # Errors
    /// A filter that is none, or a store that cannot be used.
    pub(super) async fn run(self, context: &Context, statuses: Vec<Status>) -> Result<(), Failure> {
        let search = self.filters.search(statuses)?;
        let after = self.after.as_deref().map(read::cursor).transpose();
        let after = after.map_err(|mistake| Failure::usage(mistake.in_field("--after").to_string()))?;
        let house = self.at.house(context).await?;
        let page = if self.all {
            let deliveries = everything(&house, &search, after).await?;
            Page { deliveries, next: None }
        } else {
            house.search(&search, after, self.limit).await?
        };
        show(context, &page);
        Ok(())
    }
}

/// Every delivery that matches, page by page.
///
/// # Errors
/// Those of the house.
pub(super) async fn everything(
    house: &House,
    search: &Search,
    mut after: Option<Cursor>,
) -> Result<Vec<postroom_ports::tracker::Delivery>, Failure> {
    let mut deliveries = Vec::new();
    loop {
        let page = house.search(search, after, CHUNK).await?;
        deliveries.extend(page.deliveries);
        after = page.next;
        if after.is_none() {
            return Ok(deliveries);
        }
    }
}

/// A page for whoever asked.
pub(super) fn show(context: &Context, page: &Page) {
    let document = documents::Page::of(page, AddressView::Whole);
    match context.format {
        Format::Json => output::line(&json!(document).to_string()),
        Format::Text if page.deliveries.is_empty() => output::note("postroom: no delivery matches"),
        Format::Text => {
            output::line(&table::deliveries(context.colours, &page.deliveries));
            if let Some(next) = document.next {
                output::note(&format!("postroom: there are more; go on with --after '{next}'"));
            }
        }
    }
}
