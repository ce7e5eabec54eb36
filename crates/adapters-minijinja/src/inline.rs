//! Style sheets into the elements that they are for, because many mail clients drop `<style>`.
//!
//! It happens after rendering, to a page whose data is escaped already. So it must not turn any
//! of that back into markup: what could is refused ([`Fault::Backslash`]), and what comes out is
//! bounded like everything that is rendered.

use std::sync::{Arc, LazyLock};

use css_inline::{CSSInliner, InlineError, StylesheetResolver};

use crate::bounded::Bounded;
use crate::html::Page;

/// Why a style sheet cannot be written into the elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A style sheet or a `style` attribute has a backslash. CSS reads `\22` as a quote, and the
    /// inliner writes the name of a property as it was read: a value from a letter's data would
    /// end the attribute that it stands in.
    Backslash,
    /// It is no CSS.
    Unreadable,
    /// The result is too large.
    TooLarge,
    /// Elements nest deeper than [`MAX_DEPTH`].
    TooDeep,
}

/// How deep elements may nest. The inliner walks a page by recursion, so that a loop over an
/// element that nobody closes would use up the stack of the whole worker. Browsers stop at 512.
const MAX_DEPTH: usize = 512;

/// Nothing is fetched: a letter that names a style sheet elsewhere goes without it.
#[derive(Debug)]
struct Nowhere;

impl StylesheetResolver for Nowhere {
    fn retrieve(&self, _location: &str) -> Result<String, InlineError> {
        Ok(String::new())
    }
}

static INLINER: LazyLock<CSSInliner<'static>> = LazyLock::new(|| {
    CSSInliner::options().load_remote_stylesheets(false).resolver(Arc::new(Nowhere)).keep_link_tags(true).build()
});

/// The same page, with its style sheets in its elements. A sheet that says
/// `data-css-inline="keep"` stays besides, for what elements cannot say (`@media`). A page
/// without a style sheet is left as it is, to the byte.
///
/// # Errors
/// [`Fault`].
pub(crate) fn inline(html: String) -> Result<String, Fault> {
    if !html.contains("<style") {
        return Ok(html);
    }
    // Few letters have a backslash or so many tags: only those are read twice.
    if html.contains('\\') || html.matches('<').count() > MAX_DEPTH {
        check(&Page::read(&html))?;
    }
    let mut output = Bounded::default();
    match INLINER.inline_to(&html, &mut output) {
        Ok(()) => Ok(output.into_text()),
        Err(InlineError::IO(_)) => Err(Fault::TooLarge),
        Err(_) => Err(Fault::Unreadable),
    }
}

fn check(page: &Page) -> Result<(), Fault> {
    if page.depth > MAX_DEPTH {
        return Err(Fault::TooDeep);
    }
    let in_css = page.css.contains('\\');
    if in_css || page.tags.iter().any(|tag| tag.get("style").is_some_and(|css| css.contains('\\'))) {
        return Err(Fault::Backslash);
    }
    Ok(())
}
