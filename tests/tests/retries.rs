//! What becomes of a letter when the mail server does not simply take it, on both stores.

use anyhow::Result;
use postroom_dev_inbox::{Act, AuthPolicy, Captured, Config, Stage};
use postroom_tests::{Kind, Room, codes, invitation, on_both_stores, statuses, until};
use serde_json::Value;

on_both_stores![
    a_greylisted_letter_goes_again_and_is_sent,
    a_mailbox_that_does_not_exist_is_a_failure_at_once,
    a_server_that_never_recovers_makes_a_dead_letter,
    a_letter_has_an_attempt_of_its_own_left_after_the_whole_provider_was_down,
    a_wrong_password_costs_no_letter_its_attempts_and_pauses_the_transport,
    in_doubt_a_letter_is_sent_again_with_the_same_bytes,
    in_doubt_a_letter_is_held_where_the_workflow_wants_it,
    in_doubt_a_letter_counts_as_sent_where_the_workflow_wants_it,
];

const READER: &str = "reader@example.org";

async fn a_greylisted_letter_goes_again_and_is_sent(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    room.inbox.script().for_recipient(READER, Stage::Rcpt, [Act::greylisted()]);
    let id = room.invite(READER).await?;
    let mut worker = room.worker().await?;
    let document = room.becomes(&id, "sent").await?;
    worker.finish().await?.expect(0)?;
    assert_eq!(statuses(&document), ["queued", "in_progress", "retrying", "in_progress", "sent"]);
    assert_eq!((codes(&document), &document["attempts"]), (vec!["SMTP_451"], &2.into()));
    assert_eq!(room.inbox.count(), 1);
    Ok(())
}

async fn a_mailbox_that_does_not_exist_is_a_failure_at_once(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    room.inbox.script().for_recipient_always(READER, Stage::Rcpt, Act::no_such_mailbox());
    let ids = room.enqueue(&[invitation(READER), invitation("another@example.org")]).await?;
    let mut worker = room.worker().await?;
    let document = room.becomes(&ids[0], "failed").await?;
    room.becomes(&ids[1], "sent").await?;
    worker.finish().await?.expect(0)?;
    assert_eq!(statuses(&document), ["queued", "in_progress", "failed"]);
    assert_eq!((codes(&document), &document["simple_status"]), (vec!["SMTP_550"], &"failed".into()));
    let said = document["last_error_message"].as_str().unwrap_or_default();
    assert!(said.contains("No such mailbox"), "{said}");
    Ok(())
}

async fn a_server_that_never_recovers_makes_a_dead_letter(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?.configured("[workflows.invite]\nmax_attempts = 3\n")?;
    room.inbox.script().for_recipient_always(READER, Stage::Rcpt, Act::out_of_order());
    let id = room.invite(READER).await?;
    let mut worker = room.worker().await?;
    let document = room.becomes(&id, "dead_letter").await?;
    let said = worker.finish().await?.expect(0)?.stderr;
    assert_eq!(document["attempts"], 3);
    assert_eq!(codes(&document), ["SMTP_451"; 3]);
    assert_eq!(statuses(&document).iter().filter(|status| **status == "retrying").count(), 2);
    assert!(said.contains("a person has to look at this"), "no alarm was raised: {said}");
    Ok(())
}

async fn a_letter_has_an_attempt_of_its_own_left_after_the_whole_provider_was_down(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?.configured("[workflows.invite]\nmax_attempts = 1\n")?;
    for _ in 0..3 {
        room.inbox.script().next(Stage::Connect, Act::shutting_down());
    }
    let id = room.invite(READER).await?;
    let mut worker = room.worker().await?;
    let document = room.becomes(&id, "sent").await?;
    worker.finish().await?.expect(0)?;
    assert_eq!((&document["attempts"], &document["excused"]), (&4.into(), &3.into()));
    assert_eq!(codes(&document), ["SMTP_421"; 3]);
    Ok(())
}

async fn a_wrong_password_costs_no_letter_its_attempts_and_pauses_the_transport(kind: Kind) -> Result<()> {
    let policy = AuthPolicy::new("app", "right").required();
    let room = Room::with_inbox(kind, Config::default().with_auth(policy)).await?;
    let room = room.with("SMTP_USERNAME", "app").with("SMTP_PASSWORD", "right").with("POSTROOM_PROVIDER_WAIT", "100ms");
    let room = room.with("EMAIL_WORKER_CONCURRENCY", "1").with("EMAIL_WORKER_PAUSE", "10m");
    let ids = room.enqueue(&(0..5).map(|_| invitation(READER)).collect::<Vec<_>>()).await?;

    let wrong = room.postroom.clone().with("SMTP_PASSWORD", "wrong");
    let mut worker = wrong.worker(&[]).await?;
    worker.notes("a person has to look at this").await?;
    // Meanwhile the worker beats twice, and so looks for letters many times; the rest stays where it is.
    for _ in 0..2 {
        beats_once_more(&room).await?;
    }
    let said = worker.finish().await?.expect(0)?.stderr;
    assert_eq!(said.matches("a person has to look at this").count(), 1, "one alarm, not one for each letter: {said}");
    let first = room.status(&ids[0]).await?;
    assert_eq!((&first["status"], codes(&first)), (&"retrying".into(), vec!["SMTP_535"]));
    assert_eq!((&first["attempts"], &first["excused"]), (&1.into(), &1.into()));
    assert_eq!(statuses(&room.status(&ids[4]).await?), ["queued"]);

    let mut worker = room.worker().await?;
    room.is_done().await?;
    worker.finish().await?.expect(0)?;
    assert_eq!(room.counts().await?, [("sent".to_owned(), 5)].into());
    Ok(())
}

async fn beats_once_more(room: &Room) -> Result<()> {
    let beat = || room.store.texts("SELECT CAST(beat_at AS text) FROM workers");
    let before = beat().await?;
    until("a heartbeat", || async { Ok((beat().await? != before).then_some(())) }).await
}

/// Sends a letter whose answer is lost after it has been taken, until its last error is `code`.
async fn lose_the_answer(room: &Room, status: &str) -> Result<(Value, Vec<Captured>)> {
    room.inbox.script().for_recipient(READER, Stage::Body, [Act::AcceptThenClose]);
    let id = room.invite(READER).await?;
    let mut worker = room.worker().await?;
    let document =
        if status == "in_doubt" { room.comes_to(&id, "HELD").await? } else { room.becomes(&id, status).await? };
    worker.finish().await?.expect(0)?;
    assert_eq!(room.status(&id).await?, document, "something happened to it afterwards");
    Ok((document, room.inbox.letters()))
}

async fn in_doubt_a_letter_is_sent_again_with_the_same_bytes(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    let (document, letters) = lose_the_answer(&room, "sent").await?;
    assert_eq!(statuses(&document), ["queued", "in_progress", "in_doubt", "retrying", "in_progress", "sent"]);
    assert_eq!(codes(&document), ["ANSWER_LOST", "RESENT"]);
    let [first, second] = letters.as_slice() else { anyhow::bail!("{} letters were received", letters.len()) };
    assert_eq!(first.bytes, second.bytes, "not the same bytes, Message-ID, Date and boundaries");
    Ok(())
}

async fn in_doubt_a_letter_is_held_where_the_workflow_wants_it(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?.configured("[workflows.invite]\nin_doubt = \"hold\"\n")?;
    let (document, letters) = lose_the_answer(&room, "in_doubt").await?;
    assert_eq!(statuses(&document), ["queued", "in_progress", "in_doubt", "in_doubt"]);
    assert_eq!(codes(&document), ["ANSWER_LOST", "HELD"]);
    assert_eq!((&document["status"], letters.len()), (&"in_doubt".into(), 1));
    Ok(())
}

async fn in_doubt_a_letter_counts_as_sent_where_the_workflow_wants_it(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?.configured("[workflows.invite]\nin_doubt = \"assume_sent\"\n")?;
    let (document, letters) = lose_the_answer(&room, "sent").await?;
    assert_eq!(statuses(&document), ["queued", "in_progress", "in_doubt", "sent"]);
    assert_eq!(codes(&document), ["ANSWER_LOST", "ASSUMED_SENT"]);
    assert_eq!(letters.len(), 1);
    Ok(())
}
