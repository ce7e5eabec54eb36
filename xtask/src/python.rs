//! A Python that has psycopg, for the tests that call the database from a second language.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::cargo::{environment, target};
use crate::steps::say;

/// Looks where one may be, and makes one below cargo's target folder if there is none.
pub(crate) fn with_psycopg() -> Result<PathBuf> {
    let ours = target().join("test-python");
    let interpreter = ours.join("bin/python");
    let named = environment("POSTROOM_TEST_PYTHON").map(PathBuf::from);
    let candidates = named.into_iter().chain(["python3".into(), interpreter.clone()]);
    if let Some(found) = candidates.into_iter().find(|python| imports_psycopg(python)) {
        return Ok(found);
    }
    say(&format!("\n== python: psycopg, into {}", ours.display()));
    let folder = ours.to_string_lossy();
    run("python3", &["-m", "venv", "--clear", &folder], "apt-get install python3-venv")?;
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "psycopg[binary]>=3.2,<4"];
    run(&interpreter.to_string_lossy(), &install, "pip could not fetch psycopg[binary]")?;
    ensure!(imports_psycopg(&interpreter), "psycopg is installed, and cannot be imported");
    Ok(interpreter)
}

fn imports_psycopg(python: &Path) -> bool {
    let mut command = Command::new(python);
    command.args(["-c", "import psycopg"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn run(program: &str, arguments: &[&str], advice: &'static str) -> Result<()> {
    let status = Command::new(program).args(arguments).status().context(advice)?;
    ensure!(status.success(), advice);
    Ok(())
}
