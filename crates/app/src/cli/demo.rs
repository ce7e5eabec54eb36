//! `postroom demo`.

use std::io::IsTerminal as _;
use std::time::Duration;

use clap::Args;

use super::Failure;
use super::context::{Context, Format};
use crate::config::Switch;
use crate::demo::{Ending, Plan, Staff, run};

/// Letters of several kinds, a mail server inside the process that misbehaves, the real
/// worker between them; then each letter's timeline and what was received.
#[derive(Args, Debug)]
pub(super) struct Demo {
    /// Leave when all letters have come to their end, instead of showing them in the dashboard; so it is without a terminal
    #[arg(long)]
    exit: bool,
    /// Give up after this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    patience: u64,
}

impl Demo {
    /// Runs it.
    ///
    /// # Errors
    /// A letter did not come to the end that its story foresees.
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let watched = context.format == Format::Text && std::io::stdout().is_terminal();
        let plan = Plan {
            ending: if watched && !self.exit { Ending::Serve } else { Ending::Leave },
            store: context.named_store().cloned(),
            staff: if context.config.worker_enabled == Switch::On { Staff::Worker } else { Staff::Nobody },
            patience: Duration::from_secs(self.patience.max(1)),
            format: context.format,
        };
        run(plan).await
    }
}
