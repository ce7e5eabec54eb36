//! `cargo xtask test`: everything that must pass, in one command.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Result;
use postroom_test_database::{Backend, Server, engine};

use crate::cargo::{cargo, has};
use crate::steps::{Outcome, Steps, say};
use crate::{lint, node, python};

/// What may be said after `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Passed on to the test runner, such as a part of the tests' names
    #[arg(last = true)]
    runner: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut steps = Steps::default();
    lint::check(&mut steps);
    // All targets at once, with the features that the tests get: the end-to-end tests find the binary that they run.
    let built = steps.run("build", &mut cargo(&["build", "--workspace", "--all-targets"]));
    let runtime = tokio::runtime::Runtime::new()?;
    match (built, runtime.block_on(Server::start())) {
        (Outcome::Passed, Ok(server)) => {
            test(&mut steps, &server, arguments);
            containers(&mut steps, server.backend(), runtime.block_on(engine()));
        }
        (Outcome::Passed, Err(reason)) => {
            steps.failed("database", &format!("{reason:#}"));
            not_run(&mut steps, "there is no database");
        }
        _ => not_run(&mut steps, "the build failed"),
    }
    Ok(steps.finish())
}

fn test(steps: &mut Steps, server: &Server, arguments: &Arguments) {
    steps.remark(format!("database   {}", server.description()));
    // Data that is older than the migrations would let a query compile that no longer fits its table.
    let mut queries = cargo(&["xtask", "sqlx", "--check"]);
    queries.env("TEST_DATABASE_URL", server.url()).env("POSTROOM_TEST_DATABASE", "url");
    steps.run("queries", &mut queries);

    let companions = companions(steps);
    let in_environment = |command: &mut Command| {
        command
            .env("TEST_DATABASE_URL", server.url())
            .env("POSTROOM_TEST_DATABASE", "url")
            .envs(companions.iter().cloned());
    };

    let mut tests = runner();
    tests.args(&arguments.runner);
    in_environment(&mut tests);
    steps.run("tests", &mut tests);

    let mut doc_tests = cargo(&["test", "--workspace", "--doc"]);
    in_environment(&mut doc_tests);
    steps.run("doc tests", &mut doc_tests);
}

/// Where the tests find what is not ours: variables of their environment.
fn companions(steps: &mut Steps) -> Vec<(&'static str, PathBuf)> {
    let wanted = [
        ("python", "POSTROOM_TEST_PYTHON", python::with_psycopg()),
        ("fuzzer", "POSTROOM_TEST_SCHEMATHESIS", python::schemathesis()),
        ("node", "POSTROOM_TEST_NODE_MODULES", node::with_pg()),
        ("browser", "POSTROOM_TEST_BROWSER_MODULES", node::with_playwright()),
    ];
    let mut found = Vec::new();
    for (name, variable, place) in wanted {
        match place {
            Ok(place) => {
                steps.remark(format!("{name:<10} {}", place.display()));
                found.push((variable, place));
            }
            Err(reason) => {
                steps.remark(format!("{name:<10} MISSING, so the tests that need it fail ({reason:#})"));
            }
        }
    }
    found
}

/// The tests of what only a Docker engine can show. Without one they cannot run, and the summary says so.
fn containers(steps: &mut Steps, server: Backend, engine: Result<String>) {
    match engine {
        Ok(version) => {
            let extent = if server == Backend::Container { "the whole suite" } else { "their own tests alone" };
            steps.remark(format!("containers exercised on Docker engine {version}: {extent}"));
            let tests = ["test", "--workspace", "--test", "container", "--", "--ignored"];
            steps.run("containers", &mut cargo(&tests));
        }
        Err(reason) => steps.remark(format!("containers NOT EXERCISED: no Docker engine answers ({reason:#})")),
    }
}

fn not_run(steps: &mut Steps, why: &str) {
    steps.not_run("queries", why);
    steps.not_run("tests", why);
    steps.not_run("doc tests", why);
}

fn runner() -> Command {
    if has("nextest") {
        return cargo(&["nextest", "run", "--workspace", "--no-fail-fast", "--config-file", "xtask/nextest.toml"]);
    }
    say("\ncargo-nextest is not installed: `cargo test` runs the tests");
    cargo(&["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"])
}
