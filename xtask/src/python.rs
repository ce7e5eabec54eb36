//! What the tests need of Python: an interpreter that has psycopg, for those that call the database from a second
//! language, and schemathesis, which fuzzes the API from its description.

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
    install(&ours, "psycopg[binary]>=3.2,<4")?;
    ensure!(imports_psycopg(&interpreter), "psycopg is installed, and cannot be imported");
    Ok(interpreter)
}

/// The program `schemathesis`: the one that is named, or one below cargo's target folder, made if there is none.
pub(crate) fn schemathesis() -> Result<PathBuf> {
    if let Some(named) = environment("POSTROOM_TEST_SCHEMATHESIS") {
        return Ok(named.into());
    }
    let ours = target().join("test-schemathesis");
    let program = ours.join("bin/schemathesis");
    let works = |program: &Path| {
        let mut command = Command::new(program);
        command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    if !works(&program) {
        install(&ours, "schemathesis>=4.30,<5")?;
    }
    ensure!(works(&program), "schemathesis is installed, and cannot be run");
    Ok(program)
}

/// Makes an environment of its own with one package and what that needs.
fn install(folder: &Path, package: &str) -> Result<()> {
    say(&format!("\n== python: {package}, into {}", folder.display()));
    run("python3", &["-m", "venv", "--clear", &folder.to_string_lossy()], "apt-get install python3-venv")?;
    let interpreter = folder.join("bin/python");
    let words = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", package];
    run(&interpreter.to_string_lossy(), &words, "pip could not fetch a package")
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
