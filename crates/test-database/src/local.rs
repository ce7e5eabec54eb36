//! A PostgreSQL server of our own: a folder below `/tmp`, a unix socket in it, and a keeper who ends it with us.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::programs;
use crate::server_url::ServerUrl;

/// What the script does, step by step, is told in it.
const KEEPER: &str = include_str!("keeper.sh");

/// Whether the server waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Commits do not wait for the disk. A crash of the *server* still loses nothing, since the kernel keeps what was
    /// written; only a crash of the machine would. For ordinary tests.
    Fast,
    /// PostgreSQL's own defaults: a commit is on the disk before it is acknowledged. For crash tests and measurements.
    Durable,
}

/// A running server and the keeper who stops it when this value, or this process, ends.
#[derive(Debug)]
pub(crate) struct LocalServer {
    keeper: Child,
    /// Its closing is the signal to stop; `None` only while dropping.
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    home: PathBuf,
}

impl LocalServer {
    /// Creates a cluster and starts its server; blocks for one or two seconds.
    pub(crate) fn start(durability: Durability) -> Result<Self> {
        let programs = programs::find()?;
        let home = tempfile::Builder::new().prefix("postroom-postgres-").tempdir_in(folder_for_homes())?;
        fs::write(home.path().join("settings"), settings(home.path(), durability))?;

        let mut keeper = Command::new("/bin/sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(&programs).arg(home.path());
        keeper.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // A process group of its own: a Ctrl-C for the tests is not one for the server.
        keeper.current_dir(home.path()).process_group(0);
        if is_root(home.path())? {
            let (user, group) = unprivileged_account()?;
            chown(home.path(), Some(user), Some(group))?;
            keeper.uid(user).gid(group);
        }
        let mut keeper = keeper.spawn().context("cannot start /bin/sh")?;
        let (commands, answers) = (keeper.stdin.take(), keeper.stdout.take().context("no pipe to the keeper")?);
        let mut server = Self { keeper, commands, answers: BufReader::new(answers), home: home.keep() };
        server.ask("create")?;
        server.ask("start")?;
        Ok(server)
    }

    pub(crate) fn url(&self) -> ServerUrl {
        ServerUrl::of_socket(&self.home.to_string_lossy())
    }

    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// Ends the server as a crash would.
    pub(crate) fn crash(&mut self) -> Result<()> {
        self.ask("crash")
    }

    /// Starts the server again after [`crash`](Self::crash).
    pub(crate) fn start_again(&mut self) -> Result<()> {
        self.ask("start")
    }

    /// Makes the server a hot standby, with a crash in between.
    pub(crate) fn demote(&mut self) -> Result<()> {
        self.ask("demote")
    }

    /// Makes a standby the primary again.
    pub(crate) fn promote(&mut self) -> Result<()> {
        self.ask("promote")
    }

    fn ask(&mut self, command: &str) -> Result<()> {
        let commands = self.commands.as_mut().context("the keeper is gone")?;
        writeln!(commands, "{command}").context("the keeper is gone")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        if answer.trim_end() != "done" {
            bail!("PostgreSQL could not {command}: {}", last_lines(&self.home.join("log")));
        }
        Ok(())
    }
}

impl Drop for LocalServer {
    fn drop(&mut self) {
        drop(self.commands.take());
        // Nothing can be done about a keeper who cannot be waited for; his script removes the folder all the same.
        drop(self.keeper.wait());
    }
}

/// `/tmp`, not `TMPDIR`: the path of a unix socket is at most 107 bytes long, and the unprivileged user must be able to
/// reach it when a root's `TMPDIR` is for root alone.
pub(crate) fn folder_for_homes() -> PathBuf {
    let short = PathBuf::from("/tmp");
    if short.is_dir() { short } else { std::env::temp_dir() }
}

fn settings(home: &Path, durability: Durability) -> String {
    let common = format!(
        "listen_addresses = ''\nunix_socket_directories = '{}'\nport = 5432\nmax_connections = 200\n",
        home.display()
    );
    match durability {
        Durability::Fast => common + "fsync = off\nfull_page_writes = off\n",
        Durability::Durable => common,
    }
}

/// Who owns what we create, tells who we are.
pub(crate) fn is_root(ours: &Path) -> Result<bool> {
    Ok(fs::metadata(ours)?.uid() == 0)
}

/// PostgreSQL refuses to run as root, so root lends it to the user that a distribution's package makes for it, or else
/// to nobody.
pub(crate) fn unprivileged_account() -> Result<(u32, u32)> {
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| Some((id_of(name, "-u")?, id_of(name, "-g")?)))
        .context("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as")
}

fn id_of(name: &str, which: &str) -> Option<u32> {
    let output = Command::new("id").args([which, name]).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

fn last_lines(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(4)..].join(" | ")
}
