//! `postroom templates`: which letters there are, and what is wrong with them.

use clap::{Args, Subcommand};
use comfy_table::{Cell, Color};
use serde_json::{Value, json};

use super::context::{Context, Format};
use super::{Failure, output, table};
use crate::wiring::{self, Finding, Listed, Severity};

/// The templates that come with Postroom, and those of the folder that is configured.
#[derive(Args, Debug)]
pub(super) struct TemplatesCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List them: what each one needs, and in which languages it is written
    #[command(after_help = "See one with: postroom preview NAME --format text")]
    List,
    /// Say everything that is wrong with them, and what to do about it
    ///
    /// It looks at the folder that `[templates] folder` or `POSTROOM_TEMPLATES` names, laid over what comes with the
    /// binary, also where a worker would refuse to start with it. An error makes the exit status 1; a warning does not.
    #[command(
        after_help = "What is asked: all four parts there, each variable in the sample and nothing else in it, links \
                            by https, the same links in both bodies, less than 102 kB of HTML, a text that says \
                            something, a subject of at most 60 characters, alt texts, nothing fetched but the brand's \
                            logo, language and direction."
    )]
    Lint,
}

impl TemplatesCommand {
    /// Runs it.
    ///
    /// # Errors
    /// A set that cannot be loaded, or findings that are errors.
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        match self.what {
            What::List => list(context),
            What::Lint => lint(context),
        }
    }
}

fn list(context: &Context) -> Result<(), Failure> {
    let listed = context.templates()?.list();
    match context.format {
        Format::Json => {
            let templates: Vec<Value> = listed.iter().map(document).collect();
            output::line(&json!({ "templates": templates }).to_string());
        }
        Format::Text => {
            let row = |template: &Listed| {
                [
                    Cell::new(template.name.as_str()),
                    Cell::new(words(template.locales.iter().map(ToString::to_string))),
                    Cell::new(words(template.required.iter().cloned())),
                    Cell::new(words(template.optional.iter().cloned())),
                    Cell::new(&template.version),
                ]
            };
            let header = ["template", "also in", "needs", "takes", "version"];
            output::line(&table::table(context.colours, header, listed.iter().map(row).collect()));
        }
    }
    Ok(())
}

fn words(words: impl Iterator<Item = String>) -> String {
    let words: Vec<String> = words.collect();
    if words.is_empty() { "–".to_owned() } else { words.join(", ") }
}

fn document(template: &Listed) -> Value {
    json!({
        "name": template.name.as_str(),
        "locales": template.locales.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "required": template.required,
        "optional": template.optional,
        "version": template.version,
    })
}

fn lint(context: &Context) -> Result<(), Failure> {
    let findings = wiring::lint(&context.config)?;
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    match context.format {
        Format::Json => {
            let documents: Vec<Value> = findings.iter().map(finding_document).collect();
            let counts = json!({ "findings": documents, "errors": errors, "warnings": findings.len() - errors });
            output::line(&counts.to_string());
        }
        Format::Text if findings.is_empty() => output::line("nothing to find fault with"),
        Format::Text => output::line(&found(context, &findings)),
    }
    if errors == 0 {
        return Ok(());
    }
    let errors = if errors == 1 { "one error".to_owned() } else { format!("{errors} errors") };
    Err(Failure::refused(format!("{errors} in the templates; a worker needs them mended")))
}

fn found(context: &Context, findings: &[Finding]) -> String {
    let row = |finding: &Finding| {
        let colour = if finding.severity == Severity::Error { Color::Red } else { Color::Yellow };
        [
            Cell::new(finding.severity.as_str()).fg(colour),
            Cell::new(finding.rule.as_str()),
            Cell::new(place(finding)),
            Cell::new(&finding.message),
        ]
    };
    table::table(context.colours, ["", "rule", "where", "what"], findings.iter().map(row).collect())
}

/// The file, or whatever is nearest to it.
fn place(finding: &Finding) -> String {
    let template = || match (&finding.template, &finding.locale) {
        (Some(template), Some(locale)) => Some(format!("{template}.{locale}")),
        (template, _) => template.clone(),
    };
    finding.file.clone().or_else(template).unwrap_or_else(|| "configuration".to_owned())
}

fn finding_document(finding: &Finding) -> Value {
    json!({
        "template": finding.template,
        "locale": finding.locale.as_ref().map(ToString::to_string),
        "file": finding.file,
        "severity": finding.severity.as_str(),
        "rule": finding.rule.as_str(),
        "message": finding.message,
    })
}
