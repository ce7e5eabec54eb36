//! The command line asks a server as it asks a database.

use anyhow::Result;
use postroom_dev_inbox::{Act, Stage};
use postroom_tests::{Api, Done, Kind, Postroom, Room, invitation, on_both_stores};

on_both_stores![the_same_questions_have_the_same_answers, decisions_work_by_url];

/// The binary in a home of its own, without a store and without a mail server: it knows the server alone.
fn far(api: &Api) -> Result<Postroom> {
    let token = api.token.clone().unwrap_or_default();
    Ok(Postroom::new()?.with("POSTROOM_URL", api.url.clone()).with("POSTROOM_TOKEN", token))
}

fn same(near: &Done, far: &Done) {
    assert_eq!(near.status, far.status, "{}\n{}", near.stderr, far.stderr);
    assert_eq!(near.stdout, far.stdout);
    assert_eq!(near.stderr, far.stderr);
}

async fn the_same_questions_have_the_same_answers(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?.configured("[workflows.invite]\nmax_attempts = 1\n")?;
    room.inbox.script().for_recipient("dead@example.org", Stage::Rcpt, [Act::out_of_order()]);
    let ids = room.enqueue(&[invitation("dead@example.org"), invitation("reader@example.org")]).await?;
    let mut worker = room.worker().await?;
    room.becomes(&ids[0], "dead_letter").await?;
    room.becomes(&ids[1], "sent").await?;
    worker.finish().await?.expect(0)?;
    let quiet = room.postroom.clone().with("EMAIL_WORKER_ENABLED", "false");
    let api = Api::start(&quiet).await?;
    let far = far(&api)?;
    let questions: [&[&str]; 12] = [
        &["status", &ids[0]],
        &["status", &ids[0], "--json"],
        &["status", "nobody-knows-it"],
        &["search"],
        &["search", "--json"],
        &["search", "--status", "dead_letter,sent", "--recipient", "dead@example.org", "--json"],
        &["search", "--limit", "1", "--json"],
        &["search", "--all", "--json"],
        &["search", "--source", "none:such"],
        &["dead-letters", "list", "--json"],
        &["dead-letters", "show", &ids[0], "--json"],
        &["in-doubt", "list"],
    ];
    for question in questions {
        same(&room.postroom.run(question).await?, &far.run(question).await?);
    }
    Ok(())
}

async fn decisions_work_by_url(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?.configured("[workflows.invite]\nmax_attempts = 1\n")?;
    for name in ["one", "two", "three"] {
        room.inbox.script().for_recipient(&format!("{name}@example.org"), Stage::Rcpt, [Act::out_of_order()]);
    }
    let api = Api::start(&room.postroom).await?;
    let letters = ["one", "two", "three"].map(|name| invitation(&format!("{name}@example.org")));
    let ids = room.enqueue(&letters).await?;
    for id in &ids {
        room.becomes(id, "dead_letter").await?;
    }
    let far = far(&api)?;
    let done = far.run(&["retry", &ids[0]]).await?.expect(0)?;
    assert_eq!(done.line()?, format!("{} is queued", ids[0]));
    room.becomes(&ids[0], "sent").await?;
    let done = far.run(&["retry", &ids[0]]).await?.expect(1)?;
    assert!(done.stderr.contains("it has been sent"), "{}", done.stderr);
    far.run(&["retry", "nobody-knows-it"]).await?.expect(4)?;
    far.run(&["dead-letters", "redrive", &ids[1]]).await?.expect(0)?;
    room.becomes(&ids[1], "sent").await?;
    let done = far.run(&["dead-letters", "redrive", "--all", "--yes", "--json"]).await?.expect(0)?.json()?;
    assert_eq!(done["redriven"], 1, "{done}");
    room.becomes(&ids[2], "sent").await?;
    let mut letter = invitation("later@example.org");
    letter["due_at"] = "2099-01-01T00:00:00Z".into();
    let waits = room.enqueue(&[letter]).await?;
    far.run(&["cancel", &waits[0]]).await?.expect(0)?;
    Ok(())
}

#[tokio::test]
async fn what_stands_in_the_way_is_said() -> Result<()> {
    let room = Room::open(Kind::Sqlite).await?.with("EMAIL_WORKER_ENABLED", "false");
    let api = Api::start(&room.postroom).await?;
    let far = far(&api)?;
    let done = far.clone().with("POSTROOM_TOKEN", "postroom_wrong").run(&["search"]).await?.expect(2)?;
    assert!(done.stderr.contains("POSTROOM_TOKEN"), "{}", done.stderr);
    let done = far.clone().with("POSTROOM_TOKEN", "two\nlines").run(&["search"]).await?.expect(2)?;
    assert!(done.stderr.contains("POSTROOM_TOKEN: is no token"), "{}", done.stderr);
    // As a file has it whose end was not cut off.
    let token = api.token.clone().unwrap_or_default();
    far.clone().with("POSTROOM_TOKEN", format!("{token}\n")).run(&["search"]).await?.expect(0)?;
    let weak = Api::token(&room.postroom, &["--scope", "enqueue"]).await?;
    let done = far.clone().with("POSTROOM_TOKEN", weak.clone()).run(&["search"]).await?.expect(1)?;
    assert!(done.stderr.contains("'read'") && !done.stderr.contains(&weak), "{}", done.stderr);
    for (url, said) in [
        ("nowhere", "must be the server's address"),
        ("ftp://example.org", "must be the server's address"),
        ("http://mail.example.org", "https"),
    ] {
        let done = far.run(&["search", "--url", url]).await?.expect(2)?;
        assert!(done.stderr.contains(said), "{}", done.stderr);
    }
    let done = far.run(&["search", "--url", "http://127.0.0.1:9"]).await?.expect(3)?;
    assert!(done.stderr.contains("cannot be reached"), "{}", done.stderr);
    Ok(())
}
