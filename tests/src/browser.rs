//! A real browser, steered by the programs of `tests/browser`.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::node::{Programs, run};
use crate::source::environment;

/// Programs that Chromium is called by.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];
/// The programs that steer it.
const WALKS: Programs =
    Programs { folder: "tests/browser", variable: "POSTROOM_TEST_BROWSER_MODULES", package: "playwright-core" };

/// Runs `tests/browser/<walk>.mjs`, which finds `told` and the browser's path, and gives what it printed.
///
/// Pictures that it takes stay in the folder that `POSTROOM_TEST_PICTURES` names; otherwise they go with the walk.
///
/// # Errors
/// Node, its packages or a browser is missing, with the line that helps; or the walk comes upon something that should
/// not be so, with what it saw.
pub async fn browse(walk: &str, mut told: Value) -> Result<String> {
    let folder = WALKS.laid_out()?;
    let kept = environment("POSTROOM_TEST_PICTURES").map(PathBuf::from);
    let pictures = kept.unwrap_or_else(|| folder.path().join("pictures"));
    std::fs::create_dir_all(&pictures)?;
    told["browser"] = json!(browser()?);
    told["pictures"] = json!(std::path::absolute(pictures)?);
    run(&folder.path().join(format!("{walk}.mjs")), &[&told.to_string()]).await
}

/// The browser's program: the one that `CHROMIUM` names, or the first that is found.
fn browser() -> Result<PathBuf> {
    let runs = |program: &PathBuf| {
        let version = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        version.is_ok_and(|status| status.success())
    };
    let folders = environment("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders).flat_map(|folder| BROWSERS.map(|name| folder.join(name)));
    let mut candidates = environment("CHROMIUM").map(PathBuf::from).into_iter().chain(found);
    let missing = "no Chromium: apt-get install chromium, or name the program in CHROMIUM";
    candidates.find(|program| program.is_file() && runs(program)).context(missing)
}
