//! Programs of the distribution that some tests need.

use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result};

/// Runs a program in this folder to its end.
///
/// # Errors
/// It is missing; with the line that installs `package`.
pub fn program(name: &str, package: &str, words: &[&str], folder: &Path) -> Result<Output> {
    let run = Command::new(name).args(words).current_dir(folder).output();
    run.with_context(|| format!("{name} is missing; on Debian: apt-get install {package}"))
}
