//! What keeps a set from being loaded.

use postroom_ports::template::RenderError;

use super::{Finding, Rule, Severity};
use crate::languages::{self, SAMPLE};
use crate::load::LoadError;

/// The finding that an error of loading is.
pub(super) fn finding(error: &LoadError) -> Finding {
    let (rule, folder, file) = place(error);
    let language = folder.and_then(|folder| languages::read(folder).ok());
    let (template, locale) = match language {
        Some((template, locale)) => (Some(template.to_string()), locale),
        None => (folder.map(str::to_owned), None),
    };
    Finding { template, locale, file, severity: Severity::Error, rule, message: error.to_string() }
}

/// Which rule it breaks, in which folder and which file.
fn place(error: &LoadError) -> (Rule, Option<&str>, Option<String>) {
    let below = |folder: &str, file: &str| Some(format!("{folder}/{file}"));
    match error {
        LoadError::Unreadable { path, .. }
        | LoadError::BadName { path }
        | LoadError::TooDeep { path }
        | LoadError::TooLarge { path, .. } => (Rule::Files, None, Some(path.display().to_string())),
        LoadError::BadTemplateName { name, .. } => (Rule::Files, Some(name), None),
        LoadError::Incomplete { template, file } => (Rule::Parts, Some(template), below(template, file)),
        LoadError::NoBase { variant, .. } | LoadError::NeedsMore { variant, .. } => {
            (Rule::Variants, Some(variant), None)
        }
        LoadError::BadSample { template, .. } => (Rule::Sample, Some(template), below(template, SAMPLE)),
        LoadError::SampleFails { template, source } => match source {
            RenderError::Missing { .. } => (Rule::UndefinedVariable, Some(template), below(template, SAMPLE)),
            RenderError::Limit { what, .. } if what.contains("subject") => (Rule::SubjectLength, Some(template), None),
            RenderError::Limit { .. } => (Rule::Size, Some(template), None),
            _ => (Rule::Rendering, Some(template), None),
        },
        LoadError::Unescaped { file, .. } => (Rule::Escaping, folder_of(file), Some(file.clone())),
        LoadError::DoesNotCompile { file, .. } => (Rule::Syntax, folder_of(file), Some(file.clone())),
    }
}

/// The folder of a template's own file; layouts and partials belong to none.
fn folder_of(file: &str) -> Option<&str> {
    if languages::is_shared(file) { None } else { file.rsplit_once('/').map(|(folder, _)| folder) }
}
