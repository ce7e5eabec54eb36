//! Cargo, as it called us, and the workspace that we are part of.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The folder of the workspace: what cargo says as it runs us, since two checkouts may share one target folder, and so
/// one binary.
pub(crate) fn workspace() -> PathBuf {
    let ours = environment("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let ours = PathBuf::from(ours);
    ours.parent().map(Path::to_owned).unwrap_or(ours)
}

/// What the user's environment says about `name`, if anything.
#[expect(clippy::disallowed_methods, reason = "a command line tool is configured by its environment")]
pub(crate) fn environment(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Cargo's folder for what is built.
pub(crate) fn target() -> PathBuf {
    workspace().join(environment("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// The cargo that runs us, to be run in the workspace. Queries are checked against the committed data, and a database
/// that the user's shell happens to name is none of ours.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(environment("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace()).args(arguments).env("SQLX_OFFLINE", "true").env_remove("DATABASE_URL");
    command
}

/// Whether `cargo <subcommand>` is installed.
pub(crate) fn has(subcommand: &str) -> bool {
    let mut command = cargo(&[subcommand, "--version"]);
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
