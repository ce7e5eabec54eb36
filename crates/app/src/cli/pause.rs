//! `postroom pause` and `postroom resume`.

use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;
use postroom_domain::id::PauseReason;
use postroom_ports::pauses::{PauseBoard, Paused, Resumed};
use serde_json::json;

use super::context::{Context, Format};
use super::{Failure, output};
use crate::config::{Provider, nearest, parse_duration};
use crate::documents;
use crate::waiting::sentence;

/// What is meant.
#[derive(Args, Debug)]
struct Named {
    /// What it is
    #[arg(value_parser = PossibleValuesParser::new(["transport", "workflow", "tenant"]))]
    kind: String,
    /// Its name: smtp or mailgun, a workflow, a tenant
    name: String,
}

/// Holds letters back for a while: those of a workflow or a tenant, or those of a way out.
#[derive(Args, Debug)]
#[command(
    after_help = "Letters are taken in as always and wait; waiting costs them no attempt. What is on its way finishes. With \
                  a transport paused, letters take the next one on their route. It holds for all workers at once \
                  (transports: within two seconds), and outlives them. A second pause of the same thing replaces the \
                  first.\n\nExamples:\n  postroom pause workflow digest --for 2h --reason \"wrong links in the \
                  template\"\n  postroom pause transport mailgun\n  postroom pauses\n  postroom resume transport mailgun"
)]
pub(super) struct Pause {
    #[command(flatten)]
    named: Named,
    /// For how long (30m, 2h, 48h); without it until `postroom resume`
    #[arg(long = "for", value_name = "TIME")]
    lasting: Option<String>,
    /// Why, in one line for your colleagues; logs repeat it, so no addresses
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Lets letters go on that were held back.
#[derive(Args, Debug)]
#[command(after_help = "What waited goes out at once. Exit status 1 if it was not paused.")]
pub(super) struct Resume {
    #[command(flatten)]
    named: Named,
}

impl Pause {
    /// Runs it.
    ///
    /// # Errors
    /// A name, a time or a reason that is none, or a store that cannot be used.
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let what = self.named.parse()?;
        let lasting = self.lasting.as_deref().map(time).transpose()?;
        let reason = self.reason.map(PauseReason::parse).transpose();
        let reason = reason.map_err(|mistake| Failure::usage(mistake.in_field("--reason").to_string()))?;
        let board = context.open().await?.pauses;
        warn(&what, context);
        let pause = board.pause(&what, lasting, reason).await?;
        match context.format {
            Format::Json => output::line(&json!(documents::Pause::from(&pause)).to_string()),
            Format::Text => output::line(&sentence(&pause)),
        }
        Ok(())
    }
}

impl Resume {
    /// Runs it.
    ///
    /// # Errors
    /// It was not paused, or a store that cannot be used.
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let what = self.named.parse()?;
        let board = context.open().await?.pauses;
        match board.resume(&what).await? {
            Resumed::WasNot => Err(was_not(&what, &*board).await?),
            Resumed::Done => {
                match context.format {
                    Format::Json => {
                        let document = json!({ "kind": what.kind(), "name": what.name(), "resumed": true });
                        output::line(&document.to_string());
                    }
                    Format::Text => output::line(&format!("the {what} goes on")),
                }
                Ok(())
            }
        }
    }
}

impl Named {
    fn parse(&self) -> Result<Paused, Failure> {
        Paused::parse(&self.kind, &self.name).map_err(|mistake| Failure::usage(mistake.to_string()))
    }
}

fn time(text: &str) -> Result<Duration, Failure> {
    let time = parse_duration(text).filter(|time| !time.is_zero());
    time.ok_or_else(|| Failure::usage("--for: must be a time such as 30m, 2h or 48h, longer than zero"))
}

/// A transport that nobody here knows may be another host's, or a slip of the pen.
fn warn(what: &Paused, context: &Context) {
    let Paused::Transport(name) = what else { return };
    let configured = context.config.providers();
    if configured.iter().any(|provider| provider.as_str() == name.as_str()) {
        return;
    }
    let meant = match nearest(name.as_str(), Provider::ALL.into_iter().map(Provider::as_str)) {
        Some(known) if known != name.as_str() => format!("; did you mean {known}?"),
        _ => ".".to_owned(),
    };
    output::note(&format!(
        "postroom: no transport {name} is configured here{meant} It is paused all the same: another host may have it"
    ));
}

async fn was_not(what: &Paused, board: &dyn PauseBoard) -> Result<Failure, Failure> {
    let paused = board.paused().await?;
    let alike = paused.iter().map(|pause| &pause.what).filter(|other| other.kind() == what.kind());
    let meant = match nearest(what.name(), alike.map(Paused::name)) {
        Some(name) => format!("; did you mean {name}?"),
        None => "; `postroom pauses` lists what is".to_owned(),
    };
    Ok(Failure::refused(format!("the {what} was not paused{meant}")))
}
