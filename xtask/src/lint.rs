//! `cargo xtask lint`: the format and the lints.

use std::process::ExitCode;

use crate::cargo::cargo;
use crate::steps::Steps;

pub(crate) fn run() -> ExitCode {
    let mut steps = Steps::default();
    check(&mut steps);
    steps.finish()
}

/// The same two steps, for whoever runs more.
pub(crate) fn check(steps: &mut Steps) {
    steps.run("format", &mut cargo(&["fmt", "--all", "--check"]));
    steps.run("lints", &mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]));
}
