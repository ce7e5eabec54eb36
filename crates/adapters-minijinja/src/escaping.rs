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

/// Checks all `files` that make an HTML part.
///
/// # Errors
/// Refuses a text file among them, which would print without escaping, and the tag that
/// switches escaping off.
pub(crate) fn check(sources: &Sources, files: &BTreeSet<&str>) -> Result<(), LoadError> {
    for file in files {
        let text = sources.get(file).unwrap_or_default();
        let reason = if !is_html(file) {
            "a text file takes part in an HTML body; make it *.html.j2"
        } else if text.contains("autoescape") {
            "switches escaping; remove `autoescape`"
        } else {
            continue;
        };
        return Err(LoadError::Unescaped { file: (*file).to_owned(), reason });
    }
    Ok(())
}
