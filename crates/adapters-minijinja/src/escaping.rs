//! HTML is escaped because of a file's name. This sees to it that nothing goes around that.

use std::collections::BTreeSet;

use minijinja::AutoEscape;

use crate::load::LoadError;
use crate::sources::Sources;

/// HTML is escaped, everything else is text.
pub(crate) fn of(file: &str) -> AutoEscape {
    if is_html(file) { AutoEscape::Html } else { AutoEscape::None }
}

fn is_html(file: &str) -> bool {
    file.ends_with(".html.j2")
}

/// What would print unescaped among the `files` that make an HTML part: a text file, and the
/// tag that switches escaping off.
pub(crate) fn check(sources: &Sources, files: &BTreeSet<&str>) -> Vec<LoadError> {
    let fault = |file: &&str| {
        let reason = if !is_html(file) {
            "a text file takes part in an HTML body; make it *.html.j2"
        } else if sources.get(file).is_some_and(|text| text.contains("autoescape")) {
            "switches escaping; remove `autoescape`"
        } else {
            return None;
        };
        Some(LoadError::Unescaped { file: (*file).to_owned(), reason })
    };
    files.iter().filter_map(fault).collect()
}
