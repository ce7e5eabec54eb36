//! Why a set of templates cannot be used. Found when it is loaded, before any letter waits.

use std::io;
use std::path::PathBuf;

use postroom_ports::template::RenderError;

/// A template file that is missing, unreadable or wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A file or folder could not be read, or is not UTF-8.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file name that is not UTF-8.
    #[error("{}: the name is not UTF-8; rename it", path.display())]
    BadName {
        /// The file.
        path: PathBuf,
    },
    /// Folders nest deeper than any template needs, probably in a circle.
    #[error("{}: folders nest too deep here; look for a link to a parent folder", path.display())]
    TooDeep {
        /// The folder that was one too many.
        path: PathBuf,
    },
    /// A file larger than any template should be.
    #[error("{} is too large; a template file has at most {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// A folder whose name cannot be a template's.
    #[error("template folder {name:?}: {reason}")]
    BadTemplateName {
        /// The folder, relative to the templates.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A template lacks one of its files.
    #[error(
        "template {template:?} lacks {file}; a template has subject.txt.j2, body.html.j2, body.txt.j2 and sample.json"
    )]
    Incomplete {
        /// The template.
        template: String,
        /// The file that is not there.
        file: &'static str,
    },
    /// A template in another language, without the template.
    #[error(
        "template {variant:?} is {template:?} in another language, and there is no {template:?}; add it, or rename \
         the folder so that it does not end in a language"
    )]
    NoBase {
        /// The folder.
        variant: String,
        /// The template that is not there.
        template: String,
    },
    /// A template in another language that needs more than the template does.
    #[error(
        "template {variant:?} needs {}, which {template:?} does not; what a letter needs must not depend on its \
         language: ask `is defined` here, or use it there, too",
        names.join(", ")
    )]
    NeedsMore {
        /// The folder.
        variant: String,
        /// The template.
        template: String,
        /// What it needs in addition.
        names: Vec<String>,
    },
    /// A `sample.json` that is not one JSON object.
    #[error("{template}/sample.json is not a JSON object: {reason}")]
    BadSample {
        /// The template.
        template: String,
        /// Where and why.
        reason: String,
    },
    /// A template that cannot render its own sample.
    #[error("the sample of template {template:?} does not render: {source}")]
    SampleFails {
        /// The template.
        template: String,
        /// Why.
        source: RenderError,
    },
    /// An HTML part that would print data unescaped.
    #[error("{file}: {reason}")]
    Unescaped {
        /// The file.
        file: String,
        /// How it would.
        reason: &'static str,
    },
    /// A file that the engine cannot compile.
    #[error("{file}, line {line}: {reason}")]
    DoesNotCompile {
        /// The file.
        file: String,
        /// The line, from 1; 0 if the engine does not say.
        line: usize,
        /// What the engine said.
        reason: String,
    },
}

impl LoadError {
    pub(crate) fn does_not_compile(file: &str, error: &minijinja::Error) -> Self {
        Self::DoesNotCompile {
            file: error.name().unwrap_or(file).to_owned(),
            line: error.line().unwrap_or_default(),
            reason: error.detail().map_or_else(|| error.kind().to_string(), str::to_owned),
        }
    }
}
