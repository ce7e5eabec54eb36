//! The command line. Results go to standard output, everything else to standard error.
//!
//! | exit status | meaning |
//! |---|---|
//! | 0 | done |
//! | 1 | something was refused or is not as it should be; the text says what |
//! | 2 | the command line or the configuration is wrong; nothing was done |
//! | 3 | the store cannot be reached or is not migrated |
//! | 4 | there is no such delivery |

mod cancel;
mod completions;
mod config;
mod context;
mod dead_letters;
mod demo;
mod doctor;
mod enqueue;
mod exit;
mod filters;
mod healthcheck;
mod house;
mod in_doubt;
mod lines;
mod many;
mod migrate;
mod output;
mod pause;
mod pauses;
mod preview;
mod progress;
mod request;
mod retry;
mod search;
mod serve;
mod status;
mod table;
mod templates;
mod timeline;
mod tokens;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

pub use self::context::Format;
use self::context::WithoutStore;
pub use self::exit::Failure;
pub use self::output::line as print;
pub use self::timeline::lines as timeline_lines;
use crate::telemetry::LogFormat;

/// Transactional email that is never lost, never silently failed and always accounted for.
#[derive(Debug, Parser)]
#[command(
    name = "postroom",
    version,
    after_help = "Exit status: 0 done · 1 refused or not as it should be · 2 wrong usage or configuration · \
                  3 the store cannot be reached or is not migrated · 4 no such delivery.\n\
                  Start with: postroom demo"
)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command understands.
#[derive(Args, Debug)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    #[arg(
        long,
        global = true,
        value_name = "URL",
        help = "Where letters are kept: postgres://USER:PASSWORD@HOST/NAME or sqlite://PATH [env: DATABASE_URL]"
    )]
    database_url: Option<String>,
    /// Keep letters in a file of the user's data folder instead of a database
    #[arg(long, global = true)]
    embedded: bool,
    /// The folder for --embedded instead of the user's data folder
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// The configuration file [default: postroom.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Results as JSON, for scripts
    #[arg(long, global = true)]
    json: bool,
    /// Log lines as JSON
    #[arg(long, global = true)]
    log_json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Work(Work),
    /// Is everything in order? Asks database, mail servers and DNS, sends nothing, and says what to do
    Doctor(doctor::Doctor),
    /// Teach your shell to complete commands and flags
    Completions(completions::Completions),
    /// The manual page
    Man(completions::Man),
}

/// What needs a configuration.
#[derive(Debug, Subcommand)]
enum Work {
    /// See it work: letters, a mail server that misbehaves, and what becomes of each
    Demo(demo::Demo),
    /// Bring the database's schema up to date
    Migrate(migrate::Migrate),
    /// Serve the API and the dashboard, and send letters, until told to stop
    Serve(serve::Serve),
    /// Send letters until told to stop (SIGTERM, Ctrl-C; twice to leave at once)
    Worker(worker::WorkerCommand),
    /// Can the server work? For whoever watches it: exit status 0 or 1
    Healthcheck(healthcheck::Healthcheck),
    /// Hand letters in: one by flags, or many as JSON lines
    Enqueue(Box<enqueue::Enqueue>),
    /// Where is this letter, and what happened to it?
    Status(status::StatusCommand),
    /// Which letters went to this address, failed since yesterday, belong to that tenant?
    Search(search::SearchCommand),
    /// Stop a letter that is not on its way yet
    Cancel(cancel::Cancel),
    /// Give letters their next attempt now
    Retry(retry::Retry),
    /// Letters whose answer was lost: list, show, and decide
    InDoubt(in_doubt::InDoubt),
    /// What was given up: list, show, and put back
    DeadLetters(dead_letters::DeadLetters),
    /// Hold letters back for a while: of a workflow, a tenant, or a way out
    Pause(pause::Pause),
    /// Let go on what was paused
    Resume(pause::Resume),
    /// What is paused, until when, and why?
    Pauses(pauses::Pauses),
    /// Who may call the HTTP API: make, list and revoke access tokens
    Tokens(tokens::TokensCommand),
    /// Which letters there are, and what is wrong with them
    Templates(templates::TemplatesCommand),
    /// See a letter without sending it
    Preview(preview::Preview),
    /// What is configured, and is it in order?
    Config(config::ConfigCommand),
}

impl Cli {
    /// Runs the command.
    pub async fn run(self) -> ExitCode {
        let done = match self.command {
            Command::Work(work) => work.run(&self.global).await,
            Command::Doctor(command) => command.run(&self.global).await,
            Command::Completions(command) => {
                command.run();
                Ok(())
            }
            Command::Man(command) => command.run(),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => failure.report(),
        }
    }
}

impl Work {
    async fn run(self, global: &Global) -> Result<(), Failure> {
        let context = context::Context::new(global, self.log_filter(), self.without_store())?;
        match self {
            Self::Demo(command) => command.run(&context).await,
            Self::Migrate(command) => command.run(&context).await,
            Self::Serve(command) => command.run(&context).await,
            Self::Worker(command) => command.run(&context).await,
            Self::Healthcheck(command) => command.run(&context).await,
            Self::Enqueue(command) => command.run(&context).await,
            Self::Status(command) => command.run(&context).await,
            Self::Search(command) => command.run(&context).await,
            Self::Cancel(command) => command.run(&context).await,
            Self::Retry(command) => command.run(&context).await,
            Self::InDoubt(command) => command.run(&context).await,
            Self::DeadLetters(command) => command.run(&context).await,
            Self::Pause(command) => command.run(&context).await,
            Self::Resume(command) => command.run(&context).await,
            Self::Pauses(command) => command.run(&context).await,
            Self::Tokens(command) => command.run(&context).await,
            Self::Templates(command) => command.run(&context),
            Self::Preview(command) => command.run(&context),
            Self::Config(command) => command.run(&context),
        }
    }

    /// What a command logs that nobody said anything about: a worker tells how it fares, the
    /// others speak through their results.
    const fn log_filter(&self) -> &'static str {
        match self {
            Self::Worker(_) | Self::Serve(_) => "info,sqlx=warn",
            _ => "error",
        }
    }
}

impl Work {
    /// What becomes of it where nobody names a store.
    const fn without_store(&self) -> WithoutStore {
        match self {
            Self::Serve(_) => WithoutStore::KeepHere,
            _ => WithoutStore::Refuse,
        }
    }
}

impl Global {
    const fn log_format(&self) -> LogFormat {
        if self.log_json { LogFormat::Json } else { LogFormat::Text }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn no_two_flags_of_one_command_share_a_name() {
        Cli::command().debug_assert();
        let args = [
            "postroom",
            "--data-dir",
            "x",
            "enqueue",
            "--workflow",
            "w",
            "--template",
            "t",
            "--to",
            "a",
            "--data",
            "{}",
        ];
        assert!(Cli::try_parse_from(args).is_ok());
    }
}
