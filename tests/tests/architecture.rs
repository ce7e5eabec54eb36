//! The arrows between the crates, held against what cargo says of them.
//!
//! ```text
//!   app ─→ adapters-* ─→ ports ─→ domain        adapters never name each other or app
//!   app ─→ ports, domain                        tests, examples ─→ everything
//! ```

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use cargo_metadata::{Dependency, DependencyKind, Metadata, MetadataCommand, Package};
use postroom_tests::{Source, cargo, sources, workspace};

fn metadata() -> Result<Metadata> {
    Ok(MetadataCommand::new().manifest_path(workspace().join("Cargo.toml")).no_deps().exec()?)
}

fn package<'a>(metadata: &'a Metadata, name: &str) -> Result<&'a Package> {
    metadata.packages.iter().find(|package| *package.name == name).with_context(|| format!("no package {name}"))
}

/// The dependencies of a package that its users get, too.
fn normal(package: &Package) -> impl Iterator<Item = &Dependency> {
    package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal)
}

/// Those of them that are ours.
fn ours(package: &Package) -> BTreeSet<&str> {
    normal(package).map(|dependency| dependency.name.as_str()).filter(|name| name.starts_with("postroom")).collect()
}

/// The names of all packages that come along with one, by normal dependencies alone.
fn comes_along(words: &[&str]) -> Result<BTreeSet<String>> {
    let tree = cargo(&[&["tree", "--locked", "--edges", "normal", "--prefix", "none"], words].concat())?;
    Ok(tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect())
}

fn naming<'a>(files: &'a [Source], word: &str) -> Vec<&'a str> {
    files.iter().filter(|file| file.text.contains(word)).map(|file| file.path.as_str()).collect()
}

#[test]
fn the_domain_depends_on_none_of_ours() -> Result<()> {
    assert!(ours(package(&metadata()?, "postroom-domain")?).is_empty());
    Ok(())
}

/// The points at which tests end the worker are in no build that nobody asked for them.
#[test]
fn no_usual_feature_brings_the_fault_points() -> Result<()> {
    let metadata = metadata()?;
    let features = &package(&metadata, "postroom")?.features;
    ensure!(features.contains_key("faults"), "the feature has another name");
    for (name, brings) in features.iter().filter(|(name, _)| *name != "faults") {
        assert!(!brings.iter().any(|brought| brought == "faults"), "{name} brings the fault points along");
    }
    Ok(())
}

#[test]
fn the_domain_brings_no_input_output_no_chance_and_no_runtime_along() -> Result<()> {
    let found = comes_along(&["--package", "postroom-domain"])?;
    ensure!(found.contains("serde"), "the tree is empty: {found:?}");
    for name in [
        "tokio",
        "sqlx",
        "reqwest",
        "hyper",
        "axum",
        "tracing",
        "async-trait",
        "rand",
        "getrandom",
        "mail-send",
        "mailgun-rs",
    ] {
        assert!(!found.contains(name), "the domain brings {name} along");
    }
    Ok(())
}

#[test]
fn the_ports_depend_on_the_domain_alone() -> Result<()> {
    assert_eq!(ours(package(&metadata()?, "postroom-ports")?), BTreeSet::from(["postroom-domain"]));
    Ok(())
}

#[test]
fn an_adapter_depends_on_ports_and_domain_and_never_on_another_adapter_or_the_app() -> Result<()> {
    let metadata = metadata()?;
    let adapters: Vec<&Package> =
        metadata.packages.iter().filter(|package| package.name.starts_with("postroom-adapters-")).collect();
    ensure!(adapters.len() >= 4, "where are the adapters?");
    let allowed = BTreeSet::from(["postroom-domain", "postroom-ports"]);
    for adapter in adapters {
        assert!(ours(adapter).is_subset(&allowed), "{} depends on {:?}", adapter.name, ours(adapter));
    }
    Ok(())
}

/// Whether a package shows others how ours are used.
fn is_an_example(package: &Package) -> bool {
    package.name.starts_with("example-")
}

/// Whether a package is there to test others.
fn is_a_test(package: &Package) -> bool {
    ["postroom-tests", "postroom-model", "postroom-simulation"].contains(&package.name.as_str())
}

#[test]
fn the_example_of_an_adapter_depends_on_ports_and_domain_alone() -> Result<()> {
    let metadata = metadata()?;
    let example = package(&metadata, "example-http-json-transport")?;
    assert_eq!(ours(example), BTreeSet::from(["postroom-domain", "postroom-ports"]));
    let source = sources("examples/http-json-transport/src")?;
    let lines: usize = source.iter().map(|file| file.text.lines().count()).sum();
    assert!(lines < 150, "the example has grown to {lines} lines");
    Ok(())
}

#[test]
fn nobody_depends_on_the_app_but_tests_and_examples() -> Result<()> {
    for package in &metadata()?.packages {
        let apart = is_a_test(package) || is_an_example(package);
        assert!(apart || !ours(package).contains("postroom"), "{} depends on the app", package.name);
    }
    Ok(())
}

#[test]
fn the_test_database_comes_along_with_nothing_that_is_shipped() -> Result<()> {
    for package in &metadata()?.packages {
        let apart = ["postroom-tests", "xtask"].contains(&package.name.as_str());
        assert!(apart || !ours(package).contains("postroom-test-database"), "{} depends on it", package.name);
    }
    let shipped = comes_along(&["--package", "postroom"])?;
    ensure!(shipped.contains("postroom-adapters-postgres"), "the tree is empty: {shipped:?}");
    assert!(!shipped.contains("postroom-test-database"));
    Ok(())
}

#[test]
fn the_suites_and_doubles_of_the_ports_come_along_with_nothing_that_is_shipped() -> Result<()> {
    for package in &metadata()?.packages {
        if *package.name == "postroom-ports" || is_a_test(package) || is_an_example(package) {
            continue;
        }
        for dependency in normal(package).filter(|dependency| dependency.name == "postroom-ports") {
            for feature in ["memory", "contract", "mock"] {
                let enabled = dependency.features.iter().any(|name| name == feature);
                assert!(!enabled, "{} enables {feature}", package.name);
            }
        }
    }
    Ok(())
}

#[test]
fn without_default_features_the_app_brings_no_adapter_along() -> Result<()> {
    let found = comes_along(&["--package", "postroom", "--no-default-features"])?;
    ensure!(found.contains("postroom-ports"), "the tree is empty: {found:?}");
    let adapters: Vec<&String> = found.iter().filter(|name| name.contains("adapters")).collect();
    assert!(adapters.is_empty(), "{adapters:?}");
    assert!(!found.contains("sqlx") && !found.contains("postroom-dev-inbox"));
    Ok(())
}

#[test]
fn the_wiring_alone_names_concrete_adapters() -> Result<()> {
    let files = sources("crates/app/src")?;
    assert_eq!(naming(&files, "postroom_adapters_"), ["crates/app/src/wiring.rs"]);
    for path in naming(&files, "postroom_dev_inbox") {
        let may = path.starts_with("crates/app/src/demo") || path == "crates/app/src/inbox.rs";
        assert!(may, "{path} names the dev inbox");
    }
    Ok(())
}

#[test]
fn the_storage_crates_alone_speak_to_databases() -> Result<()> {
    let allowed = ["adapters-postgres", "adapters-sqlite", "test-database"];
    let files: Vec<Source> = sources("crates")?
        .into_iter()
        .filter(|file| file.ends_with(".rs"))
        .filter(|file| file.crate_folder().is_some_and(|name| !allowed.contains(&name)))
        .collect();
    ensure!(files.len() > 50, "where are the sources?");
    assert!(naming(&files, "sqlx::").is_empty(), "{:?}", naming(&files, "sqlx::"));
    Ok(())
}

#[test]
fn there_is_one_tls_and_it_is_rustls_with_aws_lc() -> Result<()> {
    let words = ["tree", "--locked", "--workspace", "--edges", "normal,build,dev", "--prefix", "none"];
    let tree = cargo(&words)?;
    let found: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    ensure!(found.contains("rustls") && found.contains("aws-lc-rs"), "the tree is empty");
    for name in ["ring", "openssl-sys", "native-tls"] {
        assert!(!found.contains(name), "{name} comes along: see `cargo tree --workspace --invert {name}`");
    }
    Ok(())
}
