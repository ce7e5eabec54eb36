//! `cargo xtask sizes`: how long the source files are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::cargo::workspace;
use crate::steps::say;

/// Where source lies. Everything else at the top is documents, or made by tools.
const FOLDERS: [&str; 3] = ["crates", "tests", "xtask"];

pub(crate) fn run() -> Result<ExitCode> {
    let mut files = Vec::new();
    for folder in FOLDERS {
        collect(&workspace().join(folder), &mut files).with_context(|| format!("cannot read {folder}"))?;
    }
    files.sort();
    let lengths: Vec<usize> = files.iter().map(|(lines, _)| *lines).collect();
    say(&format!("{} Rust files, {} lines", lengths.len(), lengths.iter().sum::<usize>()));
    say(&format!("median {} lines, 95th percentile {}", percentile(&lengths, 50), percentile(&lengths, 95)));
    say("the longest:");
    for (lines, path) in files.iter().rev().take(5) {
        say(&format!("{lines:>6}  {}", path.display()));
    }
    Ok(ExitCode::SUCCESS)
}

fn collect(folder: &Path, files: &mut Vec<(usize, PathBuf)>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if !path.ends_with("target") {
                collect(&path, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let lines = fs::read_to_string(&path)?.lines().count();
            files.push((lines, path.strip_prefix(workspace())?.to_owned()));
        }
    }
    Ok(())
}

/// The smallest length that at least `percent` of the sorted files do not exceed; 0 if there are none.
fn percentile(sorted: &[usize], percent: usize) -> usize {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn percentiles_are_lengths_of_real_files() {
        let lengths: Vec<usize> = (1..=100).collect();
        assert_eq!((percentile(&lengths, 50), percentile(&lengths, 95)), (50, 95));
        assert_eq!((percentile(&[7], 50), percentile(&[7], 95)), (7, 7));
        assert_eq!(percentile(&[], 50), 0);
    }
}
