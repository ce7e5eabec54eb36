//! The only place that writes to standard output and standard error. A closed pipe is no
//! reason to stop halfway through a batch: what cannot be shown is dropped.

use std::io::Write as _;

/// One line of result.
pub fn line(text: &str) {
    let written = writeln!(std::io::stdout(), "{text}");
    if let Err(error) = written {
        tracing::debug!(%error, "standard output is closed");
    }
}

/// A whole text of result, with its own line ends.
pub(super) fn text(bytes: &[u8]) {
    let written = std::io::stdout().write_all(bytes);
    if let Err(error) = written {
        tracing::debug!(%error, "standard output is closed");
    }
}

/// Some lines of result.
pub(crate) fn lines(texts: &[String]) {
    for text in texts {
        line(text);
    }
}

/// One line for the person, not for the pipe.
pub(super) fn note(text: &str) {
    let written = writeln!(std::io::stderr(), "{text}");
    if let Err(error) = written {
        tracing::debug!(%error, "standard error is closed");
    }
}
