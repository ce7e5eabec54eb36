use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

/// The program of this crate, in the role of a test runner.
pub(crate) struct Runner(Child);

impl Runner {
    pub(crate) fn start(backend: &str, url: &str) -> Result<Self> {
        let child = Command::new(env!("CARGO_BIN_EXE_postroom-test-database"))
            .env("POSTROOM_TEST_DATABASE", backend)
            .env("TEST_DATABASE_URL", url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        Ok(Self(child))
    }

    /// Waits for the line that names the server.
    pub(crate) fn url(&mut self) -> Result<String> {
        let mut line = String::new();
        BufReader::new(self.0.stdout.take().context("the address is read once")?).read_line(&mut line)?;
        let url = line.trim().strip_prefix("export TEST_DATABASE_URL='").and_then(|rest| rest.strip_suffix('\''));
        Ok(url.with_context(|| format!("no address in {line:?}"))?.to_owned())
    }

    /// Ends it without a chance to clean up.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        // A test that failed half way leaves no runner behind either.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
