//! Bars for long work: at a terminal only, and on standard error, so that results stay results.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar over a file; nothing for pipes, which have no known end.
pub(super) fn bytes(size: Option<u64>) -> ProgressBar {
    bar(size, "{bar:30} {percent:>3} %  {bytes} of {total_bytes}  {eta} left")
}

/// A bar over letters.
pub(super) fn letters(count: usize) -> ProgressBar {
    bar(u64::try_from(count).ok(), "{bar:30} {pos} of {len} letters  {eta} left")
}

/// A line that says what is waited for.
pub(super) fn waiting() -> ProgressBar {
    let line = if std::io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    line.enable_steady_tick(Duration::from_millis(100));
    line
}

fn bar(length: Option<u64>, template: &str) -> ProgressBar {
    let bar = match length {
        Some(length) if std::io::stderr().is_terminal() => {
            ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr())
        }
        _ => ProgressBar::hidden(),
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
