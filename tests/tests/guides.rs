//! The guides say what the examples do.

use anyhow::{Context, Result, ensure};
use postroom_tests::{Postroom, Source, sources};

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

/// `docs/adding-a-workflow.md`, walked by hand: its four files into a folder, its commands.
#[tokio::test]
async fn the_letter_of_the_guide_is_clean_and_reads_as_the_guide_says() -> Result<()> {
    let guides = guides()?;
    let guide = guides.iter().find(|file| file.name() == "adding-a-workflow.md").context("no such guide")?;
    let postroom = Postroom::new()?.configured(blocks(guide, "toml").first().context("no settings")?)?;
    let folder = postroom.home().join("templates/extraction-complete");
    std::fs::create_dir_all(&folder)?;
    let (jinja, json) = (blocks(guide, "jinja"), blocks(guide, "json"));
    let files = ["subject.txt.j2", "body.html.j2", "body.txt.j2", "sample.json"];
    for (name, text) in files.into_iter().zip(jinja.iter().take(3).chain(&json)) {
        std::fs::write(folder.join(name), format!("{text}\n"))?;
    }
    let lint = postroom.run(&["templates", "lint"]).await?.expect(0)?;
    assert_eq!(lint.line()?, "nothing to find fault with", "{}", lint.stdout);
    let text = postroom.run(&["preview", "extraction-complete", "--format", "text"]).await?.expect(0)?.stdout;
    assert!(guide.text.contains(text.trim_end()), "the guide shows another letter than\n{text}");
    let html = postroom.run(&["preview", "extraction-complete"]).await?.expect(0)?.stdout;
    assert!(html.contains("Open the results"), "{html}");
    let listed = postroom.run(&["templates", "list", "--json"]).await?.expect(0)?.json()?;
    for template in listed["templates"].as_array().context("no list")? {
        let name = template["name"].as_str().context("no name")?;
        assert!(guide.text.contains(&format!("`{name}`")) || name == "extraction-complete", "the guide lacks {name}");
    }
    Ok(())
}
