//! Who asks where letters are: by address, workflow, status, tenant, source and time, page by page, on both stores.

use anyhow::{Context, Result};
use postroom_tests::{Kind, Room, invitation, on_both_stores};
use serde_json::{Value, json};

on_both_stores![
    each_filter_finds_its_letters_and_all_together_narrow,
    pages_follow_each_other_and_end,
    people_get_a_table_without_colours_in_a_pipe,
    a_filter_that_is_none_is_named,
];

const READER: &str = "reader@example.org";

fn letter(recipient: &str, extra: &Value) -> Value {
    let mut letter = invitation(recipient);
    for (name, value) in extra.as_object().into_iter().flatten() {
        letter[name] = value.clone();
    }
    letter
}

async fn found(room: &Room, filters: &[&str]) -> Result<Vec<String>> {
    let words = [&["search", "--json"], filters].concat();
    let document = room.postroom.run(&words).await?.expect(0)?.json()?;
    let deliveries = document["deliveries"].as_array().context("no list of deliveries")?;
    let mut ids: Vec<String> =
        deliveries.iter().filter_map(|delivery| delivery["delivery_id"].as_str().map(str::to_owned)).collect();
    ids.sort();
    Ok(ids)
}

async fn each_filter_finds_its_letters_and_all_together_narrow(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    room.enqueue(&[
        letter(READER, &json!({ "delivery_id": "a", "tenant_id": "north", "source_type": "invite", "source_id": "7" })),
        letter(READER, &json!({ "delivery_id": "b", "workflow": "digest" })),
        letter("other@example.org", &json!({ "delivery_id": "c", "source_type": "invite", "source_id": "8" })),
    ])
    .await?;
    room.postroom.run(&["cancel", "b"]).await?.expect(0)?;
    for (filters, ids) in [
        (&[][..], &["a", "b", "c"][..]),
        (&["--recipient", READER], &["a", "b"]),
        (&["--to", "READER@example.org"], &[]),
        (&["--workflow", "digest"], &["b"]),
        (&["--tenant", "north"], &["a"]),
        (&["--source", "invite"], &["a", "c"]),
        (&["--source", "invite:8"], &["c"]),
        (&["--status", "cancelled"], &["b"]),
        (&["--status", "cancelled,queued"], &["a", "b", "c"]),
        (&["--since", "1h"], &["a", "b", "c"]),
        (&["--until", "1h"], &[]),
        (&["--until", "2100-01-01T00:00:00Z", "--recipient", READER, "--status", "queued"], &["a"]),
        (&["--all", "--workflow", "invite"], &["a", "c"]),
    ] {
        assert_eq!(found(&room, filters).await?, ids, "{filters:?}");
    }
    Ok(())
}

async fn pages_follow_each_other_and_end(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    let letters: Vec<Value> = (0..7).map(|_| invitation(READER)).collect();
    let mut expected = room.enqueue(&letters).await?;
    let (mut seen, mut after) = (Vec::new(), None::<String>);
    loop {
        let place = after.iter().flat_map(|place| ["--after", place.as_str()]);
        let words: Vec<&str> = ["search", "--json", "--limit", "3"].into_iter().chain(place).collect();
        let page = room.postroom.run(&words).await?.expect(0)?.json()?;
        let deliveries = page["deliveries"].as_array().context("no list of deliveries")?;
        assert!(deliveries.len() <= 3);
        seen.extend(deliveries.iter().filter_map(|delivery| delivery["delivery_id"].as_str().map(str::to_owned)));
        after = page["next"].as_str().map(str::to_owned);
        if after.is_none() {
            break;
        }
    }
    seen.sort();
    expected.sort();
    assert_eq!(seen, expected, "each letter once");
    Ok(())
}

async fn people_get_a_table_without_colours_in_a_pipe(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    let nothing = room.postroom.run(&["search"]).await?.expect(0)?;
    assert!(nothing.stdout.is_empty() && nothing.stderr.contains("no delivery matches"), "{}", nothing.stderr);
    let id = room.invite(READER).await?;
    room.invite(READER).await?;
    let said = room.postroom.run(&["search", "--limit", "1"]).await?.expect(0)?;
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{}", said.stdout);
    assert!(
        lines[0].contains("DELIVERY") && lines[1].contains("queued") && lines[1].contains(READER),
        "{}",
        said.stdout
    );
    assert!(!said.stdout.contains('\u{1b}'), "a pipe gets no colours");
    assert!(said.stderr.contains("--after '"), "{}", said.stderr);
    let status = room.postroom.run(&["status", &id]).await?.expect(0)?;
    assert!(!status.stdout.contains('\u{1b}'), "a pipe gets no colours");
    Ok(())
}

async fn a_filter_that_is_none_is_named(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    for (filters, said) in [
        (["--recipient", "nobody"], "--recipient"),
        (["--since", "yesterday"], "--since"),
        (["--after", "page two"], "--after"),
        (["--status", "dead-letter"], "dead_letter"),
        (["--workflow", "Not A Name"], "--workflow"),
    ] {
        let done = room.postroom.run(&[&["search"], &filters[..]].concat()).await?.expect(2)?;
        assert!(done.stderr.contains(said), "{filters:?}: {}", done.stderr);
    }
    Ok(())
}
