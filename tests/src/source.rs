//! The project as it lies on the disk, for the tests that read it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// What the environment says about `name`, if anything.
#[expect(clippy::disallowed_methods, reason = "the tests' own tools are named by the environment")]
#[must_use]
pub fn environment(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Whether the long form of a test is wanted, which takes many minutes: `POSTROOM_TEST_LONG=1`.
#[must_use]
pub fn is_long() -> bool {
    environment("POSTROOM_TEST_LONG").is_some()
}

/// The folder of the workspace.
#[must_use]
pub fn workspace() -> PathBuf {
    let ours = environment("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let ours = PathBuf::from(ours);
    ours.parent().map(Path::to_owned).unwrap_or(ours)
}

/// What cargo prints, run in the workspace with these words.
///
/// # Errors
/// It cannot be run, or it fails; then with what it said.
pub fn cargo(words: &[&str]) -> Result<String> {
    let program = environment("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(program).current_dir(workspace()).args(words).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "cargo {}: {said}", words.join(" "));
    Ok(String::from_utf8(output.stdout)?)
}

/// A file of the project.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    /// Where it lies in the workspace, with `/` between folders.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// Every text file below `folder` of the workspace (`""` is all of it), in the order of their paths; not what cargo
/// and git keep there.
///
/// # Errors
/// A folder or file cannot be read.
pub fn sources(folder: &str) -> Result<Vec<Source>> {
    let mut found = Vec::new();
    collect(&workspace(), &workspace().join(folder), &mut found)?;
    found.sort();
    Ok(found)
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<Source>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let kept_by_tools =
            [".git", "target", "node_modules", "__pycache__"].contains(&name.as_str()) || name.starts_with("target-");
        if path.is_dir() {
            if !kept_by_tools {
                collect(root, &path, found)?;
            }
        } else if let Ok(text) = String::from_utf8(fs::read(&path)?) {
            let path = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
            found.push(Source { path, text });
        }
    }
    Ok(())
}

impl Source {
    /// Its name without folders.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether its name ends so: `.rs`.
    #[must_use]
    pub fn ends_with(&self, ending: &str) -> bool {
        self.path.ends_with(ending)
    }

    /// The folder of the crate that it is source of: `app` for `crates/app/src/lib.rs`.
    #[must_use]
    pub fn crate_folder(&self) -> Option<&str> {
        let (name, rest) = self.path.strip_prefix("crates/")?.split_once('/')?;
        rest.starts_with("src/").then_some(name)
    }

    /// Its lines with their numbers from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}
