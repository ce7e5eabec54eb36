//! One home for the commands of whoever works on Postroom: `cargo xtask help`.
//!
//! To add one: a file beside this one with a `run`, and a variant of [`Task`] whose first line is its help.

mod cargo;
mod lint;
mod node;
mod pictures;
mod python;
mod sizes;
mod sqlx;
mod steps;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The commands of whoever works on Postroom")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run everything that must pass: format, lints, build, checked queries, all tests, doc tests
    ///
    /// Starts one PostgreSQL for the whole run, and says which: the server of `TEST_DATABASE_URL`, a container, or a
    /// local one (`POSTROOM_TEST_DATABASE=url|container|local` allows only that). Uses cargo-nextest where it is
    /// installed, `cargo test` otherwise. Where a Docker engine answers, what only containers can show is tested too.
    /// Ends with a summary; exits with 1 if anything failed or could not run.
    Test(test::Arguments),
    /// Check the format and the lints, without a test
    Lint,
    /// Rewrite both `.sqlx` folders, by which the SQL is checked when no database is there
    ///
    /// Starts a PostgreSQL and makes a SQLite file, applies `migrations/*.sql` and `migrations/sqlite/*.sql` in the
    /// order of their names, and lets the compiler describe every query. Tests are not looked at: their queries are
    /// not checked at build.
    Sqlx(sqlx::Arguments),
    /// Draw every letter as a phone and a desktop show it, light and dark, to be looked at
    ///
    /// Needs Chromium: a program of that name, or the one that `CHROMIUM` names. The pictures lie in
    /// `target/pictures/`, with an `index.html` that shows them all.
    Pictures,
    /// Print how long the source files are: the median and the 95th percentile
    Sizes,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Test(arguments) => test::run(&arguments),
        Task::Lint => Ok(lint::run()),
        Task::Sqlx(arguments) => sqlx::run(&arguments),
        Task::Pictures => pictures::run(),
        Task::Sizes => sizes::run(),
    };
    done.unwrap_or_else(|error| {
        #[expect(clippy::print_stderr, reason = "this is a command line tool")]
        {
            eprintln!("error: {error:#}");
        }
        ExitCode::FAILURE
    })
}
