//! The README's commands work, because this file runs them.
//!
//! The rules of extraction:
//!
//! 1. A fenced block marked `sh` is to be run as it stands, and is. Blocks marked otherwise (`console`, `sql`, …) show
//!    something that needs what a test has not, such as a mail server of yours.
//! 2. Each line of such a block is one command of plain words, without quotation marks, variables or pipes, so that
//!    every shell understands it the same.
//! 3. `postroom …` and `cargo run -- …` run the binary, in order, in one folder, with `DATABASE_URL` naming an empty
//!    store; each must exit with 0. `cargo run -- demo` runs without `DATABASE_URL`, as a newcomer has it.
//! 4. `cargo xtask test` is the command that runs this test: it must be there, and CI must run the same.
//! 5. Anything else is a mistake.

use anyhow::{Context, Result, ensure};
use postroom_tests::{Kind, Postroom, Store, on_both_stores, workspace};

on_both_stores![every_command_of_the_readme_works];

const TEST_COMMAND: &str = "cargo xtask test";

fn readme() -> Result<String> {
    std::fs::read_to_string(workspace().join("README.md")).context("README.md")
}

/// The lines of all blocks marked `sh`.
fn commands(text: &str) -> Vec<&str> {
    let blocks = text.split("\n```sh\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    blocks.flat_map(str::lines).filter(|line| !line.trim().is_empty()).collect()
}

async fn every_command_of_the_readme_works(kind: Kind) -> Result<()> {
    let text = readme()?;
    let store = Store::empty(kind).await?;
    let newcomer = Postroom::new()?;
    let postroom = newcomer.clone().with("DATABASE_URL", store.url());
    let mut ran = 0;
    for command in commands(&text) {
        if command == TEST_COMMAND {
            continue;
        }
        ensure!(!command.contains(['\'', '"', '$', '|', '\\', '&', '<', '>']), "`{command}` is not of plain words");
        let words: Vec<&str> = command.split_whitespace().collect();
        let (binary, words) = match words.as_slice() {
            ["cargo", "run", "--", words @ ..] if words.first() == Some(&"demo") => (&newcomer, words),
            ["cargo", "run", "--", words @ ..] | ["postroom", words @ ..] => (&postroom, words),
            _ => anyhow::bail!("`{command}` is none of the commands that can be tried"),
        };
        binary.run(words).await?.expect(0).with_context(|| format!("`{command}`"))?;
        ran += 1;
    }
    ensure!(ran >= 4, "only {ran} commands were found");
    Ok(())
}

#[test]
fn the_readme_names_the_demo_and_the_tests() -> Result<()> {
    let text = readme()?;
    let commands = commands(&text);
    assert_eq!(commands.first(), Some(&"cargo run -- demo"));
    assert!(commands.contains(&TEST_COMMAND));
    Ok(())
}

#[test]
fn ci_runs_the_readmes_test_command() -> Result<()> {
    let script = std::fs::read_to_string(workspace().join(".ci/run"))?;
    assert!(script.lines().any(|line| line.trim_start_matches("exec ").trim() == TEST_COMMAND));
    Ok(())
}
