//! A worker freezes past its lease, another one does its work, and it wakes up again: nothing of what it still does has
//! an effect.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use postroom::faults::Point;
use postroom_dev_inbox::Config;
use postroom_tests::{Account, Kind, Process, Room, Signal, invitation, is_long, on_both_stores, until};

on_both_stores![a_worker_that_freezes_at_any_point_changes_nothing_when_it_wakes];

/// Everything that is on record of all letters, as one text.
async fn records(room: &Room) -> Result<Vec<String>> {
    let sql = "SELECT e.delivery_id || ' ' || e.status || ' ' || coalesce(e.error_code, '') || ' ' || e.attempt \
               FROM delivery_events e ORDER BY e.id";
    room.store.texts(sql).await
}

/// Seven points each; over fifty rounds in the long form.
fn rounds() -> usize {
    if is_long() { 8 } else { 1 }
}

/// A room with twenty letters whose worker has frozen at this point. A file has one lock for all its writers: where the
/// frozen one holds that for its heartbeat, nobody can go on before it wakes, and another room is tried.
async fn frozen(kind: Kind, fault: &str, journal: &Path) -> Result<(Room, Process)> {
    loop {
        let room = Room::with_inbox(kind, Config::default().save_to(journal)).await?;
        room.enqueue(&readers().iter().map(|reader| invitation(reader)).collect::<Vec<_>>()).await?;
        // Only this one's lease is soon over: whoever works may be held up for longer.
        let worker = room.postroom.clone().with("EMAIL_WORKER_LEASE", "1s").doomed_worker(fault).await?;
        until("the worker to freeze", || async { Ok(worker.is_stopped()?.then_some(())) }).await?;
        if room.store.is_writable().await? {
            return Ok((room, worker));
        }
    }
}

fn readers() -> BTreeSet<String> {
    (0..20).map(|number| format!("reader-{number:02}@example.org")).collect()
}

async fn a_worker_that_freezes_at_any_point_changes_nothing_when_it_wakes(kind: Kind) -> Result<()> {
    for _ in 0..rounds() {
        for point in Point::ALL {
            let journal = tempfile::tempdir()?;
            // The first time: one batch takes all letters, so some points are passed once alone.
            let fault = format!("{}:1:freeze", point.as_str());
            let (room, mut frozen) = frozen(kind, &fault, journal.path()).await?;
            room.store.forget_beats().await?;

            let mut worker = room.worker().await?;
            room.is_done().await?;
            worker.finish().await?.expect(0)?;
            let before = records(&room).await?;
            frozen.signal(Signal::Continue).await?;
            frozen.finish().await?.expect(0)?;
            assert_eq!(records(&room).await?, before, "{kind:?}, {point:?}: the dead spoke");
            room.inbox.wait_for_open(0, Duration::from_mins(1)).await?;
            let toll = Account::of(&room).await?.settle(&readers())?;
            // Before its handover is on record, nothing of a letter has left, and nothing leaves any more.
            if matches!(point, Point::Claimed | Point::Prepared) {
                assert_eq!((toll.in_doubt, toll.duplicates), (0, 0), "{point:?}");
            }
        }
    }
    Ok(())
}
