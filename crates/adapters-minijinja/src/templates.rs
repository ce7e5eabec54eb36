//! The adapter: a checked set of templates that renders letters.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use minijinja::Environment;
use minijinja::value::{Serde, Value};
use postroom_domain::id::TemplateName;
use postroom_ports::letter::Data;
use postroom_ports::template::{RenderError, Rendered, TemplateRenderer};

use crate::bounded::Bounded;
use crate::brand::Brand;
use crate::load::LoadError;
use crate::nearest::nearest;
use crate::refusal::translate;
use crate::sources::Sources;
use crate::variables::{self, BRAND};
use crate::{engine, escaping, subject};

const SUBJECT: &str = "subject.txt.j2";
const HTML: &str = "body.html.j2";
const TEXT: &str = "body.txt.j2";
const SAMPLE: &str = "sample.json";
/// Folders that hold no templates of their own.
const SHARED: [&str; 2] = ["layouts/", "partials/"];

/// A set of templates, compiled and checked: each has its three parts and its sample.
pub struct Templates {
    sources: Sources,
    engine: Environment<'static>,
    known: BTreeMap<TemplateName, Template>,
    brand: Value,
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Templates").field(&self.known.keys().map(TemplateName::as_str).collect::<Vec<_>>()).finish()
    }
}

/// What is known of one template before any letter comes.
struct Template {
    required: BTreeSet<String>,
    sample: Data,
    version: String,
}

impl Templates {
    /// The templates that travel in the binary, for letters of `brand`.
    ///
    /// # Errors
    /// What a wrong template would be refused for; a released binary has none.
    pub fn embedded(brand: &Brand) -> Result<Self, LoadError> {
        Self::build(Sources::embedded(), brand.to_value())
    }

    /// These templates with the files of `folder` laid over them: a file of the same name
    /// replaces ours (one layout, one subject), a new folder adds a template.
    ///
    /// # Errors
    /// The first file that is unreadable or wrong. Nothing is half-loaded.
    pub fn with_folder(mut self, folder: &Path) -> Result<Self, LoadError> {
        self.sources.overlay(folder)?;
        Self::build(self.sources, self.brand)
    }

    fn build(sources: Sources, brand: Value) -> Result<Self, LoadError> {
        let engine = engine::compile(&sources)?;
        let mut known = BTreeMap::new();
        for name in names(&sources)? {
            let template = Template::inspect(&name, &sources, &engine)?;
            known.insert(name, template);
        }
        let templates = Self { sources, engine, known, brand };
        templates.render_samples()?;
        Ok(templates)
    }

    /// A misspelt filter shows only when it is used: better now than at night.
    fn render_samples(&self) -> Result<(), LoadError> {
        for (name, known) in &self.known {
            self.render(name, &known.sample)
                .map_err(|source| LoadError::SampleFails { template: name.to_string(), source })?;
        }
        Ok(())
    }

    fn unknown(&self, template: &TemplateName) -> RenderError {
        let names = self.known.keys().map(TemplateName::as_str);
        let suggestion = nearest(template.as_str(), names).map(str::to_owned);
        RenderError::Unknown { name: template.to_string(), suggestion }
    }

    /// What a template sees: the letter's data and the brand. A `null` is not defined, so that
    /// callers may send all fields and leave some empty.
    fn context(&self, data: &Data) -> Result<Value, RenderError> {
        if data.contains_key(BRAND) {
            let reason = "is given by the configuration; leave it out".to_owned();
            return Err(RenderError::Unusable { name: BRAND.to_owned(), reason });
        }
        let given = data.iter().filter(|(_, value)| !value.is_null());
        let given = given.map(|(key, value)| (key.as_str(), Value::from(Serde(value))));
        Ok(given.chain([(BRAND, self.brand.clone())]).collect::<BTreeMap<_, _>>().into())
    }

    /// Renders one file of `template`.
    fn part(&self, template: &TemplateName, file: &str, context: &Value) -> Result<String, RenderError> {
        let mut output = Bounded::default();
        self.engine
            .get_template(&format!("{template}/{file}"))
            .and_then(|part| part.render_captured_to(context.clone(), &mut output))
            .map_err(|error| translate(template, &self.sources, &error))?;
        Ok(output.into_text())
    }
}

impl TemplateRenderer for Templates {
    fn templates(&self) -> Vec<TemplateName> {
        self.known.keys().cloned().collect()
    }

    fn sample(&self, template: &TemplateName) -> Option<Data> {
        self.known.get(template).map(|known| known.sample.clone())
    }

    fn render(&self, template: &TemplateName, data: &Data) -> Result<Rendered, RenderError> {
        let known = self.known.get(template).ok_or_else(|| self.unknown(template))?;
        let names = variables::missing(&known.required, data);
        if !names.is_empty() {
            return Err(RenderError::Missing { template: template.clone(), names });
        }
        let context = self.context(data)?;
        let subject = self.part(template, SUBJECT, &context)?;
        Ok(Rendered {
            subject: subject::one_line(template, &subject)?.into(),
            html: self.part(template, HTML, &context)?,
            text: self.part(template, TEXT, &context)?,
            version: known.version.clone(),
        })
    }
}

impl Template {
    fn inspect(name: &TemplateName, sources: &Sources, engine: &Environment<'_>) -> Result<Self, LoadError> {
        let file = |file: &'static str| {
            let path = format!("{name}/{file}");
            sources.get(&path).ok_or_else(|| LoadError::Incomplete { template: name.to_string(), file })
        };
        for part in [SUBJECT, HTML, TEXT] {
            file(part)?;
        }
        let sample = serde_json::from_str(file(SAMPLE)?)
            .map_err(|error| LoadError::BadSample { template: name.to_string(), reason: error.to_string() })?;
        let used = sources.used_by([SUBJECT, HTML, TEXT].map(|part| format!("{name}/{part}")));
        escaping::check(sources, &sources.used_by([format!("{name}/{HTML}")]))?;
        let required = variables::required(engine, sources, &used);
        Ok(Self { required, sample, version: sources.version(&used) })
    }
}

/// The templates among the files: each folder that holds any of a template's four.
fn names(sources: &Sources) -> Result<BTreeSet<TemplateName>, LoadError> {
    let folder = |(file, _): (&'_ str, _)| {
        let (folder, file) = file.rsplit_once('/')?;
        [SUBJECT, HTML, TEXT, SAMPLE].contains(&file).then(|| folder.to_owned())
    };
    sources
        .iter()
        .filter(|(file, _)| !SHARED.iter().any(|shared| file.starts_with(shared)))
        .filter_map(folder)
        .map(|name| {
            TemplateName::parse(name.clone())
                .map_err(|refusal| LoadError::BadTemplateName { name, reason: refusal.reason })
        })
        .collect()
}
