//! From what the engine says to what a caller may know.
//!
//! An error names the template, the file, the line and the variable; never a value, and never
//! the engine's own detail, which may quote one.

use std::error::Error as _;

use minijinja::{Error, ErrorKind};
use postroom_domain::id::TemplateName;
use postroom_ports::template::RenderError;

use crate::sources::Sources;

/// What the engine says of a template that includes itself; it has no kind of its own for it.
const TOO_DEEP: &str = "recursion limit exceeded";

/// What the formatter and the filters of this crate refuse. It travels as the source of the
/// engine's error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("is not a link for a letter; write an https:, http: or mailto: address in ASCII, without a user name")]
    UnsafeLink,
    #[error("must be a text of exactly {0} digits, leading zeros included")]
    NotDigits(usize),
    #[error("is neither text nor a number, and the template prints it")]
    NotPrintable,
    #[error("contains a control character; remove it")]
    ControlCharacter,
    #[error("cannot stand in a subject; write 1 to 500 bytes of text in one line")]
    NotInSubject,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::new(ErrorKind::InvalidOperation, "refused").with_source(refusal)
    }
}

/// Translates what went wrong while `template` was rendered.
pub(crate) fn translate(template: &TemplateName, sources: &Sources, error: &Error) -> RenderError {
    let template = template.clone();
    let (error, refusal) = innermost(error);
    if let Some(refusal) = refusal {
        return RenderError::Unusable { name: variable(sources, error), reason: refusal.to_string() };
    }
    match error.kind() {
        ErrorKind::UndefinedError => RenderError::Missing { template, names: vec![variable(sources, error)] },
        // Only the bounded writer can fail to write.
        ErrorKind::WriteFailure => RenderError::Limit { template, what: "output" },
        ErrorKind::OutOfFuel => RenderError::Limit { template, what: "fuel" },
        _ if error.detail() == Some(TOO_DEEP) => RenderError::Limit { template, what: "recursion" },
        kind => {
            let file = error.name().unwrap_or("unknown file");
            let line = error.line().unwrap_or_default();
            RenderError::Broken { template, reason: format!("{file}, line {line}: {kind}") }
        }
    }
}

/// The engine wraps an error once per include and macro; the innermost one knows the place.
fn innermost(error: &Error) -> (&Error, Option<Refusal>) {
    let mut innermost = error;
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(refusal) = cause.downcast_ref::<Refusal>() {
            return (innermost, Some(*refusal));
        }
        if let Some(deeper) = cause.downcast_ref::<Error>() {
            innermost = deeper;
        }
        source = cause.source();
    }
    (innermost, None)
}

/// The name at the start of the expression that failed: `accept_url` of `accept_url | link`.
fn variable(sources: &Sources, error: &Error) -> String {
    let place = error.name().and_then(|file| sources.get(file)).zip(error.range());
    let expression = place.map_or("", |(text, range)| expression(text, range.start));
    let name = expression.trim_start_matches(|c| !is_name(c));
    match name.split(|c| !is_name(c)).next() {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => "unknown".to_owned(),
    }
}

/// The text from the start of the expression at `at`. The engine places a failed filter at its
/// own name; what it was given stands before the pipe.
fn expression(text: &str, at: usize) -> &str {
    let (before, after) = text.split_at_checked(at).unwrap_or_default();
    if !before.trim_end().ends_with('|') {
        return after;
    }
    let start = before.rfind(['{', '%', '(', ',', '=']).map_or(0, |open| open + 1);
    text.get(start..).unwrap_or_default()
}

/// Whether `c` belongs to the path of a variable: `order.total`.
pub(crate) fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.')
}
