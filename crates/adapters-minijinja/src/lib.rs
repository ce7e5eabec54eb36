//! Templates by MiniJinja: from a letter's data to its subject and its two bodies.
//!
//! ```text
//!   templates/ (in the binary) ─┐
//!   a folder laid over them  ───┴▶ Sources ─▶ engine ──┐ compiled once, each file
//!                                    └▶ languages      │ <name>, <name>.de, …
//!                                                      ▼
//!   data ─▶ variables ─▶ context ─▶ subject │ html │ text ─▶ inline ─▶ Rendered
//!           all that is   + brand    printed by `output`:     style sheets into
//!           missing, by   + letter   text and numbers only,   the HTML's elements
//!           name                     HTML escaped, links
//!                                    checked, within fuel and size
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | `templates`, `template` | [`Templates`], the adapter of [`postroom_ports::template::TemplateRenderer`]; one template in all its languages |
//! | `sources`, `languages`, `load` | the files, their version, what their folders mean, and why they are refused: [`LoadError`] |
//! | `engine`, `escaping`, `output`, `link`, `bounded` | MiniJinja as strict as a letter needs it |
//! | `variables`, `list` | what a template needs, read from its source; [`Listed`] |
//! | `brand`, `brands`, `colour` | [`Brand`]: whose letters these are; [`Brands`]: which portal's |
//! | `inline`, `html` | style sheets into elements; a page as a mail client takes it apart |
//! | `lint` | [`Finding`]: everything that is wrong with a set, and what to do about it |
//! | `refusal`, `subject`, `nearest` | what is said when it cannot be done |
//!
//! # Add a template
//! 1. Make the folder `templates/<name>/` (or `<portal>/<name>/`) with `subject.txt.j2`,
//!    `body.html.j2`, `body.txt.j2`, and `sample.json`: one object with every variable.
//! 2. Let the bodies extend `layouts/base.html.j2` and `layouts/base.txt.j2`, and fill their
//!    blocks with the macros of `partials/`.
//! 3. Write `{{ url | link }}` for every link and `{{ code | digits(6) }}` for a code. Ask
//!    `{% if x is defined %}` for whatever may be left out; all else is required.
//! 4. The same in another language is the folder `<name>.de/`. It needs no more than the
//!    template does, and may do without a sample of its own.
//! 5. Run this crate's tests with `UPDATE_GOLDEN=1`, and read the new files in `tests/golden/`.
//!
//! Without a build: [`Templates::with_folder`] lays a folder of the same shape over ours. Every
//! set is checked when it is loaded: parts complete, HTML escaped, each sample rendered.
//! [`Templates::lint`] says more, and all of it at once.
//!
//! # Who is trusted
//! Template files are code, of those who run Postroom. Data is not: it is never compiled, never
//! printed unescaped into HTML, never a link by itself, and never repeated in an error.
//!
//! One thing is yours to see to: html5ever, which reads the page for its style sheets, logs what it reads at the levels
//! debug and trace. Switch its target `html5ever` off in a log that is so talkative, as the binary does.
//!
//! # What is deliberately absent
//! The `safe` filter (nothing in a letter's data is markup), MiniJinja's debug mode (its errors
//! hold data), reloading while letters are rendered (a letter's version must mean something),
//! style sheets from elsewhere, and a brand that inherits from another.

mod bounded;
mod brand;
mod brands;
mod colour;
mod engine;
mod escaping;
mod html;
mod inline;
mod languages;
mod link;
mod lint;
mod list;
mod load;
mod nearest;
mod output;
mod refusal;
mod sources;
mod subject;
mod template;
mod templates;
mod variables;

pub use brand::{Brand, Tone};
pub use brands::Brands;
pub use lint::{Finding, Rule, Severity};
pub use list::Listed;
pub use load::LoadError;
pub use templates::Templates;
