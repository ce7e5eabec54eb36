//! What a person does about letters that did not go out by themselves, on both stores.

use anyhow::Result;
use postroom_dev_inbox::{Act, Stage};
use postroom_tests::{Kind, Room, codes, invitation, on_both_stores, statuses};
use serde_json::Value;

on_both_stores![
    a_letter_that_waits_for_its_next_attempt_is_tried_at_once,
    a_letter_that_was_refused_goes_out_after_a_retry,
    what_cannot_be_tried_again_says_why,
    a_person_decides_about_a_letter_in_doubt,
    dead_letters_are_listed_shown_and_put_back,
    nothing_is_put_back_unasked,
];

const READER: &str = "reader@example.org";
/// A next attempt that no test lives to see.
const LATE: &str = "[workflows.invite]\nschedule = [\"0s\", \"1h\"]\n";

async fn a_letter_that_waits_for_its_next_attempt_is_tried_at_once(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?.configured(LATE)?;
    room.inbox.script().for_recipient(READER, Stage::Rcpt, [Act::greylisted()]);
    let id = room.invite(READER).await?;
    let mut worker = room.worker().await?;
    room.becomes(&id, "retrying").await?;
    let done = room.postroom.run(&["retry", &id]).await?.expect(0)?;
    assert_eq!(done.line()?, format!("{id} is retrying"));
    let document = room.becomes(&id, "sent").await?;
    worker.finish().await?.expect(0)?;
    assert_eq!(statuses(&document), ["queued", "in_progress", "retrying", "retrying", "in_progress", "sent"]);
    assert_eq!(document["attempts"], 2);
    Ok(())
}

async fn a_letter_that_was_refused_goes_out_after_a_retry(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    room.inbox.script().for_recipient(READER, Stage::Rcpt, [Act::no_such_mailbox()]);
    let id = room.invite(READER).await?;
    let mut worker = room.worker().await?;
    room.becomes(&id, "failed").await?;
    let done = room.postroom.run(&["retry", &id, "--json"]).await?.expect(0)?;
    assert_eq!(done.json()?["status"], "queued");
    let document = room.becomes(&id, "sent").await?;
    worker.finish().await?.expect(0)?;
    assert!(codes(&document).contains(&"REDRIVEN"), "{document}");
    Ok(())
}

async fn what_cannot_be_tried_again_says_why(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    let id = room.invite(READER).await?;
    let done = room.postroom.run(&["retry", &id]).await?.expect(1)?;
    assert!(done.stderr.contains("has not been tried yet"), "{}", done.stderr);
    let done = room.postroom.run(&["in-doubt", "resolve", "--sent", &id]).await?.expect(1)?;
    assert!(done.stderr.contains("not in doubt"), "{}", done.stderr);
    room.postroom.run(&["in-doubt", "resolve", &id]).await?.expect(2)?;
    room.postroom.run(&["in-doubt", "resolve", "--sent", "--resend", &id]).await?.expect(2)?;
    room.postroom.run(&["retry", "nobody-knows-it"]).await?.expect(4)?;
    room.postroom.run(&["retry"]).await?.expect(2)?;
    let both = room.postroom.run(&["cancel", &id, "nobody-knows-it"]).await?.expect(1)?;
    assert!(both.stdout.contains("is cancelled"), "the good one is done: {}", both.stdout);
    assert!(both.stderr.contains("nobody-knows-it") && both.stderr.contains("1 of 2"), "{}", both.stderr);
    let done = room.postroom.run(&["retry", &id]).await?.expect(1)?;
    assert!(done.stderr.contains("hand in a new letter"), "{}", done.stderr);
    Ok(())
}

async fn a_person_decides_about_a_letter_in_doubt(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?.configured("[workflows.invite]\nin_doubt = \"hold\"\n")?;
    let room = room.with("USER", "sam");
    let mut ids = Vec::new();
    for name in ["sent", "again", "left"] {
        let address = format!("{name}@example.org");
        room.inbox.script().for_recipient(&address, Stage::Body, [Act::AcceptThenClose]);
        ids.push(room.invite(&address).await?);
    }
    let mut worker = room.worker().await?;
    for id in &ids {
        room.comes_to(id, "HELD").await?;
        let done = room.postroom.run(&["retry", id]).await?.expect(1)?;
        assert!(done.stderr.contains("in-doubt resolve --resend DELIVERY_ID"), "{}", done.stderr);
    }
    let list = room.postroom.run(&["in-doubt", "list"]).await?.expect(0)?.stdout;
    assert!(ids.iter().all(|id| list.contains(id.as_str())) && list.contains("HELD"), "{list}");
    let shown = room.postroom.run(&["in-doubt", "show", &ids[0]]).await?.expect(0)?.stdout;
    assert!(shown.contains("ANSWER_LOST"), "{shown}");
    let asked = room.postroom.run(&["in-doubt", "resolve", "--sent", "--all"]).await?.expect(2)?.stderr;
    assert!(asked.contains("3 letters would count as sent") && asked.contains("--yes"), "{asked}");
    for (id, (decision, status)) in ids.iter().zip([("--sent", "sent"), ("--resend", "sent"), ("--give-up", "failed")])
    {
        room.postroom.run(&["in-doubt", "resolve", decision, id]).await?.expect(0)?;
        let document = room.becomes(id, status).await?;
        assert!(codes(&document).contains(&"RESOLVED"), "{document}");
        let decided =
            document["events"].as_array().into_iter().flatten().find(|event| event["error_code"] == "RESOLVED");
        let by = decided.map(|event| event["payload"]["by"].clone());
        assert_eq!(by, Some(Value::from("sam at the command line")), "who decided is on record");
    }
    let many = ["in-doubt", "resolve", "--give-up", "--workflow", "invite", "--yes", "--json"];
    let none = room.postroom.run(&many).await?.expect(0)?.json()?;
    assert_eq!((&none["resolved"], &none["left"]), (&0.into(), &0.into()));
    worker.finish().await?.expect(0)?;
    let copies = |name: &str| room.received().map(|all| all.iter().filter(|l| l.recipient.starts_with(name)).count());
    assert_eq!((copies("sent")?, copies("again")?, copies("left")?), (1, 2, 1));
    Ok(())
}

/// A room with three dead letters and one that was refused.
async fn given_up(kind: Kind) -> Result<(Room, Vec<String>)> {
    let room = Room::open(kind).await?.configured("[workflows.invite]\nmax_attempts = 1\n")?;
    let mut letters: Vec<Value> = (0..3).map(|n| invitation(&format!("dead{n}@example.org"))).collect();
    letters.push(invitation("refused@example.org"));
    for n in 0..3 {
        room.inbox.script().for_recipient(&format!("dead{n}@example.org"), Stage::Rcpt, [Act::out_of_order()]);
    }
    room.inbox.script().for_recipient("refused@example.org", Stage::Rcpt, [Act::no_such_mailbox()]);
    let ids = room.enqueue(&letters).await?;
    let mut worker = room.worker().await?;
    room.is_done().await?;
    worker.finish().await?.expect(0)?;
    Ok((room, ids))
}

async fn dead_letters_are_listed_shown_and_put_back(kind: Kind) -> Result<()> {
    let (room, ids) = given_up(kind).await?;
    let listed = |words: &'static [&'static str]| {
        let words = [&["dead-letters", "list", "--json"], words].concat();
        let postroom = room.postroom.clone();
        async move {
            let document = postroom.run(&words).await?.expect(0)?.json()?;
            Ok::<_, anyhow::Error>(document["deliveries"].as_array().map_or(0, Vec::len))
        }
    };
    assert_eq!((listed(&[]).await?, listed(&["--with-failed"]).await?), (3, 4));
    assert_eq!(listed(&["--recipient", "dead1@example.org"]).await?, 1);
    let shown = room.postroom.run(&["dead-letters", "show", &ids[0]]).await?.expect(0)?;
    assert!(shown.stdout.contains("dead_letter") && shown.stdout.contains("SMTP_"), "{}", shown.stdout);

    room.postroom.run(&["dead-letters", "redrive", &ids[0]]).await?.expect(0)?;
    let one = ["dead-letters", "redrive", "--recipient", "dead1@example.org", "--yes", "--json"];
    assert_eq!(room.postroom.run(&one).await?.expect(0)?.json()?["redriven"], 1);
    let rest = ["dead-letters", "redrive", "--all", "--with-failed", "--yes"];
    let said = room.postroom.run(&rest).await?.expect(0)?.stdout;
    assert!(said.contains("2 letters put back"), "{said}");
    let mut worker = room.worker().await?;
    for id in &ids {
        room.becomes(id, "sent").await?;
    }
    worker.finish().await?.expect(0)?;
    assert_eq!(room.inbox.count(), 4);
    let none = room.postroom.run(&["dead-letters", "redrive", "--all", "--yes"]).await?.expect(0)?;
    assert!(none.stdout.contains("0 letters put back"), "{}", none.stdout);
    Ok(())
}

async fn nothing_is_put_back_unasked(kind: Kind) -> Result<()> {
    let (room, ids) = given_up(kind).await?;
    let done = room.postroom.run(&["dead-letters", "redrive"]).await?.expect(2)?;
    assert!(done.stderr.contains("--all"), "{}", done.stderr);
    let done = room.postroom.run(&["dead-letters", "redrive", "--all"]).await?.expect(2)?;
    assert!(done.stderr.contains("3 letters") && done.stderr.contains("--yes"), "{}", done.stderr);
    room.postroom.run(&["dead-letters", "redrive", &ids[0], "--all"]).await?.expect(2)?;
    assert_eq!(room.counts().await?.get("dead_letter"), Some(&3));
    Ok(())
}
