//! The house as a stranger sees it.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use postroom_domain::status::Status;
use postroom_tests::{Source, sources, workspace};

const STORAGE: [(&str, &str); 2] =
    [("crates/adapters-postgres", "POSTROOM_SQLX_POSTGRES"), ("crates/adapters-sqlite", "POSTROOM_SQLX_SQLITE")];

/// The Rust files of all packages, tests included.
fn rust() -> Result<Vec<Source>> {
    let mut files = Vec::new();
    for folder in ["crates", "examples", "tests", "xtask"] {
        files.extend(sources(folder)?.into_iter().filter(|file| file.ends_with(".rs")));
    }
    ensure!(files.len() > 100, "where are the sources?");
    Ok(files)
}

fn queries(folder: &str) -> Result<Vec<Source>> {
    let files = sources(&format!("{folder}/queries"))?;
    ensure!(files.len() > 10, "where are the queries of {folder}?");
    Ok(files)
}

/// Every place where a file has one of these words.
fn places(files: &[Source], words: &[&str]) -> Vec<String> {
    let found = |file: &Source| {
        let lines = file.lines().filter(|(_, line)| words.iter().any(|word| line.contains(word)));
        lines.map(|(number, line)| format!("{}:{number}: {}", file.path, line.trim())).collect::<Vec<_>>()
    };
    files.iter().flat_map(found).collect()
}

#[test]
fn every_query_file_is_used() -> Result<()> {
    for (folder, _) in STORAGE {
        let code = sources(&format!("{folder}/src"))?;
        for query in queries(folder)? {
            let name = query.path.strip_prefix(folder).unwrap_or_default().trim_start_matches('/');
            let used = code.iter().any(|file| file.text.contains(&format!("\"{name}\"")));
            assert!(used, "{} is used by nobody", query.path);
        }
    }
    Ok(())
}

#[test]
fn every_query_is_described_for_builds_without_a_database() -> Result<()> {
    for (folder, _) in STORAGE {
        let described: Vec<Source> = sources(&format!("{folder}/.sqlx"))?;
        let mut texts = BTreeSet::new();
        for file in &described {
            let document: serde_json::Value = serde_json::from_str(&file.text).context(file.path.clone())?;
            texts.insert(document["query"].as_str().context(file.path.clone())?.to_owned());
        }
        for query in queries(folder)? {
            assert!(texts.contains(&query.text), "{} is not described: run `cargo xtask sqlx`", query.path);
        }
    }
    Ok(())
}

#[test]
fn a_users_database_url_never_touches_a_build() -> Result<()> {
    for (folder, variable) in STORAGE {
        let text = std::fs::read_to_string(workspace().join(folder).join("sqlx.toml"))?;
        assert!(text.contains(&format!("database-url-var = \"{variable}\"")), "{folder} asks for DATABASE_URL");
    }
    Ok(())
}

#[test]
fn the_schemas_know_exactly_the_eight_statuses() -> Result<()> {
    let ours: BTreeSet<&str> = Status::ALL.iter().map(|status| status.as_str()).collect();
    for folder in ["migrations/sqlite", "migrations"] {
        let files = sources(folder)?;
        let table = files.iter().find(|file| file.name().ends_with("_deliveries_create.sql"));
        let lists = lists(&table.context("no migration that creates deliveries")?.text);
        ensure!(!lists.is_empty(), "no list of statuses in {folder}");
        for list in lists {
            assert_eq!(list.iter().map(String::as_str).collect::<BTreeSet<_>>(), ours, "{folder}");
        }
    }
    Ok(())
}

/// The quoted words of every parenthesis that follows `status IN` or `AS ENUM`.
fn lists(sql: &str) -> Vec<Vec<String>> {
    let after = ["status IN (", "AS ENUM ("].into_iter().flat_map(|word| sql.split(word).skip(1));
    let inside = after.filter_map(|rest| rest.split(')').next());
    inside.map(|list| list.split('\'').skip(1).step_by(2).map(str::to_owned).collect()).collect()
}

#[test]
fn the_names_of_statuses_are_spelled_in_the_domain_alone() -> Result<()> {
    let files: Vec<Source> = sources("crates")?
        .into_iter()
        .filter(|file| file.ends_with(".rs"))
        .filter(|file| file.crate_folder().is_some_and(|name| name != "domain"))
        .map(without_unit_tests)
        .collect();
    // 'queued', 'sent' and 'failed' are English words as well; those of two words are nothing but statuses.
    let telling = Status::ALL.iter().map(|status| status.as_str()).filter(|name| name.contains('_'));
    let quoted: Vec<String> = telling.map(|name| format!("\"{name}\"")).collect();
    let found = places(&files, &quoted.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(found.is_empty(), "{found:#?}");
    Ok(())
}

fn without_unit_tests(file: Source) -> Source {
    let text = file.text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
    Source { text, ..file }
}

#[test]
fn files_are_short() -> Result<()> {
    let mut sizes: Vec<(usize, String)> = sources("crates")?
        .into_iter()
        .filter(|file| file.ends_with(".rs") && file.crate_folder().is_some())
        .map(|file| (file.text.lines().count(), file.path))
        .collect();
    sizes.sort();
    ensure!(sizes.len() > 50, "where are the sources?");
    let rank = |percent: usize| &sizes[(sizes.len() * percent).div_ceil(100) - 1];
    assert!(rank(50).0 <= 150, "the median is {:?}", rank(50));
    assert!(rank(95).0 <= 400, "the 95th percentile is {:?}", rank(95));
    Ok(())
}

#[test]
fn nothing_is_left_for_later() -> Result<()> {
    let mut files = rust()?;
    files.extend(sources("migrations")?);
    for (folder, _) in STORAGE {
        files.extend(queries(folder)?);
    }
    // Written in halves, so that this file does not find itself.
    let words = [concat!("to", "do!"), concat!("unimplem", "ented!"), concat!("TO", "DO"), concat!("FIX", "ME")];
    let found = places(&files, &words);
    assert!(found.is_empty(), "{found:#?}");
    Ok(())
}

#[test]
fn no_lint_is_switched_off_for_good() -> Result<()> {
    // An expectation that is no longer met is a warning; an allowance stays for ever.
    let found = places(&rust()?, &[concat!("#[al", "low("), concat!("#![al", "low(")]);
    assert!(found.is_empty(), "{found:#?}");
    Ok(())
}

#[test]
fn a_migration_is_named_by_its_time_and_its_change() -> Result<()> {
    let files = sources("migrations")?;
    // What else lies there is no step of its own, and somebody has to read it by its name.
    let (steps, parts): (Vec<&Source>, Vec<&Source>) =
        files.iter().partition(|file| file.name().starts_with(|first: char| first.is_ascii_digit()));
    ensure!(steps.len() > 5, "where are the migrations?");
    for name in steps.into_iter().map(Source::name) {
        let told = name.strip_suffix(".sql").and_then(|name| name.split_once('_'));
        let (time, change) = told.with_context(|| format!("{name} should be YYYYMMDDHHMMSS_noun_change.sql"))?;
        assert!(time.len() == 14 && time.bytes().all(|b| b.is_ascii_digit()), "{name}: {time} is no time");
        let plain = change.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        assert!(plain && change.contains('_'), "{name}: {change} should be noun_change");
    }
    let code = rust()?;
    for part in parts {
        let stem = part.name().split('.').next().unwrap_or_default();
        let names = [format!("migrations/{}", part.name()), format!("\"{stem}\"")];
        let read = code.iter().any(|file| names.iter().any(|name| file.text.contains(name)));
        assert!(read, "{} is read by nobody", part.path);
    }
    Ok(())
}

#[test]
fn no_file_knows_the_machine_that_it_was_written_on() -> Result<()> {
    let here = workspace().display().to_string();
    let words = [here.as_str(), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];
    let files: Vec<Source> = sources("")?.into_iter().filter(|file| !file.path.contains("/target")).collect();
    let found = places(&files, &words);
    assert!(found.is_empty(), "{found:#?}");
    Ok(())
}
