//! A PgBouncer in transaction mode before a test's database.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use sqlx::postgres::PgConnectOptions;

use crate::connection::connect;
use crate::local::{folder_for_homes, is_root, unprivileged_account};
use crate::server_url::ServerUrl;

/// Runs the pooler for as long as its standard input stays open, as `keeper.sh` does for a server.
const KEEPER: &str = "trap '' HUP INT TERM PIPE; cd \"$1\" || exit 1; \
                      pgbouncer -q settings </dev/null >log 2>&1 & pooler=$!; echo started; \
                      cat >/dev/null; kill -INT $pooler; wait $pooler; cd / && rm -rf \"$1\"";
const PORT: u16 = 6432;

/// A running pooler: each transaction gets whichever of a few connections is free, and nothing of a session stays.
#[derive(Debug)]
pub struct Pooler {
    keeper: Child,
    url: String,
}

impl Pooler {
    /// Starts one before the database at `url`, and waits until it answers.
    ///
    /// # Errors
    /// PgBouncer is not installed, with the line that installs it; or it does not start.
    pub async fn before(url: &str) -> Result<Self> {
        let found = Command::new("pgbouncer").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !found.is_ok_and(|status| status.success()) {
            bail!("no pgbouncer: apt-get install pgbouncer");
        }
        let home = tempfile::Builder::new().prefix("postroom-pooler-").tempdir_in(folder_for_homes())?;
        let database = PgConnectOptions::from_str(url)?.get_database().unwrap_or("postgres").to_owned();
        fs::write(home.path().join("settings"), settings(home.path(), url)?)?;
        let mut keeper = Command::new("/bin/sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(home.path());
        keeper.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
        if is_root(home.path())? {
            let (user, group) = unprivileged_account()?;
            chown(home.path(), Some(user), Some(group))?;
            keeper.uid(user).gid(group);
        }
        let mut keeper = keeper.spawn().context("cannot start /bin/sh")?;
        let mut started = String::new();
        BufReader::new(keeper.stdout.take().context("no pipe to the keeper")?).read_line(&mut started)?;
        let url = ServerUrl::of_socket_at(&home.keep().to_string_lossy(), PORT).of_database(&database);
        let pooler = Self { keeper, url };
        pooler.answers().await?;
        Ok(pooler)
    }

    /// The database's address through the pooler.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    async fn answers(&self) -> Result<()> {
        for _ in 0..200 {
            if connect(&self.url).await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        connect(&self.url).await.map(drop).context("pgbouncer does not answer")
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // Nothing can be done about a keeper who cannot be waited for.
        drop(self.keeper.wait());
    }
}

/// Few connections, so that they change hands all the time.
fn settings(home: &Path, url: &str) -> Result<String> {
    let server = PgConnectOptions::from_str(url)?;
    let host = server.get_socket().map_or_else(|| server.get_host().to_owned(), |path| path.display().to_string());
    let password = ServerUrl::parse(url)?.password().map(|text| format!(" password='{text}'")).unwrap_or_default();
    let (port, user, home) = (server.get_port(), server.get_username(), home.display());
    Ok(format!(
        "[databases]\n* = host={host} port={port} user={user}{password}\n\
         [pgbouncer]\nunix_socket_dir = {home}\nlisten_port = {PORT}\nauth_type = any\npool_mode = transaction\n\
         default_pool_size = 6\nmax_client_conn = 500\nignore_startup_parameters = extra_float_digits\n"
    ))
}
