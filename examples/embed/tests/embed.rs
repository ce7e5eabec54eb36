//! The example runs, and it brings nothing along that it does not use.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

/// What a program prints.
fn printed(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

#[test]
fn it_tells_the_story_of_a_letter_that_is_put_off_once() -> Result<()> {
    let story = printed(&mut Command::new(env!("CARGO_BIN_EXE_example-embed")))?;
    let expected = [
        "welcome greeting-1: queued → in_progress",
        "welcome greeting-1: in_progress → retrying greylisted, come back later",
        "welcome greeting-1: retrying → in_progress",
        "welcome greeting-1: in_progress → sent",
    ];
    let lines: Vec<&str> = story.lines().map(str::trim).collect();
    assert_eq!(lines, expected);
    Ok(())
}

#[test]
fn no_adapter_no_database_and_no_command_line_come_along() -> Result<()> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut tree = Command::new(env!("CARGO"));
    tree.args(["tree", "--locked", "--edges", "normal", "--prefix", "none"]).current_dir(home);
    let tree = printed(&mut tree)?;
    let names: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    ensure!(names.contains(&"postroom") && names.contains(&"postroom-ports"), "the tree is empty: {names:?}");
    for name in ["sqlx", "sqlx-core", "clap", "reqwest", "rustls", "minijinja", "axum", "postroom-dev-inbox"] {
        assert!(!names.contains(&name), "{name} comes along");
    }
    let adapters: Vec<&&str> = names.iter().filter(|name| name.starts_with("postroom-adapters-")).collect();
    assert!(adapters.is_empty(), "{adapters:?}");
    Ok(())
}

#[test]
fn it_is_read_at_one_sight() -> Result<()> {
    let source = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/main.rs"))?;
    let lines = source.lines().count();
    assert!(lines < 60, "{lines} lines are no longer read at one sight");
    Ok(())
}
