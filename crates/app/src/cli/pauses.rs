//! `postroom pauses`.

use clap::Args;
use comfy_table::Cell;
use postroom_domain::id::PauseReason;
use postroom_ports::pauses::Pause;
use serde_json::json;

use super::context::{Context, Format};
use super::{Failure, output, table};
use crate::documents::{self, time};

/// Lists what is paused, since when, until when, and why.
#[derive(Args, Debug)]
pub(super) struct Pauses {}

impl Pauses {
    /// Runs it.
    ///
    /// # Errors
    /// A store that cannot be used.
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let pauses = context.open().await?.pauses.paused().await?;
        match context.format {
            Format::Json => {
                let pauses: Vec<documents::Pause> = pauses.iter().map(documents::Pause::from).collect();
                output::line(&json!({ "pauses": pauses }).to_string());
            }
            Format::Text if pauses.is_empty() => output::line("nothing is paused"),
            Format::Text => {
                let header = ["kind", "name", "since", "until", "reason"];
                output::line(&table::table(context.colours, header, pauses.iter().map(row).collect()));
            }
        }
        Ok(())
    }
}

fn row(pause: &Pause) -> [Cell; 5] {
    [
        Cell::new(pause.what.kind()),
        Cell::new(pause.what.name()),
        Cell::new(time(pause.since)),
        Cell::new(pause.until.map_or_else(|| "resumed".to_owned(), time)),
        Cell::new(pause.reason.as_ref().map_or("–", PauseReason::as_str)),
    ]
}
