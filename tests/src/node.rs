//! A third language: Node, with the npm package `pg`.

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use crate::source::{environment, workspace};

/// Runs a Node program (an ES module) beside the sample `examples/node/sign-up.js` and gives what it printed.
///
/// The packages are those of `POSTROOM_TEST_NODE_MODULES`, or else of `examples/node/node_modules`.
///
/// # Errors
/// There is no Node, or its packages are missing, with the line that helps; or the program fails, with what it said.
pub async fn node(program: &str, arguments: &[&str]) -> Result<String> {
    // A module looks for packages in the folders above its own, so the sample goes where they are.
    let folder = tempfile::Builder::new().prefix("postroom-node-").tempdir()?;
    let sample = workspace().join("examples/node");
    for name in ["package.json", "sign-up.js"] {
        std::fs::copy(sample.join(name), folder.path().join(name))?;
    }
    symlink(packages()?, folder.path().join("node_modules"))?;
    std::fs::write(folder.path().join("program.js"), program)?;
    let output = Command::new("node").arg(folder.path().join("program.js")).args(arguments).output().await;
    let output = output.context("no node: apt-get install nodejs npm")?;
    ensure!(output.status.success(), "Node failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

fn packages() -> Result<PathBuf> {
    let named = environment("POSTROOM_TEST_NODE_MODULES").map(PathBuf::from);
    let modules = named.unwrap_or_else(|| workspace().join("examples/node/node_modules"));
    ensure!(
        modules.join("pg").is_dir(),
        "no package pg in {}: run `cargo xtask test`, which sees to it, or `npm ci` in examples/node",
        modules.display()
    );
    Ok(modules)
}
