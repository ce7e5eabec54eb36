//! `cargo xtask lint`: the format and the lints, and that the library stands alone.

use std::process::ExitCode;

use crate::cargo::cargo;
use crate::steps::Steps;

pub(crate) fn run() -> ExitCode {
    let mut steps = Steps::default();
    check(&mut steps);
    steps.finish()
}

/// The same steps, for whoever runs more.
pub(crate) fn check(steps: &mut Steps) {
    steps.run("format", &mut cargo(&["fmt", "--all", "--check"]));
    steps.run("lints", &mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]));
    // What others embed has none of what only the binary has; no build of the whole workspace would notice.
    let library = ["clippy", "--package", "postroom", "--lib", "--no-default-features", "--", "-D", "warnings"];
    steps.run("library", &mut cargo(&library));
}
