//! The guides say what the examples do.

use anyhow::{Context, Result, ensure};
use postroom_tests::{Source, sources};

/// The blocks of a guide that are of this language.
fn blocks(guide: &Source, language: &str) -> Vec<String> {
    let fence = format!("\n```{language}\n");
    let after = guide.text.split(&fence).skip(1);
    after.filter_map(|rest| rest.split("\n```").next()).map(str::to_owned).collect()
}

fn guides() -> Result<Vec<Source>> {
    let mut found = sources("docs")?;
    found.retain(|file| file.ends_with(".md"));
    ensure!(found.len() > 20, "where are the guides?");
    Ok(found)
}

#[test]
fn what_is_quoted_of_an_example_stands_in_it() -> Result<()> {
    let guides = guides()?;
    let guide = guides.iter().find(|file| file.name() == "writing-an-adapter.md").context("no such guide")?;
    let examples = sources("examples/http-json-transport")?;
    let quoted = blocks(guide, "rust");
    ensure!(quoted.len() > 4, "where are the excerpts?");
    for block in quoted {
        let found = examples.iter().any(|file| file.text.contains(&block));
        let first = block.lines().next().unwrap_or_default();
        assert!(found, "{}: the excerpt that begins with `{first}` stands in no file of the example", guide.path);
    }
    Ok(())
}

#[test]
fn every_guide_is_listed_and_every_link_leads_somewhere() -> Result<()> {
    let guides = guides()?;
    let index = guides.iter().find(|file| file.path == "docs/README.md").context("no index")?;
    let root = postroom_tests::workspace();
    for guide in &guides {
        let name = guide.path.trim_start_matches("docs/");
        assert!(guide.path == index.path || index.text.contains(name), "docs/README.md does not list {name}");
        let folder = root.join(&guide.path);
        for link in guide.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            let target = folder.parent().context("no folder")?.join(file);
            assert!(target.exists(), "{}: {link} leads nowhere", guide.path);
        }
    }
    Ok(())
}
