//! A running `postroom`, watched and signalled.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::binary::Done;
use crate::wait::{PATIENCE, until};

/// What one process can be told by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Finish and leave.
    Term,
    /// Be gone, without another instruction.
    Kill,
    /// Freeze.
    Stop,
    /// Thaw.
    Continue,
}

impl Signal {
    const fn name(self) -> &'static str {
        match self {
            Self::Term => "TERM",
            Self::Kill => "KILL",
            Self::Stop => "STOP",
            Self::Continue => "CONT",
        }
    }
}

/// A process that is killed when this value goes.
#[derive(Debug)]
pub struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Said,
    stderr: Said,
}

/// What a process has said so far, line by line.
#[derive(Debug)]
struct Said {
    text: Arc<Mutex<String>>,
    reading: JoinHandle<()>,
}

impl Said {
    fn listen(pipe: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let text = Arc::<Mutex<String>>::default();
        let into = Arc::clone(&text);
        let reading = tokio::spawn(async move {
            let mut lines = BufReader::new(pipe).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let mut text = into.lock().unwrap_or_else(PoisonError::into_inner);
                text.push_str(&line);
                text.push('\n');
            }
        });
        Self { text, reading }
    }

    fn so_far(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn all(&mut self) -> Result<String> {
        (&mut self.reading).await?;
        Ok(self.so_far())
    }
}

impl Process {
    pub(crate) fn watch(mut child: Child) -> Result<Self> {
        let stdin = child.stdin.take();
        let stdout = Said::listen(child.stdout.take().context("no standard output")?);
        let stderr = Said::listen(child.stderr.take().context("no standard error")?);
        Ok(Self { child, stdin, stdout, stderr })
    }

    /// Its standard input, once.
    ///
    /// # Errors
    /// It was taken before.
    pub fn stdin(&mut self) -> Result<ChildStdin> {
        self.stdin.take().context("standard input was taken before")
    }

    /// What it printed so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.stdout.so_far()
    }

    /// What it noted and logged so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.stderr.so_far()
    }

    /// Waits until it has noted or logged `words`.
    ///
    /// # Errors
    /// It never did; with what it said instead.
    pub async fn notes(&self, words: &str) -> Result<()> {
        let heard = until(words, || async { Ok(self.stderr().contains(words).then_some(())) }).await;
        heard.with_context(|| format!("it said: {}", self.stderr()))
    }

    /// Signals it.
    ///
    /// # Errors
    /// It is gone already.
    pub async fn signal(&self, signal: Signal) -> Result<()> {
        let id = self.child.id().context("it is gone already")?;
        // The shell's own `kill`: there is one everywhere, and no unsafe code is needed.
        let status = Command::new("sh").arg("-c").arg(format!("kill -{} {id}", signal.name())).status().await?;
        ensure!(status.success(), "{} did not reach it", signal.name());
        Ok(())
    }

    /// Whether it is frozen.
    ///
    /// # Errors
    /// It is gone already, or nobody can tell.
    pub fn is_stopped(&self) -> Result<bool> {
        let id = self.child.id().context("it is gone already")?;
        let output = std::process::Command::new("ps").args(["-o", "state=", "-p", &id.to_string()]).output()?;
        Ok(String::from_utf8_lossy(&output.stdout).trim_start().starts_with('T'))
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// It does not end.
    pub async fn end(&mut self) -> Result<Done> {
        // Some programs wait for the end of their input.
        drop(self.stdin.take());
        let Ok(status) = timeout(PATIENCE, self.child.wait()).await else {
            bail!("it does not end; it said: {}", self.stderr());
        };
        let status = status?;
        Ok(Done {
            status: status.code().unwrap_or(-1),
            stdout: self.stdout.all().await?,
            stderr: self.stderr.all().await?,
        })
    }

    /// Asks it to finish, and waits for its end.
    ///
    /// # Errors
    /// It does not end.
    pub async fn finish(&mut self) -> Result<Done> {
        self.signal(Signal::Term).await?;
        self.end().await
    }
}
