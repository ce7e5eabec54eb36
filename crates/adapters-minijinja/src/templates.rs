//! The adapter: a checked set of templates that renders letters.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use minijinja::value::{Serde, Value};
use minijinja::{Environment, context};
use postroom_domain::id::TemplateName;
use postroom_domain::locale::{Direction, Locale};
use postroom_ports::letter::Data;
use postroom_ports::template::{RenderError, Rendered, TemplateRenderer};

use crate::bounded::Bounded;
use crate::brand::Brand;
use crate::brands::{Brands, portal};
use crate::inline::Fault;
use crate::languages::{self, HTML, SUBJECT, TEXT};
use crate::load::LoadError;
use crate::nearest::nearest;
use crate::refusal::translate;
use crate::sources::Sources;
use crate::template::{Edition, Template};
use crate::variables::{self, BRAND, LETTER};
use crate::{engine, inline, subject};

/// The language of the templates that come with the binary. A template in another one fills the
/// blocks `lang` and `dir` of the layout.
const OWN_LANGUAGE: &str = "en";

/// A set of templates, compiled and checked: each has its three parts and its sample.
pub struct Templates {
    sources: Sources,
    engine: Environment<'static>,
    known: BTreeMap<TemplateName, Template>,
    brands: Brands,
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Templates").field(&self.known.keys().map(TemplateName::as_str).collect::<Vec<_>>()).finish()
    }
}

impl Templates {
    /// The templates that travel in the binary, for letters of one [`Brand`], or
    /// of several [`Brands`].
    ///
    /// # Errors
    /// What a wrong template would be refused for; a released binary has none.
    pub fn embedded(brands: impl Into<Brands>) -> Result<Self, LoadError> {
        Self::all_or_nothing(Sources::embedded(), brands.into())
    }

    /// These templates with the files of `folder` laid over them: a file of the same name
    /// replaces ours (one layout, one subject), a new folder adds a template.
    ///
    /// # Errors
    /// The first file that is unreadable or wrong. Nothing is half-loaded.
    pub fn with_folder(mut self, folder: &Path) -> Result<Self, LoadError> {
        match self.sources.overlay(folder).into_iter().next() {
            Some(error) => Err(error),
            None => Self::all_or_nothing(self.sources, self.brands),
        }
    }

    fn all_or_nothing(sources: Sources, brands: Brands) -> Result<Self, LoadError> {
        let (templates, errors) = Self::assemble(sources, brands);
        errors.into_iter().next().map_or(Ok(templates), Err)
    }

    /// Whatever of these sources is sound, and all that is wrong with the rest.
    pub(crate) fn assemble(sources: Sources, brands: Brands) -> (Self, Vec<LoadError>) {
        let (engine, mut errors) = engine::compile(&sources);
        let (found, misnamed) = languages::find(&sources);
        errors.extend(misnamed);
        let mut known = BTreeMap::new();
        for (name, languages) in found {
            let template = Template::inspect(&name, languages, &sources, &engine, &mut errors);
            known.extend(template.map(|template| (name, template)));
        }
        let templates = Self { sources, engine, known, brands };
        // A misspelt filter shows only when it is used: better now than at night.
        errors.extend(templates.samples().filter_map(|(sample, rendered)| {
            let folder = sample.edition.folder.clone();
            rendered.err().map(|source| LoadError::SampleFails { template: folder, source })
        }));
        (templates, errors)
    }

    /// Every template in every language, rendered from its sample.
    pub(crate) fn samples(&self) -> impl Iterator<Item = (Sample<'_>, Result<Rendered, RenderError>)> {
        let editions = |(name, template)| Template::editions(template).map(move |edition| (name, template, edition));
        self.known.iter().flat_map(editions).filter_map(|(name, template, (locale, edition))| {
            let data = template.sample(edition)?;
            Some((Sample { name, locale, edition }, self.words(name, template, (locale, edition), data)))
        })
    }

    /// Every template, in order of name.
    pub(crate) fn known(&self) -> impl Iterator<Item = (&TemplateName, &Template)> {
        self.known.iter()
    }

    /// All brands.
    pub(crate) fn brands(&self) -> &Brands {
        &self.brands
    }

    /// Whose letters those of `template` are.
    pub(crate) fn brand(&self, template: &TemplateName) -> &Brand {
        self.brands.of(template)
    }

    /// Data that `template` can be rendered with in the language nearest to `locale`; `None`
    /// where there is no such template.
    #[must_use]
    pub fn sample_in(&self, template: &TemplateName, locale: Option<&Locale>) -> Option<Data> {
        let known = self.known.get(template)?;
        known.sample(known.nearest(locale).1).cloned()
    }

    /// The portals that templates lie in: the first folders of their names.
    #[must_use]
    pub fn portals(&self) -> Vec<&str> {
        let mut portals: Vec<&str> = self.known.keys().filter_map(portal).collect();
        portals.dedup();
        portals
    }

    fn unknown(&self, template: &TemplateName) -> RenderError {
        let names = self.known.keys().map(TemplateName::as_str);
        let suggestion = nearest(template.as_str(), names).map(str::to_owned);
        RenderError::Unknown { name: template.to_string(), suggestion }
    }

    /// What a template sees: the letter's data, the brand and the language. A `null` is not
    /// defined, so that callers may send all fields and leave some empty.
    fn context(&self, template: &TemplateName, locale: Option<&Locale>, data: &Data) -> Result<Value, RenderError> {
        if let Some(name) = [BRAND, LETTER].into_iter().find(|name| data.contains_key(*name)) {
            let reason = "is given by Postroom itself; leave it out, or give it another name".to_owned();
            return Err(RenderError::Unusable { name: name.to_owned(), reason });
        }
        let lang = locale.map_or(OWN_LANGUAGE, Locale::as_str);
        let dir = locale.map_or(Direction::LeftToRight, Locale::direction).as_str();
        let ours = [(BRAND, self.brands.of(template).to_value()), (LETTER, context! { lang, dir })];
        let given = data.iter().filter(|(_, value)| !value.is_null());
        let given = given.map(|(key, value)| (key.as_str(), Value::from(Serde(value))));
        Ok(given.chain(ours).collect::<BTreeMap<_, _>>().into())
    }

    /// Renders one file.
    fn part(&self, template: &TemplateName, path: &str, context: &Value) -> Result<String, RenderError> {
        let mut output = Bounded::default();
        self.engine
            .get_template(path)
            .and_then(|part| part.render_captured_to(context.clone(), &mut output))
            .map_err(|error| translate(template, &self.sources, &error))?;
        Ok(output.into_text())
    }

    /// Renders one edition of a template.
    fn words(
        &self,
        name: &TemplateName,
        template: &Template,
        (locale, edition): (Option<&Locale>, &Edition),
        data: &Data,
    ) -> Result<Rendered, RenderError> {
        let names = variables::missing(&template.base.variables.required, data);
        if !names.is_empty() {
            return Err(RenderError::Missing { template: name.clone(), names });
        }
        let context = self.context(name, locale, data)?;
        let part = |file: &str| self.part(name, &format!("{}/{file}", edition.folder), &context);
        Ok(Rendered {
            subject: subject::one_line(name, &part(SUBJECT)?)?.into(),
            html: inline::inline(part(HTML)?).map_err(|fault| not_inlined(name, edition, fault))?,
            text: part(TEXT)?,
            version: edition.version.clone(),
            locale: locale.cloned(),
        })
    }
}

fn not_inlined(name: &TemplateName, edition: &Edition, fault: Fault) -> RenderError {
    let template = name.clone();
    let reason = match fault {
        Fault::TooLarge => return RenderError::Limit { template, what: "output" },
        Fault::TooDeep => return RenderError::Limit { template, what: "nested elements" },
        Fault::Backslash => "its CSS has a backslash, which CSS in a letter must do without",
        Fault::Unreadable => "its CSS cannot be read; look at <style> and at style attributes",
    };
    RenderError::Broken { template, reason: format!("{}/{HTML}: {reason}", edition.folder) }
}

/// A template in one language, as its sample shows it.
#[derive(Clone, Copy)]
pub(crate) struct Sample<'a> {
    pub(crate) name: &'a TemplateName,
    pub(crate) locale: Option<&'a Locale>,
    pub(crate) edition: &'a Edition,
}

impl TemplateRenderer for Templates {
    fn templates(&self) -> Vec<TemplateName> {
        self.known.keys().cloned().collect()
    }

    fn sample(&self, template: &TemplateName) -> Option<Data> {
        self.known.get(template).and_then(|known| known.base.sample.clone())
    }

    fn render(&self, template: &TemplateName, locale: Option<&Locale>, data: &Data) -> Result<Rendered, RenderError> {
        let known = self.known.get(template).ok_or_else(|| self.unknown(template))?;
        self.words(template, known, known.nearest(locale), data)
    }
}
