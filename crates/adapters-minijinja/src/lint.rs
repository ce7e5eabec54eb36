//! Everything that is wrong with a set of templates, for whoever writes them.
//!
//! ```text
//!   LoadError ──▶ loading ─┐
//!   samples ────▶ letter ──┼─▶ Finding: template, language, file, severity, rule, what to do
//!   brands ─────▶ brand ───┘
//! ```
//!
//! Loading stops at the first mistake, because a worker must not start with half a set; this
//! goes on, and looks at whatever is sound.

mod brand;
mod letter;
mod loading;

use std::collections::BTreeSet;
use std::path::Path;

use postroom_domain::locale::Locale;

use crate::brands::Brands;
use crate::html::Page;
use crate::languages::SAMPLE;
use crate::sources::Sources;
use crate::template::Template;
use crate::templates::Templates;
use crate::variables;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Letters cannot be sent, or some of their readers are shut out.
    Error,
    /// Letters go out, and could be better.
    Warning,
}

impl Severity {
    /// In one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// What is asked of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// Its files can be read, and their names are names.
    Files,
    /// Subject, HTML, text and sample are there.
    Parts,
    /// Each file is a template.
    Syntax,
    /// Data is escaped in HTML.
    Escaping,
    /// A letter in another language belongs to a template, and needs no more than it.
    Variants,
    /// The sample is one JSON object.
    Sample,
    /// The sample has every variable that is used.
    UndefinedVariable,
    /// The sample has nothing that is not used.
    UnusedSample,
    /// The sample can be rendered.
    Rendering,
    /// Links are https, http or mailto; http only where it must be.
    Links,
    /// The text part has the links of the HTML part.
    SameLinks,
    /// The HTML part is not clipped.
    Size,
    /// The text part says something.
    EmptyText,
    /// The subject is seen whole.
    SubjectLength,
    /// Images say what they show.
    Alt,
    /// Nothing is fetched but the brand's logo.
    RemoteAssets,
    /// The page says its language and direction.
    Language,
    /// Brands belong to portals that there are, and their links are https.
    Brand,
}

impl Rule {
    /// Its name, for people and scripts.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Parts => "parts",
            Self::Syntax => "syntax",
            Self::Escaping => "escaping",
            Self::Variants => "variants",
            Self::Sample => "sample",
            Self::UndefinedVariable => "undefined-variable",
            Self::UnusedSample => "unused-sample",
            Self::Rendering => "rendering",
            Self::Links => "links",
            Self::SameLinks => "same-links",
            Self::Size => "size",
            Self::EmptyText => "empty-text",
            Self::SubjectLength => "subject-length",
            Self::Alt => "alt",
            Self::RemoteAssets => "remote-assets",
            Self::Language => "language",
            Self::Brand => "brand",
        }
    }
}

/// One thing that is wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The template, where it is about one.
    pub template: Option<String>,
    /// In which language; `None`: the template itself.
    pub locale: Option<Locale>,
    /// The file, as it is called below the folder of templates.
    pub file: Option<String>,
    /// How bad it is.
    pub severity: Severity,
    /// What is asked.
    pub rule: Rule,
    /// What is wrong, and what to do about it.
    pub message: String,
}

impl Templates {
    /// Looks at the templates that travel in the binary with the files of `folder` laid over
    /// them, and tells everything that is wrong, the worst first for each template.
    ///
    /// It also looks at a folder that [`with_folder`](Self::with_folder) refuses.
    #[must_use]
    pub fn lint(brands: impl Into<Brands>, folder: Option<&Path>) -> Vec<Finding> {
        let mut sources = Sources::embedded();
        let unread = folder.map(|folder| sources.overlay(folder)).unwrap_or_default();
        let (templates, errors) = Self::assemble(sources, brands.into());
        let mut findings: Vec<Finding> = unread.iter().chain(&errors).map(loading::finding).collect();
        for (sample, rendered) in templates.samples() {
            if let Ok(letter) = rendered {
                let page = Page::read(&letter.html);
                findings.extend(
                    letter::Letter { sample, words: &letter, page: &page, brand: templates.brand(sample.name) }
                        .findings(),
                );
            }
        }
        findings.extend(templates.known().flat_map(|(name, template)| samples(name.as_str(), template)));
        findings.extend(brand::findings(&templates));
        findings.sort_by(|a, b| {
            let key = |f: &Finding| (f.template.clone(), f.locale.clone(), f.severity, f.rule, f.file.clone());
            key(a).cmp(&key(b))
        });
        findings
    }
}

/// What samples lack, and what they have too much of.
fn samples(name: &str, template: &Template) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (locale, edition) in template.editions() {
        let Some(sample) = &edition.sample else { continue };
        let file = format!("{}/{SAMPLE}", edition.folder);
        let finding = |rule, message| Finding {
            template: Some(name.to_owned()),
            locale: locale.cloned(),
            file: Some(file.clone()),
            severity: Severity::Warning,
            rule,
            message,
        };
        // Whoever has no sample of their own takes the template's.
        let takers = template.editions().map(|(_, other)| other);
        let takers =
            takers.filter(|other| other.folder == edition.folder || (locale.is_none() && other.sample.is_none()));
        let taken: Vec<_> = takers.map(|taker| &taker.variables).collect();
        let optional: BTreeSet<String> = taken.iter().flat_map(|variables| variables.optional.clone()).collect();
        findings.extend(variables::missing(&optional, sample).into_iter().map(|name| {
            let message = format!("{name} may be given, and the sample does not show what it looks like; add it");
            finding(Rule::UndefinedVariable, message)
        }));
        let used: BTreeSet<&str> = taken
            .iter()
            .flat_map(|variables| variables.required.iter().chain(&variables.optional))
            .map(|path| variables::root(path))
            .collect();
        findings.extend(sample.keys().filter(|key| !used.contains(key.as_str())).map(|key| {
            let message = format!("nothing uses {key}; remove it, or look for a misspelt name in the template");
            finding(Rule::UnusedSample, message)
        }));
    }
    findings
}
