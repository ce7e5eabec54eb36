//! Node: a third language that enqueues, and what steers a browser.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use crate::source::{environment, workspace};

/// Programs of a folder of the workspace, and the packages that they are written with.
pub(crate) struct Programs {
    /// Where they lie in the workspace; their packages are there or where `variable` says.
    pub folder: &'static str,
    /// The variable that names a folder `node_modules`.
    pub variable: &'static str,
    /// One of the packages, by which it is seen whether they are there.
    pub package: &'static str,
}

/// Runs a Node program (an ES module) beside the sample `examples/node/sign-up.js` and gives what it printed.
///
/// The packages are those of `POSTROOM_TEST_NODE_MODULES`, or else of `examples/node/node_modules`.
///
/// # Errors
/// There is no Node, or its packages are missing, with the line that helps; or the program fails, with what it said.
pub async fn node(program: &str, arguments: &[&str]) -> Result<String> {
    let sample = Programs { folder: "examples/node", variable: "POSTROOM_TEST_NODE_MODULES", package: "pg" };
    let folder = sample.laid_out()?;
    std::fs::write(folder.path().join("program.js"), program)?;
    run(&folder.path().join("program.js"), arguments).await
}

impl Programs {
    /// A folder with them and their packages: a module looks for packages in the folders above its own.
    ///
    /// # Errors
    /// The packages are missing, with the line that helps.
    pub(crate) fn laid_out(&self) -> Result<tempfile::TempDir> {
        let folder = tempfile::Builder::new().prefix("postroom-node-").tempdir()?;
        for entry in std::fs::read_dir(workspace().join(self.folder))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default();
            if path.is_file() {
                std::fs::copy(&path, folder.path().join(name))?;
            }
        }
        symlink(self.packages()?, folder.path().join("node_modules"))?;
        Ok(folder)
    }

    fn packages(&self) -> Result<PathBuf> {
        let Self { folder, variable, package } = self;
        let named = environment(variable).map(PathBuf::from);
        let modules = named.unwrap_or_else(|| workspace().join(folder).join("node_modules"));
        ensure!(
            modules.join(package).is_dir(),
            "no package {package} in {}: run `cargo xtask test`, which sees to it, or `npm ci` in {folder}",
            modules.display()
        );
        Ok(modules)
    }
}

/// Runs a program to its end and gives what it printed.
///
/// # Errors
/// There is no Node, or the program fails; with what it said.
pub(crate) async fn run(program: &Path, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new("node");
    command.arg(program).args(arguments).kill_on_drop(true);
    let output = command.output().await.context("no node: apt-get install nodejs npm")?;
    ensure!(
        output.status.success(),
        "Node failed: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}
