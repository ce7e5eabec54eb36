//! `postroom config`.

use clap::{Args, Subcommand};
use comfy_table::Cell;
use postroom_domain::invalid::Invalid;
use serde_json::{Value, json};

use super::context::{Context, Format};
use super::{Failure, output, table, worker};
use crate::config::{Config, Mistakes, Setting, Shown};
use crate::wiring;

/// What is configured, and whether a worker could work with it.
#[derive(Args, Debug)]
pub(super) struct ConfigCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Say everything that is wrong, by the name under which it can be mended; changes and sends nothing
    #[command(
        after_help = "It reads what a worker would read: the file, the environment, certificates and templates. \
                            Whether the database is there and up to date: postroom migrate --check."
    )]
    Check,
    /// Show every setting, its value and where that came from; secrets are masked
    Show,
}

impl ConfigCommand {
    /// Runs it.
    ///
    /// # Errors
    /// Mistakes, all at once.
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        match self.what {
            What::Show => {
                show(context);
                Ok(())
            }
            What::Check => check(context),
        }
    }
}

fn show(context: &Context) {
    let settings = &context.config.settings;
    match context.format {
        Format::Json => {
            let settings: Vec<Value> = settings.iter().map(document).collect();
            output::line(&json!({ "settings": settings }).to_string());
        }
        Format::Text => {
            let row = |setting: &Setting| {
                [
                    Cell::new(&setting.name),
                    Cell::new(setting.variable.as_deref().unwrap_or("–")),
                    Cell::new(setting.value.to_string()),
                    Cell::new(setting.origin.as_str()),
                ]
            };
            let header = ["setting", "variable", "value", "from"];
            output::line(&table::table(context.colours, header, settings.iter().map(row).collect()));
        }
    }
}

fn document(setting: &Setting) -> Value {
    let value = match &setting.value {
        Shown::Unset => Value::Null,
        shown => Value::from(shown.to_string()),
    };
    json!({ "name": setting.name, "variable": setting.variable, "value": value, "from": setting.origin.as_str() })
}

fn check(context: &Context) -> Result<(), Failure> {
    let mut mistakes = worker::mistakes(&context.config);
    if context.named_store().is_none() {
        let reason = "is missing; letters need a store: postgres://USER:PASSWORD@HOST/NAME or sqlite://PATH";
        mistakes.push(Invalid::new("DATABASE_URL", reason));
    }
    let templates = match wiring::renderer(&context.config) {
        Ok(renderer) => renderer.templates().len(),
        Err(error) => {
            mistakes.push(Invalid::new("templates", format!("{error:#}")));
            0
        }
    };
    if !mistakes.is_empty() {
        return Err(Mistakes(mistakes).into());
    }
    let facts = facts(context, templates);
    match context.format {
        Format::Json => output::line(&json!({ "mistakes": [], "facts": Value::from_iter(facts) }).to_string()),
        Format::Text => {
            for (name, value) in facts {
                output::line(&format!("{name:<11}{value}"));
            }
            output::line("the configuration is in order");
        }
    }
    Ok(())
}

/// What a worker would start with.
fn facts(context: &Context, templates: usize) -> Vec<(&'static str, String)> {
    let config: &Config = &context.config;
    let route = |names: Vec<String>| names.join(", then ");
    let mut facts = vec![("store", context.describe_store())];
    facts.push(("transports", route(config.route.iter().map(|provider| provider.as_str().to_owned()).collect())));
    if let Some(workflows) = &config.workflows {
        facts.push(("sender", workflows.default.sender.address().to_string()));
        let own = workflows.own.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        facts.push(("workflows", if own.is_empty() { "all by the defaults".to_owned() } else { own }));
    }
    facts.push(("templates", templates.to_string()));
    facts
}
