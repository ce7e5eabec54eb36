//! `cargo xtask sqlx`: the description of every query, kept beside the queries.
//!
//! The storage crates check their SQL when they are compiled. Without a database at hand the compiler reads what is
//! committed in their `.sqlx` folders, and this command is who writes it. It applies the migrations itself, as plain
//! files, because the crates that will embed them cannot be compiled before.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::SystemTime;

use ::sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};
use anyhow::{Context, Result, ensure};
use postroom_test_database::Server;

use crate::cargo::{cargo, workspace};
use crate::steps::say;

/// What may be said after `cargo xtask sqlx`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Change nothing; exit with 1 if something would change
    #[arg(long)]
    check: bool,
    /// Only this storage crate
    #[arg(long, value_enum)]
    only: Option<Storage>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Storage {
    Postgres,
    Sqlite,
}

impl Storage {
    const ALL: [Self; 2] = [Self::Postgres, Self::Sqlite];

    fn package(self) -> &'static str {
        match self {
            Self::Postgres => "postroom-adapters-postgres",
            Self::Sqlite => "postroom-adapters-sqlite",
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Postgres => "crates/adapters-postgres",
            Self::Sqlite => "crates/adapters-sqlite",
        }
    }

    /// As the crate's `sqlx.toml` names it.
    fn url_variable(self) -> &'static str {
        match self {
            Self::Postgres => "POSTROOM_SQLX_POSTGRES",
            Self::Sqlite => "POSTROOM_SQLX_SQLITE",
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new()?;
    let mut stale = false;
    for storage in Storage::ALL.into_iter().filter(|storage| arguments.only.is_none_or(|only| only == *storage)) {
        let written = runtime.block_on(described(storage))?;
        let committed = workspace().join(storage.folder()).join(".sqlx");
        let differing = differences(&contents(written.path())?, &contents(&committed)?);
        let mode = if arguments.check { "would change" } else { "changed" };
        say(&format!("{}/.sqlx: {} files {mode}", storage.folder(), differing.len()));
        for name in &differing {
            say(&format!("  {name}"));
        }
        stale |= !differing.is_empty();
        if !arguments.check {
            replace(&committed, written.path())?;
        }
    }
    if arguments.check && stale {
        say("the committed data does not fit the queries and migrations: run `cargo xtask sqlx`");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// A folder with what the compiler says about the crate's queries.
async fn described(storage: Storage) -> Result<tempfile::TempDir> {
    let written = tempfile::tempdir()?;
    match storage {
        Storage::Postgres => {
            let server = Server::start().await?;
            let database = server.empty().await?;
            let mut connection = PgConnection::connect(database.url()).await?;
            apply(&mut connection, "migrations").await?;
            compile(storage, database.url(), written.path())?;
        }
        Storage::Sqlite => {
            let home = tempfile::tempdir()?;
            let url = format!("sqlite://{}?mode=rwc", home.path().join("described.sqlite").display());
            let mut connection = SqliteConnection::connect(&url).await?;
            apply(&mut connection, "migrations/sqlite").await?;
            compile(storage, &url, written.path())?;
        }
    }
    Ok(written)
}

/// Runs the migrations in the order of their names.
async fn apply<'c, C, DB>(connection: &'c mut C, folder: &str) -> Result<()>
where
    DB: ::sqlx::Database,
    for<'e> &'e mut C: Executor<'e, Database = DB>,
{
    for (name, text) in contents(&workspace().join(folder))? {
        if Path::new(&name).extension().is_some_and(|extension| extension == "sql") {
            let statement = ::sqlx::raw_sql(AssertSqlSafe(text));
            (&mut *connection).execute(statement).await.with_context(|| format!("{folder}/{name}"))?;
        }
    }
    Ok(())
}

fn compile(storage: Storage, url: &str, written: &Path) -> Result<()> {
    let mut check = cargo(&["check", "--package", storage.package(), "--lib"]);
    check.env("SQLX_OFFLINE", "false").env(storage.url_variable(), url).env("SQLX_OFFLINE_DIR", written);
    let root = workspace().join(storage.folder()).join("src/lib.rs");
    let status = as_if_changed(&root, &mut check)?;
    ensure!(status.success(), "{} does not compile", storage.package());
    Ok(())
}

/// Cargo knows nothing of the database, so it must believe that the source has changed. Only this once: the other
/// artifacts of the crate are as fresh as they were.
fn as_if_changed(root: &Path, command: &mut Command) -> Result<std::process::ExitStatus> {
    let file = File::options().append(true).open(root)?;
    let before = file.metadata()?.modified()?;
    #[expect(clippy::disallowed_methods, reason = "cargo compares the file's time with the clock's")]
    file.set_modified(SystemTime::now())?;
    let touched = file.metadata()?.modified()?;
    let status = command.status();
    // Whoever saved the file meanwhile is right.
    if file.metadata()?.modified()? == touched {
        file.set_modified(before)?;
    }
    Ok(status?)
}

/// The text of every file of a folder, by name; none if there is no folder.
fn contents(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    if !folder.exists() {
        return Ok(found);
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            let text = fs::read_to_string(entry.path()).with_context(|| entry.path().display().to_string())?;
            found.insert(entry.file_name().to_string_lossy().into_owned(), text);
        }
    }
    Ok(found)
}

/// The names of all files that one side lacks or has otherwise.
fn differences(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> Vec<String> {
    let names = one.keys().chain(other.keys());
    let differing = names.filter(|name| one.get(*name) != other.get(*name));
    let mut differing: Vec<String> = differing.cloned().collect();
    differing.sort();
    differing.dedup();
    differing
}

fn replace(committed: &Path, written: &Path) -> Result<()> {
    if committed.exists() {
        fs::remove_dir_all(committed)?;
    }
    fs::create_dir_all(committed)?;
    for (name, text) in contents(written)? {
        fs::write(committed.join(name), text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_new_gone_or_other_is_a_difference() {
        let side = |files: &[(&str, &str)]| {
            files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
        };
        let one: BTreeMap<_, _> = side(&[("a", "1"), ("b", "1"), ("c", "1")]);
        let other: BTreeMap<_, _> = side(&[("a", "1"), ("b", "2"), ("d", "1")]);
        assert_eq!(differences(&one, &other), ["b", "c", "d"]);
        assert!(differences(&one, &one).is_empty());
    }
}
