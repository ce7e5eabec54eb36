//! SIGTERM, on both stores: finish what is on its way, give back the rest, leave with 0.

use std::time::Duration;

use anyhow::Result;
use postroom_dev_inbox::{Act, Stage};
use postroom_tests::{Kind, Room, Signal, codes, invitation, on_both_stores, statuses};

on_both_stores![
    a_letter_on_its_way_is_finished_before_the_worker_leaves,
    a_letter_that_outlasts_the_deadline_is_in_doubt_and_the_rest_is_given_back,
    a_second_signal_makes_the_worker_leave_at_once,
    an_idle_worker_leaves_when_told,
];

const READER: &str = "reader@example.org";

async fn a_letter_on_its_way_is_finished_before_the_worker_leaves(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    room.inbox.script().for_recipient(READER, Stage::Body, [Act::Slow(Duration::from_millis(200))]);
    let id = room.invite(READER).await?;
    let mut worker = room.worker().await?;
    room.inbox.wait_for(1, Duration::from_mins(1)).await?;
    worker.signal(Signal::Term).await?;
    worker.notes("finishing what is on its way").await?;
    worker.end().await?.expect(0)?;
    assert_eq!(statuses(&room.status(&id).await?), ["queued", "in_progress", "sent"]);
    Ok(())
}

/// Two letters of which one travels at a time; whichever is first, the server takes it and never answers.
async fn stuck(kind: Kind, deadline: &str) -> Result<(Room, Vec<String>)> {
    let room = Room::open(kind).await?.with("EMAIL_WORKER_DRAIN", deadline).with("EMAIL_WORKER_CONCURRENCY", "1");
    room.inbox.script().next(Stage::Body, Act::AcceptThenStall);
    let ids = room.enqueue(&[invitation(READER), invitation("next@example.org")]).await?;
    Ok((room, ids))
}

async fn left_in_order(room: &Room, ids: &[String]) -> Result<()> {
    let mut letters = [room.status(&ids[0]).await?, room.status(&ids[1]).await?];
    letters.sort_by_key(|letter| codes(letter).first() == Some(&"GIVEN_BACK"));
    let [begun, behind] = letters;
    // The leaving worker's janitor may still do with a letter in doubt as the workflow wants.
    assert_eq!(statuses(&begun)[..3], ["queued", "in_progress", "in_doubt"]);
    assert!([vec!["SHUTDOWN"], vec!["SHUTDOWN", "RESENT"]].contains(&codes(&begun)), "{begun}");
    assert_eq!((statuses(&behind), codes(&behind)), (vec!["queued", "in_progress", "retrying"], vec!["GIVEN_BACK"]));
    assert_eq!((&behind["attempts"], &behind["excused"]), (&1.into(), &1.into()));
    Ok(())
}

async fn a_letter_that_outlasts_the_deadline_is_in_doubt_and_the_rest_is_given_back(kind: Kind) -> Result<()> {
    let (room, ids) = stuck(kind, "1s").await?;
    let mut worker = room.worker().await?;
    room.inbox.wait_for(1, Duration::from_mins(1)).await?;
    let said = worker.finish().await?.expect(0)?.stderr;
    assert!(said.contains("2 unfinished"), "{said}");
    left_in_order(&room, &ids).await?;

    // The next worker goes on where this one stopped.
    let mut worker = room.worker().await?;
    room.is_done().await?;
    worker.finish().await?.expect(0)?;
    assert_eq!(room.counts().await?, [("sent".to_owned(), 2)].into());
    Ok(())
}

async fn a_second_signal_makes_the_worker_leave_at_once(kind: Kind) -> Result<()> {
    // Without a second signal it would stay for longer than any test waits.
    let (room, ids) = stuck(kind, "1h").await?;
    let mut worker = room.worker().await?;
    room.inbox.wait_for(1, Duration::from_mins(1)).await?;
    worker.signal(Signal::Term).await?;
    worker.notes("once more to leave at once").await?;
    worker.signal(Signal::Term).await?;
    worker.notes("leaving at once").await?;
    worker.end().await?.expect(0)?;
    left_in_order(&room, &ids).await
}

async fn an_idle_worker_leaves_when_told(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    let mut worker = room.worker().await?;
    let said = worker.finish().await?.expect(0)?.stderr;
    assert!(said.contains("0 letters settled"), "{said}");
    Ok(())
}
