//! A worker that was frozen past its lease changes nothing when it wakes, on both stores.

use std::time::Duration;

use anyhow::Result;
use postroom_dev_inbox::{Act, Stage, Verb};
use postroom_tests::{Kind, Process, Room, Signal, on_both_stores, statuses, until};
use serde_json::Value;

on_both_stores![
    an_answer_that_comes_to_a_frozen_worker_changes_nothing,
    a_frozen_worker_does_not_go_on_with_a_letter_that_is_somebody_elses,
];

const READER: &str = "reader@example.org";

/// Freezes a worker while the server owes it an answer for a letter, lets a second one do as the workflow wants,
/// wakes the first, and gives the letter's story before and after.
async fn freeze(room: &Room, act: Act, code: &str) -> Result<(Value, Value)> {
    room.inbox.script().for_recipient(READER, Stage::Body, [act]);
    let id = room.invite(READER).await?;
    // Only this one's lease is soon over: the second one may be held up for longer.
    let mut first = room.postroom.clone().with("EMAIL_WORKER_LEASE", "2s").worker(&[]).await?;
    let said_the_dot = || async {
        let talks = room.inbox.transcript();
        Ok(talks.iter().any(|talk| talk.verbs().contains(&Verb::FinalDot)).then_some(()))
    };
    until("the final dot", said_the_dot).await?;
    stop_between_writes(room, &first).await?;

    let mut second = room.worker().await?;
    let before = match code {
        "HELD" => room.comes_to(&id, code).await?,
        _ => room.becomes(&id, "sent").await?,
    };
    // Before the first one wakes, everything that the server had to say to it has been said.
    second.finish().await?.expect(0)?;
    first.signal(Signal::Continue).await?;
    first.notes("the claim was lost").await?;
    first.finish().await?.expect(0)?;
    Ok((before, room.status(&id).await?))
}

/// A process that is frozen while it writes to the file keeps everybody else from writing: there is one lock, and it is
/// the system's. So on that store it is frozen between two writes.
async fn stop_between_writes(room: &Room, worker: &Process) -> Result<()> {
    let look = || async {
        worker.signal(Signal::Stop).await?;
        if room.store.is_writable().await? {
            return Ok(Some(()));
        }
        worker.signal(Signal::Continue).await?;
        Ok(None)
    };
    until("a moment between two writes", look).await
}

async fn an_answer_that_comes_to_a_frozen_worker_changes_nothing(kind: Kind) -> Result<()> {
    // The server took the letter and says so, in small pieces, to a worker that does not listen.
    let room = Room::open(kind).await?.configured("[workflows.invite]\nin_doubt = \"hold\"\n")?;
    let (before, after) = freeze(&room, Act::Slow(Duration::from_millis(500)), "HELD").await?;
    assert_eq!(before["status"], "in_doubt");
    assert_eq!(before, after, "a 250 that came too late was written down");
    assert_eq!(room.inbox.count(), 1);
    Ok(())
}

async fn a_frozen_worker_does_not_go_on_with_a_letter_that_is_somebody_elses(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    let (before, after) = freeze(&room, Act::Stall, "RESENT").await?;
    assert_eq!(statuses(&before), ["queued", "in_progress", "in_doubt", "retrying", "in_progress", "sent"]);
    assert_eq!(before, after);
    assert_eq!(room.inbox.count(), 1, "the first server never took it, and the first worker did not try again");
    Ok(())
}
