//! Which variables a template needs, read from its source before anything is rendered, so that
//! a letter with three holes is refused with three names.

use std::collections::BTreeSet;

use minijinja::Environment;
use serde_json::{Map, Value};

use crate::refusal::is_name;
use crate::sources::Sources;

/// What the renderer itself gives to every template: whose letter it is.
pub(crate) const BRAND: &str = "brand";
/// What the renderer itself gives to every template: the letter's language.
pub(crate) const LETTER: &str = "letter";

/// The paths (`accept_url`, `order.total`) that a template takes from a letter's data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Variables {
    /// Without these there is no letter.
    pub(crate) required: BTreeSet<String>,
    /// These may be left out.
    pub(crate) optional: BTreeSet<String>,
}

/// What these files take from a letter's data.
///
/// A variable that a file asks about (`x is defined`) or has a fallback for (`x | default(…)`)
/// is optional in that file.
pub(crate) fn find(engine: &Environment<'_>, sources: &Sources, files: &BTreeSet<&str>) -> Variables {
    let globals: BTreeSet<&str> = engine.globals().map(|(name, _)| name).collect();
    let mut found = Variables::default();
    for file in files {
        let (Ok(template), Some(text)) = (engine.get_template(file), sources.get(file)) else {
            continue;
        };
        let words = words(text);
        for path in template.undeclared_variables(true) {
            let root = root(&path);
            if root == BRAND || root == LETTER || globals.contains(root) {
                continue;
            }
            let optional = is_optional(&words, &path) || is_optional(&words, root);
            if optional { &mut found.optional } else { &mut found.required }.insert(path);
        }
    }
    found.optional.retain(|path| !found.required.contains(path));
    found
}

/// The name that a path begins with: `order` of `order.total`.
pub(crate) fn root(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
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
