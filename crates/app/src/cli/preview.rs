//! `postroom preview`: a letter as it would be, without sending it.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use postroom_domain::address::{EmailAddress, Mailbox};
use postroom_domain::id::{DeliveryId, TemplateName, Workflow};
use postroom_domain::invalid::Invalid;
use postroom_domain::letter::HeaderField;
use postroom_domain::locale::Locale;
use postroom_ports::clock::Clock as _;
use postroom_ports::composer::Draft;
use postroom_ports::letter::Data;
use postroom_ports::template::{Rendered, TemplateRenderer as _};
use serde_json::json;

use super::context::{self, Context};
use super::{Failure, lines, output};
use crate::system::SystemClock;
use crate::wiring;

/// Who writes where nobody is configured.
const NOBODY: &str = "sender@example.org";

/// Shows a letter as it would be: from the template's sample, or from data of your own.
#[derive(Args, Debug)]
#[command(after_help = "With --json one document with subject, html, text, locale and template_version.\n\
                        Examples:\n  postroom preview invitation > invitation.html\n  postroom preview invitation \
                        --locale de --format text\n  echo '{\"code\": \"123456\", \"expires_in\": \"5 minutes\"}' | \
                        postroom preview verification-code --data - --format eml")]
pub(super) struct Preview {
    /// The template: invitation, hub/welcome, …; `postroom templates list` shows all
    #[arg(value_name = "TEMPLATE")]
    template: String,
    /// What it is filled with instead of its sample: a JSON object in FILE; - reads standard input
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// What to show of it
    #[arg(long, value_enum, default_value_t = Part::Html, conflicts_with = "json")]
    format: Part,
    /// The language instead of the workflow's: de, pt-BR, …
    #[arg(long, value_name = "TAG")]
    locale: Option<String>,
    /// The workflow whose language, sender and way to leave it has [default: what `[defaults]` and `[sender]` say]
    #[arg(long, value_name = "NAME")]
    workflow: Option<String>,
    /// To whom an eml is addressed
    #[arg(long, value_name = "ADDRESS", alias = "recipient", default_value = "reader@example.org")]
    to: String,
}

/// What is shown of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The HTML body
    Html,
    /// The text body
    Text,
    /// The whole message, as a provider would get it
    Eml,
    /// The subject
    Subject,
}

impl Preview {
    /// Runs it.
    ///
    /// # Errors
    /// No such template, data that it refuses, or a set of templates that cannot be loaded.
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let usage = |mistake: Invalid| Failure::usage(mistake.to_string());
        let template = TemplateName::parse(self.template.clone()).map_err(usage)?;
        let workflow = self.workflow.clone().map(Workflow::parse).transpose().map_err(usage)?;
        let wanted = self.locale.clone().map(Locale::parse).transpose().map_err(usage)?;
        let languages = &context.config.languages;
        let locale = wanted.or_else(|| languages.for_preview(workflow.as_ref()).cloned());
        let templates = context.templates()?;
        let data = match &self.data {
            Some(path) => read(path)?,
            // Without a sample there is no such template, and rendering says so.
            None => templates.sample_in(&template, locale.as_ref()).unwrap_or_default(),
        };
        let letter =
            templates.render(&template, locale.as_ref(), &data).map_err(|error| Failure::refused(error.to_string()))?;
        if let (Some(locale), None) = (&locale, &letter.locale) {
            output::note(&format!("postroom: '{template}' is not there in {locale}; this is its own language"));
        }
        self.show(context, workflow.as_ref(), &letter)
    }

    fn show(&self, context: &Context, workflow: Option<&Workflow>, letter: &Rendered) -> Result<(), Failure> {
        if context.format == context::Format::Json {
            let document = json!({
                "subject": letter.subject,
                "html": letter.html,
                "text": letter.text,
                "locale": letter.locale.as_ref().map(ToString::to_string),
                "template_version": letter.version,
            });
            output::line(&document.to_string());
            return Ok(());
        }
        match self.format {
            Part::Html => output::line(&letter.html),
            Part::Text => output::line(letter.text.trim_end_matches('\n')),
            Part::Subject => output::line(&letter.subject),
            Part::Eml => output::text(&self.message(context, workflow, letter)?),
        }
        Ok(())
    }

    /// The message, composed as the worker composes it.
    fn message(&self, context: &Context, workflow: Option<&Workflow>, letter: &Rendered) -> Result<Vec<u8>, Failure> {
        let refused = |error: &dyn std::fmt::Display| Failure::refused(error.to_string());
        let id = DeliveryId::parse("preview").map_err(Failure::from_invalid)?;
        let to = mailbox(&self.to, "to")?;
        let settings = context.config.workflows.as_ref();
        let settings = settings.map(|all| workflow.map_or(&all.default, |workflow| all.of(workflow)));
        let (from, headers): (Mailbox, Vec<HeaderField>) = if let Some(settings) = settings {
            let headers = settings.unsubscribe.as_ref().map(|way| way.beside(&[], &id)).transpose();
            (settings.sender.clone(), headers.map_err(|error| refused(&error))?.unwrap_or_default())
        } else {
            output::note(&format!("postroom: no sender is configured, so {NOBODY} writes; set SMTP_FROM_ADDRESS"));
            (mailbox(NOBODY, "sender")?, Vec::new())
        };
        let draft = Draft {
            delivery_id: &id,
            from: &from,
            to: &to,
            reply_to: None,
            subject: None,
            headers: &headers,
            rendered: letter,
            attachments: &[],
            date: SystemClock::start().now(),
        };
        let frozen = wiring::composer(&from)?.compose(draft).map_err(|error| refused(&error))?;
        Ok(frozen.bytes)
    }
}

fn mailbox(address: &str, field: &str) -> Result<Mailbox, Failure> {
    let mailbox = EmailAddress::parse(address).and_then(|address| Mailbox::new(None, address));
    mailbox.map_err(|mistake| Failure::usage(mistake.in_field(field).to_string()))
}

/// The JSON object in a file.
fn read(path: &Path) -> Result<Data, Failure> {
    let unreadable =
        |error: std::io::Error| Failure::usage(format!("--data {}: cannot be read: {}", path.display(), error.kind()));
    let (input, _) = lines::open(path).map_err(unreadable)?;
    let mut text = String::new();
    // One byte more than a letter may bring, so that too much is told from just enough.
    let limit = u64::try_from(lines::LINE_LIMIT).unwrap_or(u64::MAX).saturating_add(1);
    input.take(limit).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() > lines::LINE_LIMIT {
        return Err(Failure::usage(format!("--data: has more than {} bytes", lines::LINE_LIMIT)));
    }
    serde_json::from_str(&text).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Failure::usage(format!("--data: must be one JSON object such as {{\"name\": \"value\"}}; look at {place}"))
    })
}
