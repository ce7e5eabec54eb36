//! A second language: Python, with psycopg.

use std::ffi::OsString;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use crate::source::{environment, workspace};

/// Runs a Python program, which can import the sample `examples/python/sign_up.py`, with these arguments and gives what
/// it printed.
///
/// The interpreter is `POSTROOM_TEST_PYTHON`, or else `python3`; it must be able to import psycopg.
///
/// # Errors
/// There is no such interpreter, with the line that helps; or the program fails, with what it said.
pub async fn python(program: &str, arguments: &[&str]) -> Result<String> {
    let interpreter = interpreter().await?;
    let mut command = Command::new(interpreter);
    command.arg("-c").arg(program).args(arguments);
    command.env("PYTHONPATH", workspace().join("examples/python")).env("PYTHONDONTWRITEBYTECODE", "1");
    let output = command.output().await?;
    ensure!(output.status.success(), "Python failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

async fn interpreter() -> Result<OsString> {
    let interpreter = environment("POSTROOM_TEST_PYTHON").unwrap_or_else(|| "python3".into());
    let mut test = Command::new(&interpreter);
    test.args(["-c", "import psycopg"]).stdout(Stdio::null()).stderr(Stdio::null());
    let status = test.status().await.with_context(|| format!("no {}", interpreter.display()))?;
    ensure!(
        status.success(),
        "{} cannot import psycopg: run `cargo xtask test`, which sees to it, or `python3 -m pip install 'psycopg[binary]'`",
        interpreter.display()
    );
    Ok(interpreter)
}
