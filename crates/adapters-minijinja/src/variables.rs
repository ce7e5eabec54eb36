//! Which variables a template needs, read from its source before anything is rendered, so that
//! a letter with three holes is refused with three names.

use std::collections::BTreeSet;

use minijinja::Environment;
use serde_json::{Map, Value};

use crate::refusal::is_name;
use crate::sources::Sources;

/// What the renderer itself gives to every template.
pub(crate) const BRAND: &str = "brand";

/// The paths (`accept_url`, `order.total`) that these files need from a letter's data.
///
/// A variable that a file asks about (`x is defined`) or has a fallback for (`x | default(…)`)
/// is optional in that file.
pub(crate) fn required(engine: &Environment<'_>, sources: &Sources, files: &BTreeSet<&str>) -> BTreeSet<String> {
    let globals: BTreeSet<&str> = engine.globals().map(|(name, _)| name).collect();
    let mut required = BTreeSet::new();
    for file in files {
        let (Ok(template), Some(text)) = (engine.get_template(file), sources.get(file)) else {
            continue;
        };
        let words = words(text);
        required.extend(template.undeclared_variables(true).into_iter().filter(|path| {
            let root = path.split('.').next().unwrap_or(path);
            root != BRAND && !globals.contains(root) && !is_optional(&words, path) && !is_optional(&words, root)
        }));
    }
    required
}

/// The required paths that `data` does not have. A `null` is as good as nothing.
pub(crate) fn missing(required: &BTreeSet<String>, data: &Map<String, Value>) -> Vec<String> {
    required.iter().filter(|path| is_missing(path, data)).cloned().collect()
}

fn is_missing(path: &str, data: &Map<String, Value>) -> bool {
    let mut object = data;
    for key in path.split('.') {
        match object.get(key) {
            None | Some(Value::Null) => return true,
            Some(Value::Object(inner)) => object = inner,
            // Whatever is asked of a text or a list is the engine's to judge.
            Some(_) => return false,
        }
    }
    false
}

/// Whether the words ask about `path` or give it a fallback.
fn is_optional(words: &[&str], path: &str) -> bool {
    words.windows(3).any(|three| {
        let &[name, second, third] = three else { return false };
        name == path
            && match second {
                "is" => matches!(third, "defined" | "undefined" | "not"),
                "|" => matches!(third, "default" | "d"),
                _ => false,
            }
    })
}

/// Names (with their dots) and pipes, in order. Everything else separates.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| is_name(c) || c == '|') {
        rest = rest.get(start..).unwrap_or_default();
        let end = if rest.starts_with('|') { 1 } else { rest.find(|c: char| !is_name(c)).unwrap_or(rest.len()) };
        let (word, tail) = rest.split_at(end);
        words.push(word);
        rest = tail;
    }
    words
}
