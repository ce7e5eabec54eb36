//! The binary `postroom`, run as anybody would run it, with nothing of this process's environment.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::process::Process;
use crate::source::environment;

/// The binary with a home of its own: its working folder, where `postroom.toml` is looked for, and where everything
/// that it writes goes. A clone shares the home.
#[derive(Clone, Debug)]
pub struct Postroom {
    binary: PathBuf,
    home: Arc<TempDir>,
    variables: BTreeMap<String, String>,
}

/// A run that has come to its end.
#[derive(Clone, Debug)]
pub struct Done {
    /// The exit status; -1 for an end by a signal.
    pub status: i32,
    /// What went to standard output.
    pub stdout: String,
    /// What went to standard error.
    pub stderr: String,
}

impl Postroom {
    /// The binary beside the running test, in an empty home.
    ///
    /// # Errors
    /// It has not been built, with the line that builds it; or no folder can be made.
    pub fn new() -> Result<Self> {
        let test = std::env::current_exe()?;
        // target/<profile>/deps/<test>
        let profile = test.parent().and_then(Path::parent).context("a test that lies nowhere")?;
        let binary = profile.join("postroom");
        ensure!(binary.is_file(), "{} is missing: run `cargo build -p postroom` first", binary.display());
        let home = Arc::new(tempfile::Builder::new().prefix("postroom-home-").tempdir()?);
        let place = home.path().to_string_lossy().into_owned();
        let path = environment("PATH").unwrap_or_default().to_string_lossy().into_owned();
        let variables = [("PATH", path), ("HOME", place.clone()), ("TMPDIR", place)];
        let variables = variables.map(|(name, value)| (name.to_owned(), value)).into();
        Ok(Self { binary, home, variables })
    }

    /// With one more environment variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    /// With this `postroom.toml`.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn configured(self, text: &str) -> Result<Self> {
        self.write("postroom.toml", text.as_bytes())?;
        Ok(self)
    }

    /// Writes a file into the home and gives its path.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<String> {
        let path = self.home.path().join(name);
        fs::write(&path, content)?;
        Ok(path.to_string_lossy().into_owned())
    }

    /// What tells this binary from the one that was built before.
    ///
    /// # Errors
    /// It is gone.
    pub(crate) fn edition(&self) -> Result<(PathBuf, u64, SystemTime)> {
        let file = fs::metadata(&self.binary)?;
        Ok((self.binary.clone(), file.len(), file.modified()?))
    }

    /// The home.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// It cannot be started.
    pub async fn run(&self, words: &[&str]) -> Result<Done> {
        self.feed(words, b"").await
    }

    /// Runs it to its end with this standard input.
    ///
    /// # Errors
    /// It cannot be started.
    pub async fn feed(&self, words: &[&str], input: &[u8]) -> Result<Done> {
        let mut child = self.command(words).spawn()?;
        let mut stdin = child.stdin.take().context("no standard input")?;
        let input = input.to_owned();
        // Whoever does not want to read it all leaves us with a closed pipe.
        let feeding = tokio::spawn(async move { stdin.write_all(&input).await });
        let output = child.wait_with_output().await?;
        feeding.abort();
        Ok(Done {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout)?,
            stderr: String::from_utf8(output.stderr)?,
        })
    }

    /// Starts a worker and waits until it is at work.
    ///
    /// # Errors
    /// It does not start.
    pub async fn worker(&self, words: &[&str]) -> Result<Process> {
        let worker = self.start(&[&["worker"], words].concat())?;
        worker.notes("is at work").await?;
        Ok(worker)
    }

    /// Starts a worker that ends or freezes at a point of the pipeline, as `POSTROOM_FAULT` says it.
    ///
    /// # Errors
    /// It does not start, or was built without such points.
    pub async fn doomed_worker(&self, fault: &str) -> Result<Process> {
        let worker = self.clone().with("POSTROOM_FAULT", fault).worker(&[]).await?;
        let armed = worker.stderr().contains("this build has fault points");
        ensure!(armed, "the binary has no fault points: run `cargo build -p postroom --features faults` first");
        Ok(worker)
    }

    /// Starts it and lets it run.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(&self, words: &[&str]) -> Result<Process> {
        Process::watch(self.command(words).spawn()?)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(words).current_dir(self.home.path()).env_clear().envs(&self.variables).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

impl Done {
    /// The same, if it ended with this status.
    ///
    /// # Errors
    /// It did not; with what it said.
    pub fn expect(self, status: i32) -> Result<Self> {
        ensure!(
            self.status == status,
            "exit status {} instead of {status}\n{}\n{}",
            self.status,
            self.stdout,
            self.stderr
        );
        Ok(self)
    }

    /// Standard output as one JSON document.
    ///
    /// # Errors
    /// It is none.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.stdout).with_context(|| format!("not JSON: {}", self.stdout))
    }

    /// The only line of standard output.
    ///
    /// # Errors
    /// There are none or more.
    pub fn line(&self) -> Result<&str> {
        let mut lines = self.stdout.lines();
        let line = lines.next().context("nothing was printed")?;
        ensure!(lines.next().is_none(), "more than one line was printed: {}", self.stdout);
        Ok(line)
    }
}
