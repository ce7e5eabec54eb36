//! MiniJinja, set up for letters.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};

use crate::load::LoadError;
use crate::refusal::Refusal;
use crate::sources::Sources;
use crate::{escaping, link, output};

/// The work that one part may cost, in the engine's units: an instruction, or 64 bytes made.
/// Ours need a few hundred; a loop over ten thousand rows still fits.
const FUEL: u64 = 200_000;
/// How deep includes, macros and blocks may nest, in the engine's units (an include costs 10).
const RECURSION: usize = 200;

/// An engine that has compiled `sources`, and which of them do not compile, with the line.
pub(crate) fn compile(sources: &Sources) -> (Environment<'static>, Vec<LoadError>) {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_auto_escape_callback(escaping::of);
    engine.set_formatter(output::print);
    engine.set_fuel(Some(FUEL));
    engine.set_recursion_limit(RECURSION);
    // The engine's debug mode would copy the letter's data into its errors.
    engine.set_debug(false);
    engine.set_syntax(syntax());
    // Nothing that comes with a letter is markup, so no template may declare it so.
    engine.remove_filter("safe");
    engine.add_filter("link", safe_link);
    engine.add_filter("digits", digits);
    let mut errors = Vec::new();
    for (name, text) in sources.iter().filter(|(name, _)| !name.ends_with("sample.json")) {
        if let Err(error) = engine.add_template_owned(name.to_owned(), text.to_owned()) {
            errors.push(LoadError::does_not_compile(name, &error));
        }
    }
    (engine, errors)
}

/// A block tag alone on its line leaves no line behind, so that text parts can be laid out.
fn syntax() -> SyntaxConfig {
    SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().unwrap_or_default()
}

/// `url | link`: the same text, if it may be a link.
fn safe_link(url: &Value) -> Result<Value, Error> {
    if url.is_undefined() {
        return Err(ErrorKind::UndefinedError.into());
    }
    match url.as_str() {
        Some(text) if link::is_safe(text) => Ok(url.clone()),
        _ => Err(Refusal::UnsafeLink.into()),
    }
}

/// `code | digits(6)`: the same text, if it is exactly that many digits. A number is refused:
/// it has lost its leading zeros.
fn digits(code: &Value, count: usize) -> Result<Value, Error> {
    if code.is_undefined() {
        return Err(ErrorKind::UndefinedError.into());
    }
    match code.as_str() {
        Some(text) if text.len() == count && text.bytes().all(|b| b.is_ascii_digit()) => Ok(code.clone()),
        _ => Err(Refusal::NotDigits(count).into()),
    }
}
