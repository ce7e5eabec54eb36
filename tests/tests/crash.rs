//! `kill -9` in the middle of a thousand letters, on both stores: none is lost, none is invented, and what arrives
//! twice is what was in doubt.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use postroom_dev_inbox::{Act, Config, Stage};
use postroom_tests::{Account, Kind, Room, Signal, invitation, on_both_stores, until};

on_both_stores![a_thousand_letters_survive_a_worker_that_is_killed];

const LETTERS: usize = 1000;
/// The receiver takes these and never answers: the worker will be killed while it waits. They are as many as it has
/// connections, so that it comes no further, however late it is killed.
const UNANSWERED: std::ops::Range<usize> = 300..310;

fn address(number: usize) -> String {
    format!("reader-{number:04}@example.org")
}

async fn a_thousand_letters_survive_a_worker_that_is_killed(kind: Kind) -> Result<()> {
    let journal = tempfile::tempdir()?;
    let room = Room::with_inbox(kind, Config::default().save_to(journal.path())).await?;
    for number in UNANSWERED {
        room.inbox.script().for_recipient(&address(number), Stage::Body, [Act::AcceptThenStall]);
    }
    let letters: Vec<_> = (0..LETTERS).map(|number| invitation(&address(number))).collect();
    assert_eq!(room.enqueue(&letters).await?.len(), LETTERS);

    let mut first = room.worker().await?;
    let unanswered: BTreeSet<String> = UNANSWERED.map(address).collect();
    let arrived =
        || async { Ok(unanswered.is_subset(&Account::of(&room).await?.arrived.into_keys().collect()).then_some(())) };
    until("the middle", arrived).await?;
    first.signal(Signal::Kill).await?;
    first.end().await?.expect(-1)?;
    // What the dead worker had written may still be on its way through the receiver.
    room.inbox.script().clear();
    room.inbox.wait_for_open(0, Duration::from_mins(1)).await?;
    let before = Account::of(&room).await?.arrived;
    assert!(before.len() < LETTERS, "the worker was killed after its work");
    let (handover, open) =
        (recipients_with(&room, handed_over(kind)).await?, room.store.number("SELECT count(*) FROM outbox").await?);

    let mut second = room.worker().await?;
    room.is_done().await?;
    second.finish().await?.expect(0)?;

    // Every letter is final, and accounted for.
    assert_eq!(room.counts().await?, [("sent".to_owned(), LETTERS)].into());
    let Account { arrived: after, doubted, resent, .. } = Account::of(&room).await?;
    let everybody: BTreeSet<String> = (0..LETTERS).map(address).collect();
    assert_eq!(after.keys().cloned().collect::<BTreeSet<_>>(), everybody, "lost or invented");
    // Whatever was in handover became in doubt and was sent again, and nothing else did.
    assert_eq!(doubted, handover);
    assert_eq!(doubted, resent);
    assert!(unanswered.is_subset(&doubted));
    // What arrived twice is what was in doubt and had arrived before: no more, no less.
    let twice: BTreeSet<String> = after.iter().filter(|(_, times)| **times > 1).map(|(to, _)| to.clone()).collect();
    let expected: BTreeSet<String> = doubted.iter().filter(|to| before.contains_key(*to)).cloned().collect();
    assert_eq!(twice, expected);
    assert!(after.values().all(|times| *times <= 2), "something arrived three times");
    let (received, doubted, twice) = (before.len(), doubted.len(), twice.len());
    #[expect(clippy::print_stdout, reason = "the numbers are what one wants to see of this test")]
    {
        println!("{kind:?}: killed after {received} of {LETTERS} letters, with {open} undone");
        println!("{kind:?}: {doubted} were in doubt, {twice} of them arrived twice; none was lost, none invented");
    }
    Ok(())
}

/// Whose letters were on record as about to leave when the worker died.
const fn handed_over(kind: Kind) -> &'static str {
    match kind {
        Kind::Postgres => {
            "SELECT d.recipient FROM deliveries d JOIN outbox o ON o.seq = d.seq \
             WHERE d.status = 'in_progress' AND o.stage = 'handover'"
        }
        Kind::Sqlite => "SELECT recipient FROM deliveries WHERE status = 'in_progress' AND stage = 'handover'",
    }
}

async fn recipients_with(room: &Room, sql: &'static str) -> Result<BTreeSet<String>> {
    Ok(room.store.texts(sql).await?.into_iter().collect())
}
