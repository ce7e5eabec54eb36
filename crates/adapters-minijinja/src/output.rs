//! What a template may print, and how it is escaped.
//!
//! The engine by itself prints a JSON `null` as `None`, a boolean as `True` and an object as
//! source code. In a letter each of them is a mistake that a person would read, so only text
//! and numbers are printed; the rest is refused, and the template says what it means
//! (`{% if trial %}free{% endif %}`).

use minijinja::value::{Value, ValueKind};
use minijinja::{AutoEscape, Error, Output, State};
use postroom_domain::letter::Subject;

use crate::refusal::Refusal;

/// Prints one value, or refuses it.
pub(crate) fn print(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    if let Some(text) = value.as_str() {
        if is_subject(state.name()) && Subject::parse(text).is_err() {
            return Err(Refusal::NotInSubject.into());
        }
        if text.chars().any(is_stray_control) {
            return Err(Refusal::ControlCharacter.into());
        }
        return match state.auto_escape() {
            AutoEscape::Html if !value.is_safe() => escape_html(out, text),
            _ => out.write_str(text),
        }
        .map_err(Error::from);
    }
    match value.kind() {
        ValueKind::Number => write!(out, "{value}").map_err(Error::from),
        _ => Err(Refusal::NotPrintable.into()),
    }
}

/// Control characters that no text part has any use for: all but line breaks and tabs.
fn is_stray_control(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\r' | '\t')
}

/// A subject is one line: a line break in a name would start another header.
fn is_subject(file: &str) -> bool {
    file.ends_with("subject.txt.j2")
}

/// Escapes the five characters that mean something in HTML text and quoted attributes. Slashes
/// stay, so that a link can be read in the source of the letter.
fn escape_html(out: &mut Output, text: &str) -> std::fmt::Result {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        let (plain, tail) = rest.split_at(at);
        out.write_str(plain)?;
        out.write_str(match tail.as_bytes().first() {
            Some(b'&') => "&amp;",
            Some(b'<') => "&lt;",
            Some(b'>') => "&gt;",
            Some(b'"') => "&quot;",
            _ => "&#39;",
        })?;
        rest = tail.get(1..).unwrap_or_default();
    }
    out.write_str(rest)
}
