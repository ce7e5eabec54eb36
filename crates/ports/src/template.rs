//! From a template and its data to a subject and two bodies.
#![expect(clippy::needless_lifetimes, reason = "mockall asks for the name")]
#![cfg_attr(feature = "mock", expect(clippy::ref_option_ref, reason = "mockall writes it so"))]

use postroom_domain::id::TemplateName;
use postroom_domain::locale::Locale;

use crate::letter::Data;

/// A letter's words. Both bodies are always there.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One printable line.
    pub subject: String,
    /// The HTML body.
    pub html: String,
    /// The plain text body.
    pub text: String,
    /// A hash over every source that took part, so that a letter's record says what it was
    /// made from.
    pub version: String,
    /// Whose language they are in: the variant that was taken. `None`: the template's own.
    pub locale: Option<Locale>,
}

impl std::fmt::Debug for Rendered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rendered").field("version", &self.version).field("locale", &self.locale).finish_non_exhaustive()
    }
}

/// Why a letter cannot be rendered. No variant carries a value from the data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// No template of that name.
    #[error("template: there is no '{name}'{}", known(.suggestion.as_deref()))]
    Unknown {
        /// What was asked for.
        name: String,
        /// The nearest name that exists.
        suggestion: Option<String>,
    },
    /// Variables that the template needs and the data lacks; all of them.
    #[error("data.{}: missing; the template '{template}' needs {}", .names.first().map_or("?", String::as_str), .names.join(", "))]
    Missing {
        /// The template.
        template: TemplateName,
        /// The variables, at least one.
        names: Vec<String>,
    },
    /// A variable whose value the template cannot use.
    #[error("data.{name}: {reason}")]
    Unusable {
        /// The variable.
        name: String,
        /// What it must be instead.
        reason: String,
    },
    /// The output or the work for it exceeds the limits.
    #[error("template: '{template}' exceeds the limit of {what}")]
    Limit {
        /// The template.
        template: TemplateName,
        /// Which limit: output, fuel, recursion.
        what: &'static str,
    },
    /// The template itself is at fault.
    #[error("template: '{template}' is broken: {reason}")]
    Broken {
        /// The template.
        template: TemplateName,
        /// File, line and kind of the mistake.
        reason: String,
    },
}

fn known(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(
        || "; `postroom templates list` shows those that there are".to_owned(),
        |name| format!("; did you mean '{name}'?"),
    )
}

impl RenderError {
    /// The field of the letter that is at fault.
    #[must_use]
    pub fn field(&self) -> String {
        match self {
            Self::Missing { names, .. } => {
                names.first().map_or_else(|| "data".to_owned(), |name| format!("data.{name}"))
            }
            Self::Unusable { name, .. } => format!("data.{name}"),
            Self::Unknown { .. } | Self::Limit { .. } | Self::Broken { .. } => "template".to_owned(),
        }
    }

    /// The same without the field in front, for messages that name it elsewhere.
    #[must_use]
    pub fn reason(&self) -> String {
        let text = self.to_string();
        text.split_once(": ").map_or(text.clone(), |(_, reason)| reason.to_owned())
    }
}

/// A template engine. Pure: the same template, locale and data MUST give the same words.
///
/// A template may have **variants**: the same letter in other languages. They are no templates
/// of their own: they are not listed, and whoever wants one says so by a locale.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait TemplateRenderer: std::fmt::Debug + Send + Sync + 'static {
    /// Every template there is, in order of name.
    fn templates(&self) -> Vec<TemplateName>;

    /// Data that `template` can be rendered with, for previews and tests; `None` where there
    /// is no such template.
    fn sample(&self, template: &TemplateName) -> Option<Data>;

    /// Renders both bodies and the subject, in the variant that is nearest to `locale` by
    /// [`Locale::fallbacks`], and MUST say which one that was. Where there is none, or `locale`
    /// is `None`, the template itself is taken. Which variables a letter needs MUST NOT depend
    /// on its language.
    ///
    /// MUST refuse missing variables by name, MUST
    /// escape data in HTML and only there, MUST refuse links whose scheme is not https, http
    /// or mailto, MUST bound time and size, and MUST never evaluate data as a template.
    ///
    /// # Errors
    /// [`RenderError`], which names what is at fault and repeats no value.
    fn render<'a>(
        &self,
        template: &TemplateName,
        locale: Option<&'a Locale>,
        data: &Data,
    ) -> Result<Rendered, RenderError>;
}
