//! `postroom pauses`, and how a pause is told.

use clap::Args;
use comfy_table::Cell;
use postroom_domain::id::{PauseReason, TransportName};
use postroom_ports::pauses::{Pause, Paused};
use postroom_ports::tracker::Delivery;
use serde_json::{Value, json};

use super::context::{Context, Format};
use super::timeline::time;
use super::{Failure, output, table};

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
                let pauses: Vec<Value> = pauses.iter().map(document).collect();
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

/// A pause, for scripts.
pub(super) fn document(pause: &Pause) -> Value {
    json!({
        "kind": pause.what.kind(),
        "name": pause.what.name(),
        "since": time(pause.since),
        "until": pause.until.map(time),
        "reason": pause.reason.as_ref().map(PauseReason::as_str),
    })
}

/// A pause, for people.
pub(super) fn sentence(pause: &Pause) -> String {
    let until = pause.until.map(|until| format!(" until {}", time(until))).unwrap_or_default();
    let reason = pause.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("the {} is paused{until}{reason}", pause.what)
}

/// Which pauses hold a waiting letter back: that of its tenant, that of its workflow, or those of
/// all ways out on its `route`.
pub(super) fn holding(delivery: &Delivery, route: &[TransportName], pauses: &[Pause]) -> Option<String> {
    let of = |what: Paused| pauses.iter().find(|pause| pause.what == what).map(sentence);
    let tenant = delivery.tenant_id.clone().map(Paused::Tenant);
    let own = tenant.into_iter().chain([Paused::Workflow(delivery.workflow.clone())]).find_map(of);
    let ways = || -> Option<Vec<String>> { route.iter().cloned().map(|name| of(Paused::Transport(name))).collect() };
    own.or_else(|| ways().filter(|ways| !ways.is_empty()).map(|ways| ways.join("; ")))
}
