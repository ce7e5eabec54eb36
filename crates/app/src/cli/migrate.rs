//! `postroom migrate`.

use clap::Args;
use serde_json::json;

use super::context::{Context, Format};
use super::{Failure, output};
use crate::wiring::{self, Schema};

/// Brings the schema up to date, or says what is missing.
#[derive(Args, Debug)]
pub(super) struct Migrate {
    /// Change nothing; exit with 1 if the schema is not one that this version can work on
    #[arg(long)]
    check: bool,
}

impl Migrate {
    /// Runs it.
    ///
    /// # Errors
    /// Drift, or a store that cannot be migrated.
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let store = context.store_settings()?;
        if self.check {
            let schema = wiring::schema(store).await.map_err(|error| store_failure(&error))?;
            let (Schema::Newer(drift) | Schema::Differs(drift)) = &schema else {
                report(context, "drift", &[], "the schema is as this version expects it");
                return Ok(());
            };
            report(context, "drift", drift, "");
            return match schema {
                Schema::Fits => Ok(()),
                Schema::Newer(_) => {
                    context.tell("the schema is newer than this version, which works on it all the same");
                    Ok(())
                }
                Schema::Differs(_) => {
                    Err(Failure::refused("the schema is not what this version expects; run `postroom migrate`"))
                }
            };
        }
        let lines = wiring::migrate(store).await.map_err(|error| store_failure(&error))?;
        report(context, "migrated", &lines, "nothing to do: the schema is up to date");
        Ok(())
    }
}

fn store_failure(error: &anyhow::Error) -> Failure {
    Failure::store(format!("{error:#}"))
}

fn report(context: &Context, name: &str, lines: &[String], nothing: &str) {
    match context.format {
        Format::Json => output::line(&json!({ name: lines }).to_string()),
        Format::Text if lines.is_empty() => output::line(nothing),
        Format::Text => output::lines(lines),
    }
}
