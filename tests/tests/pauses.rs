//! What a person pauses waits, pays nothing for it, and goes on when told or when its time is up.

use anyhow::{Context, Result};
use postroom_tests::{Kind, Mailgun, Room, invitation, on_both_stores, statuses};
use serde_json::{Value, json};

on_both_stores![
    letters_of_a_paused_workflow_wait_while_others_go_and_lose_no_attempt,
    a_pause_for_a_while_ends_under_a_worker_that_nobody_wakes,
    letters_take_the_next_way_while_the_first_is_paused,
    a_pause_outlives_the_worker,
    what_is_paused_is_listed_and_resumed_by_name,
    what_cannot_be_paused_is_named,
];

/// A room whose worker looks for letters by itself only every ten minutes: what goes sooner was called.
async fn room(kind: Kind) -> Result<Room> {
    let room = Room::open(kind).await?.with("EMAIL_WORKER_POLL_INTERVAL", "10m");
    // A worker also looks when it renews its leases.
    Ok(room.with("EMAIL_WORKER_LEASE", "1h"))
}

fn letter(field: &str, value: &str) -> Value {
    let mut letter = invitation("reader@example.org");
    letter[field] = value.into();
    letter
}

/// A letter that waits as it came in.
async fn waits(room: &Room, id: &str, why: &str) -> Result<()> {
    let document = room.status(id).await?;
    assert_eq!((&document["status"], &document["attempts"]), (&"queued".into(), &0.into()), "{document}");
    assert_eq!(statuses(&document), ["queued"]);
    assert!(document["waits_for"].as_str().context("why it waits")?.contains(why), "{document}");
    Ok(())
}

async fn goes(room: &Room, id: &str) -> Result<Value> {
    let document = room.becomes(id, "sent").await?;
    assert_eq!(statuses(&document), ["queued", "in_progress", "sent"]);
    Ok(document)
}

async fn letters_of_a_paused_workflow_wait_while_others_go_and_lose_no_attempt(kind: Kind) -> Result<()> {
    let room = room(kind).await?;
    let paused = room.invite("reader@example.org").await?;
    let words = ["pause", "workflow", "invite", "--reason", "wrong links"];
    let done = room.postroom.run(&words).await?.expect(0)?;
    assert_eq!(done.line()?, "the workflow invite is paused: wrong links");
    let mut worker = room.worker().await?;
    let also_paused = room.invite("reader@example.org").await?;
    let other = room.enqueue(&[letter("workflow", "digest")]).await?.remove(0);
    goes(&room, &other).await?;
    for id in [&paused, &also_paused] {
        waits(&room, id, "the workflow invite is paused: wrong links").await?;
    }
    room.postroom.run(&["resume", "workflow", "invite"]).await?.expect(0)?;
    for id in [&paused, &also_paused] {
        assert_eq!(goes(&room, id).await?.get("waits_for"), None);
    }
    let said = worker.finish().await?.expect(0)?.stderr;
    assert_eq!(said.matches("paused by a person").count(), 1, "said once: {said}");
    Ok(())
}

async fn a_pause_for_a_while_ends_under_a_worker_that_nobody_wakes(kind: Kind) -> Result<()> {
    let room = room(kind).await?;
    let id = room.enqueue(&[letter("tenant_id", "north")]).await?.remove(0);
    let pause = room.postroom.run(&["pause", "tenant", "north", "--for", "4s", "--json"]).await?.expect(0)?.json()?;
    let mut worker = room.worker().await?;
    let document = goes(&room, &id).await?;
    let (until, began) = (pause["until"].as_str(), document["last_attempted_at"].as_str());
    assert!(until.context("an end")? <= began.context("an attempt")?, "{pause} {document}");
    assert_eq!(room.postroom.run(&["pauses"]).await?.expect(0)?.line()?, "nothing is paused");
    let said = worker.finish().await?.expect(0)?.stderr;
    assert!(!said.contains("north"), "a tenant's name is no business of the log: {said}");
    Ok(())
}

async fn letters_take_the_next_way_while_the_first_is_paused(kind: Kind) -> Result<()> {
    let mailgun = Mailgun::start().await?;
    let room = room(kind).await?.with("EMAIL_TRANSPORTS", "smtp,mailgun");
    let room = room.with("MAILGUN_API_KEY", "key").with("MAILGUN_DOMAIN", "mg.example.org");
    let room = room.with("MAILGUN_API_URL", mailgun.url()).with("MAILGUN_FROM_EMAIL", "post@example.org");
    let first = room.invite("reader@example.org").await?;
    room.postroom.run(&["pause", "transport", "smtp", "--reason", "moving house"]).await?.expect(0)?;
    assert_eq!(room.status(&first).await?.get("waits_for"), None, "there is another way");
    let mut worker = room.worker().await?;
    assert_eq!(goes(&room, &first).await?["provider"], "mailgun");
    assert_eq!((mailgun.letters().len(), room.inbox.connections_opened()), (1, 0));
    worker.notes("moving house").await?;

    room.postroom.run(&["pause", "transport", "mailgun"]).await?.expect(0)?;
    room.postroom.run(&["resume", "transport", "smtp"]).await?.expect(0)?;
    worker.notes("no longer paused").await?;
    let second = room.invite("reader@example.org").await?;
    assert_eq!(goes(&room, &second).await?["provider"], "smtp");
    let said = worker.finish().await?.expect(0)?.stderr;
    assert!(!said.contains("a person has to look at this"), "a pause is no alarm: {said}");
    Ok(())
}

async fn a_pause_outlives_the_worker(kind: Kind) -> Result<()> {
    let room = room(kind).await?;
    let id = room.invite("reader@example.org").await?;
    room.postroom.run(&["pause", "transport", "smtp"]).await?.expect(0)?;
    for _ in 0..2 {
        let mut worker = room.worker().await?;
        worker.notes("paused by a person").await?;
        let said = worker.finish().await?.expect(0)?.stderr;
        assert!(said.contains("left; 0 letters settled"), "{said}");
        waits(&room, &id, "the transport smtp is paused").await?;
    }
    let mut worker = room.worker().await?;
    worker.notes("paused by a person").await?;
    room.postroom.run(&["resume", "transport", "smtp"]).await?.expect(0)?;
    goes(&room, &id).await?;
    worker.finish().await?.expect(0)?;
    Ok(())
}

async fn what_is_paused_is_listed_and_resumed_by_name(kind: Kind) -> Result<()> {
    let room = room(kind).await?;
    let none = room.postroom.run(&["pauses", "--json"]).await?.expect(0)?.json()?;
    assert_eq!(none, json!({ "pauses": [] }));
    for words in [
        &["pause", "workflow", "invite", "--for", "2h"][..],
        &["pause", "tenant", "north", "--reason", "in dispute"],
        &["pause", "workflow", "invite", "--for", "48h", "--reason", "once more"],
    ] {
        room.postroom.run(words).await?.expect(0)?;
    }
    let odd = room.postroom.run(&["pause", "transport", "stmp"]).await?.expect(0)?;
    assert!(odd.stderr.contains("did you mean smtp?"), "{}", odd.stderr);
    let table = room.postroom.run(&["pauses"]).await?.expect(0)?.stdout;
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 4, "{table}");
    for (line, words) in lines.iter().zip([
        ["KIND", "UNTIL", "REASON"],
        ["tenant", "north", "in dispute"],
        ["transport", "stmp", "resumed"],
        ["workflow", "invite", "once more"],
    ]) {
        assert!(words.iter().all(|word| line.contains(word)), "{table}");
    }
    let listed = room.postroom.run(&["pauses", "--json"]).await?.expect(0)?.json()?;
    let listed = listed["pauses"].as_array().context("a list")?;
    assert_eq!(listed[1]["until"], Value::Null);
    assert_eq!((&listed[2]["kind"], &listed[2]["reason"]), (&"workflow".into(), &"once more".into()));

    let slip = room.postroom.run(&["resume", "workflow", "invites"]).await?.expect(1)?;
    assert!(slip.stderr.contains("was not paused; did you mean invite?"), "{}", slip.stderr);
    let done = room.postroom.run(&["resume", "workflow", "invite"]).await?.expect(0)?;
    assert_eq!(done.line()?, "the workflow invite goes on");
    let again = room.postroom.run(&["resume", "workflow", "invite"]).await?.expect(1)?;
    assert!(again.stderr.contains("the workflow invite was not paused"), "{}", again.stderr);
    let done = room.postroom.run(&["resume", "tenant", "north", "--json"]).await?.expect(0)?.json()?;
    assert_eq!(done, json!({ "kind": "tenant", "name": "north", "resumed": true }));
    Ok(())
}

async fn what_cannot_be_paused_is_named(kind: Kind) -> Result<()> {
    let room = room(kind).await?;
    let long = "x".repeat(201);
    for (words, said) in [
        (&["pause", "workflow", "Not A Name"][..], "workflow: "),
        (&["pause", "letter", "invite"], "transport"),
        (&["pause", "workflow", "invite", "--for", "soon"], "--for: "),
        (&["pause", "workflow", "invite", "--for", "0s"], "--for: "),
        (&["pause", "workflow", "invite", "--reason", "two\nlines"], "--reason: contains a line break"),
        (&["pause", "workflow", "invite", "--reason", &long], "--reason: is 201 bytes long"),
    ] {
        let done = room.postroom.run(words).await?.expect(2)?;
        assert!(done.stderr.contains(said), "{words:?}: {}", done.stderr);
    }
    assert_eq!(room.postroom.run(&["pauses"]).await?.expect(0)?.line()?, "nothing is paused");
    Ok(())
}
