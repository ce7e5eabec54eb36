//! What the tests need of Node: the packages of `examples/node`, for those that call the database from a third
//! language, and those of `tests/browser`, for those that walk through the dashboard.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::cargo::{environment, target, workspace};
use crate::steps::say;

/// What decides which packages are installed.
const WANTED: [&str; 2] = ["package.json", "package-lock.json"];

/// What the sample in `examples/node` needs.
pub(crate) fn with_pg() -> Result<PathBuf> {
    packages("POSTROOM_TEST_NODE_MODULES", "examples/node", "test-node")
}

/// What the walks in `tests/browser` need.
pub(crate) fn with_playwright() -> Result<PathBuf> {
    packages("POSTROOM_TEST_BROWSER_MODULES", "tests/browser", "test-browser")
}

/// A `node_modules` folder with what `sample` needs: the one that is named, or one below cargo's target folder, which
/// is filled if it is not what the lock file says.
fn packages(variable: &str, sample: &str, place: &str) -> Result<PathBuf> {
    let version = Command::new("node").arg("--version").stdout(Stdio::null()).status();
    ensure!(version.is_ok_and(|status| status.success()), "no node: apt-get install nodejs npm");
    if let Some(named) = environment(variable) {
        return Ok(named.into());
    }
    let (folder, ours) = (workspace().join(sample), target().join(place));
    let modules = ours.join("node_modules");
    // npm writes that one last.
    if modules.join(".package-lock.json").is_file() && is_the_same(&folder, &ours)? {
        return Ok(modules);
    }
    say(&format!("\n== node: npm ci for {sample}, into {}", ours.display()));
    fs::create_dir_all(&ours)?;
    for name in WANTED {
        fs::copy(folder.join(name), ours.join(name))?;
    }
    let mut install = Command::new("npm");
    install.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&ours);
    let status = install.status().context("no npm: apt-get install npm")?;
    ensure!(status.success(), "npm could not fetch what {sample}/package-lock.json names");
    Ok(modules)
}

/// Whether our folder was filled by the same files.
fn is_the_same(sample: &Path, ours: &Path) -> Result<bool> {
    for name in WANTED {
        let wanted = fs::read(sample.join(name)).with_context(|| sample.join(name).display().to_string())?;
        if fs::read(ours.join(name)).ok().as_ref() != Some(&wanted) {
            return Ok(false);
        }
    }
    Ok(true)
}
