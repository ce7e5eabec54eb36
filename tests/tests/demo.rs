//! The demo, as somebody runs it who has just cloned the project; and that it fails when nobody sends.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use postroom_tests::{Kind, Postroom, Store, invitation, on_both_stores, statuses};
use serde_json::Value;

on_both_stores![
    the_demo_tells_scripts_how_every_letter_ended,
    without_its_worker_the_demo_fails,
    the_demo_does_not_touch_letters_of_somebody_else,
];

#[tokio::test]
async fn without_any_preparation_the_demo_tells_its_story() -> Result<()> {
    let postroom = Postroom::new()?;
    let said = postroom.run(&["demo", "--exit", "--patience", "120"]).await?.expect(0)?.stdout;
    for words in [
        "reader@example.org",
        "was put off",
        "was refused for good",
        "dead letter",
        "cancelled",
        "Received by the mail server: 4 letters.",
        "Subject: ",
        "042137",
        ".eml",
    ] {
        assert!(said.contains(words), "'{words}' is missing in\n{said}");
    }
    // The text is that of the files, which stay for whoever wants to open them.
    let folder = said.lines().find_map(|line| line.strip_prefix("The letters lie in ")?.split(" as .eml").next());
    let mut letters = 0;
    for file in std::fs::read_dir(folder.context("no folder is named")?)? {
        letters += usize::from(file?.path().extension().is_some_and(|ending| ending == "eml"));
    }
    assert_eq!(letters, 4);
    Ok(())
}

async fn the_demo_tells_scripts_how_every_letter_ended(kind: Kind) -> Result<()> {
    let store = Store::empty(kind).await?;
    let postroom = Postroom::new()?.with("DATABASE_URL", store.url());
    let document = postroom.run(&["demo", "--json", "--patience", "120"]).await?.expect(0)?.json()?;
    let keys: Vec<&String> = document.as_object().context("no object")?.keys().collect();
    assert_eq!(keys, ["captured", "deliveries"]);
    assert_eq!(document["captured"], 4);

    let deliveries = document["deliveries"].as_array().context("no deliveries")?;
    let mut endings: BTreeMap<&str, usize> = BTreeMap::new();
    for delivery in deliveries {
        let ending = delivery["status"].as_str().context("no status")?;
        *endings.entry(ending).or_default() += 1;
        check(delivery, ending);
    }
    let expected = [("sent", 4), ("failed", 1), ("dead_letter", 1), ("cancelled", 1)];
    assert_eq!(endings, expected.into());
    // What it says is what is stored.
    assert_eq!(store.number("SELECT count(*) FROM deliveries WHERE status = 'sent'").await?, 4);
    Ok(())
}

fn check(delivery: &Value, ending: &str) {
    for field in ["delivery_id", "workflow"] {
        assert!(delivery[field].is_string(), "no {field} in {delivery}");
    }
    let story = statuses(delivery);
    assert_eq!((story.first(), story.last()), (Some(&"queued"), Some(&ending)), "{delivery}");
    let claims = story.iter().filter(|status| **status == "in_progress").count();
    assert_eq!(delivery["attempts"], claims, "{delivery}");
    if ending == "dead_letter" {
        assert!(claims > 1, "{delivery}");
    }
}

async fn without_its_worker_the_demo_fails(kind: Kind) -> Result<()> {
    let store = Store::empty(kind).await?;
    let postroom = Postroom::new()?.with("DATABASE_URL", store.url()).with("EMAIL_WORKER_ENABLED", "false");
    let done = postroom.run(&["demo", "--json", "--patience", "2"]).await?.expect(1)?;
    assert!(done.stderr.contains("EMAIL_WORKER_ENABLED"), "{}", done.stderr);
    let document = done.json()?;
    assert_eq!(document["captured"], 0);
    assert_eq!(store.number("SELECT count(*) FROM deliveries WHERE status = 'queued'").await?, 6);
    Ok(())
}

async fn the_demo_does_not_touch_letters_of_somebody_else(kind: Kind) -> Result<()> {
    let store = Store::migrated(kind).await?;
    let postroom = Postroom::new()?.with("DATABASE_URL", store.url());
    let line = invitation("customer@example.org").to_string();
    postroom.feed(&["enqueue", "--file", "-"], line.as_bytes()).await?.expect(0)?;
    let done = postroom.run(&["demo", "--exit"]).await?.expect(1)?;
    assert!(done.stderr.contains("1 letters wait in this database"), "{}", done.stderr);
    assert_eq!(store.texts("SELECT status FROM deliveries").await?, ["queued"]);
    Ok(())
}
