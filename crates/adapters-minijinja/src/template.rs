//! What is known of one template before any letter comes.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::Environment;
use postroom_domain::id::TemplateName;
use postroom_domain::locale::Locale;
use postroom_ports::letter::Data;

use crate::escaping;
use crate::languages::{HTML, Languages, PARTS, SAMPLE};
use crate::load::LoadError;
use crate::sources::Sources;
use crate::variables::{self, Variables};

/// A template in all its languages.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) base: Edition,
    pub(crate) variants: BTreeMap<Locale, Edition>,
}

/// A template in one language.
#[derive(Debug)]
pub(crate) struct Edition {
    /// Where its files lie.
    pub(crate) folder: String,
    /// Its own sample; a variant may take the template's.
    pub(crate) sample: Option<Data>,
    pub(crate) variables: Variables,
    pub(crate) version: String,
}

impl Template {
    /// The edition nearest to `locale`, and whose language it is in.
    pub(crate) fn nearest(&self, locale: Option<&Locale>) -> (Option<&Locale>, &Edition) {
        let mut fallbacks = locale.into_iter().flat_map(Locale::fallbacks);
        let variant = fallbacks.find_map(|locale| self.variants.get_key_value(&locale));
        variant.map_or((None, &self.base), |(locale, edition)| (Some(locale), edition))
    }

    /// Every edition, the template itself first.
    pub(crate) fn editions(&self) -> impl Iterator<Item = (Option<&Locale>, &Edition)> {
        let variants = self.variants.iter().map(|(locale, edition)| (Some(locale), edition));
        std::iter::once((None, &self.base)).chain(variants)
    }

    /// What `edition` is shown with.
    pub(crate) fn sample<'a>(&'a self, edition: &'a Edition) -> Option<&'a Data> {
        edition.sample.as_ref().or(self.base.sample.as_ref())
    }

    /// Looks at all languages of a template. What is wrong goes to `errors`; a language with
    /// such a mistake is left out, and so is a template whose own language is.
    pub(crate) fn inspect(
        name: &TemplateName,
        languages: Languages,
        sources: &Sources,
        engine: &Environment<'_>,
        errors: &mut Vec<LoadError>,
    ) -> Option<Self> {
        if !languages.contains_key(&None) {
            let orphan = |variant| LoadError::NoBase { variant, template: name.to_string() };
            errors.extend(languages.into_values().map(orphan));
            return None;
        }
        let mut base = None;
        let mut variants = BTreeMap::new();
        for (locale, folder) in languages {
            match (locale, Edition::inspect(folder, sources, engine, errors)) {
                (_, None) => {}
                (None, edition) => base = edition,
                (Some(locale), Some(edition)) => {
                    variants.insert(locale, edition);
                }
            }
        }
        let base = base?;
        if base.sample.is_none() {
            errors.push(LoadError::Incomplete { template: base.folder, file: SAMPLE });
            return None;
        }
        for edition in variants.values() {
            let more = edition.variables.required.difference(&base.variables.required);
            let names: Vec<String> = more.cloned().collect();
            if !names.is_empty() {
                errors.push(LoadError::NeedsMore {
                    variant: edition.folder.clone(),
                    template: name.to_string(),
                    names,
                });
            }
        }
        Some(Self { base, variants })
    }
}

impl Edition {
    fn inspect(
        folder: String,
        sources: &Sources,
        engine: &Environment<'_>,
        errors: &mut Vec<LoadError>,
    ) -> Option<Self> {
        let known = errors.len();
        let path = |file: &str| format!("{folder}/{file}");
        let missing = PARTS.into_iter().filter(|part| sources.get(&path(part)).is_none());
        errors.extend(missing.map(|file| LoadError::Incomplete { template: folder.clone(), file }));
        let sample = sources.get(&path(SAMPLE)).map(serde_json::from_str).transpose().unwrap_or_else(|error| {
            errors.push(LoadError::BadSample { template: folder.clone(), reason: error.to_string() });
            None
        });
        errors.extend(escaping::check(sources, &sources.used_by([path(HTML)])));
        let used: BTreeSet<&str> = sources.used_by(PARTS.map(path));
        // What does not compile was reported when it was compiled.
        let compiled = used.iter().all(|file| *file == path(SAMPLE) || engine.get_template(file).is_ok());
        let variables = variables::find(engine, sources, &used);
        let edition = Self { version: sources.version(&used), variables, sample, folder };
        (compiled && errors.len() == known).then_some(edition)
    }
}
