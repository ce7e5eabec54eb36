//! Logs, on standard error, so that standard output belongs to results.

use std::any::Any;
use std::io::IsTerminal;
use std::panic::Location;

use tracing_subscriber::EnvFilter;

/// What never logs, whatever the filter says: the HTML parser would show a letter's body, character by character.
const SILENT: &str = "html5ever=off,markup5ever=off,selectors=off";

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// Whether what is shown on a stream is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    /// They are.
    Yes,
    /// They are not.
    No,
}

impl Colours {
    /// Only at a terminal, and not where `NO_COLOR` is set (<https://no-color.org>).
    #[must_use]
    pub fn wanted(no_color: Option<&str>, stream: &impl IsTerminal) -> Self {
        let refused = no_color.is_some_and(|value| !value.is_empty());
        if !refused && stream.is_terminal() { Self::Yes } else { Self::No }
    }
}

/// Starts logging at the levels that `filter` names (`info`, `postroom=debug,sqlx=warn`).
/// A second call in one process changes nothing.
pub fn start(format: LogFormat, colours: Colours, filter: &str) {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(levels(filter))
        .with_ansi(colours == Colours::Yes)
        .with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging had been started before");
        return;
    }
    // The usual hook writes no JSON, and repeats whatever the text of a panic was made of.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(Location::to_string).unwrap_or_default();
        tracing::error!(place, said = harmless(panic.payload()), "a panic; this is a bug");
    }));
}

/// What is logged; that the program is broken is told whatever is wanted.
fn levels(filter: &str) -> EnvFilter {
    let all = |filter| format!("{filter},{SILENT},{}=error", module_path!());
    EnvFilter::try_new(all(filter)).unwrap_or_else(|_| EnvFilter::new(all("info")))
}

/// The words of a panic that were written in the program: those that are put together at run time may hold words of a
/// letter.
fn harmless(payload: &(dyn Any + Send)) -> &'static str {
    payload.downcast_ref::<&'static str>().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use tracing::Level;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[test]
    fn where_nothing_is_to_be_logged_a_panic_is_told_all_the_same() {
        tracing::subscriber::with_default(tracing_subscriber::registry().with(levels("off")), || {
            assert!(tracing::enabled!(Level::ERROR));
            assert!(!tracing::enabled!(target: "postroom::worker", Level::ERROR));
        });
    }

    #[test]
    fn of_a_panic_only_the_words_of_the_program_are_logged() {
        assert_eq!(harmless(&"no such place"), "no such place");
        assert_eq!(harmless(&format!("no such place in {}", "reader@example.org")), "");
    }
}
