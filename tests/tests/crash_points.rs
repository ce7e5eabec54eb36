//! The worker is cut off at every point of the pipeline, and at random: no letter is lost, none is invented, and what
//! arrives twice was in doubt.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use postroom::faults::Point;
use postroom_dev_inbox::Config;
use postroom_test_database::{Durability, Server};
use postroom_tests::{Account, Kind, Room, Signal, Store, invitation, is_long, on_both_stores, until};

on_both_stores![a_worker_may_end_at_any_point, a_worker_may_be_killed_at_any_moment];

/// The points behind which a letter may have left without an answer on record.
const UNSURE: [Point; 4] = [Point::Ready, Point::Handover, Point::Answered, Point::Settling];

/// More than twice what a worker takes on at once, so that there is work left after the second pass of any point.
const MANY: usize = 60;

async fn with_letters(room: Room, letters: usize) -> Result<(Room, BTreeSet<String>)> {
    let readers: BTreeSet<String> = (0..letters).map(|number| format!("reader-{number:04}@example.org")).collect();
    let all: Vec<_> = readers.iter().map(|reader| invitation(reader)).collect();
    room.enqueue(&all).await?;
    Ok((room, readers))
}

/// What is still on its way through the receiver comes to its end, so that its journal is whole.
async fn receiver_is_quiet(room: &Room) -> Result<()> {
    Ok(room.inbox.wait_for_open(0, Duration::from_mins(1)).await?)
}

#[expect(clippy::print_stdout, reason = "the table is what one wants to see of these tests")]
fn print(line: &str) {
    println!("{line}");
}

async fn a_worker_may_end_at_any_point(kind: Kind) -> Result<()> {
    print(&format!(
        "{kind:?}: {MANY} letters each\n{:<10} {:>8} {:>7} {:>10}",
        "point", "in doubt", "resent", "duplicates"
    ));
    for point in Point::ALL {
        let journal = tempfile::tempdir()?;
        let room = Room::with_inbox(kind, Config::default().save_to(journal.path())).await?;
        let (room, readers) = with_letters(room, MANY).await?;
        let fault = format!("{}:2", point.as_str());
        let mut doomed = room.postroom.doomed_worker(&fault).await?;
        doomed.end().await?.expect(-1)?;
        receiver_is_quiet(&room).await?;
        let open = room.store.number("SELECT count(*) FROM outbox").await?;
        assert!(open > 0, "{point:?}: the worker ended after its work");

        let mut worker = room.worker().await?;
        room.is_done().await?;
        worker.finish().await?.expect(0)?;
        receiver_is_quiet(&room).await?;
        let toll = Account::of(&room).await?.settle(&readers)?;
        print(&format!("{:<10} {:>8} {:>7} {:>10}", point.as_str(), toll.in_doubt, toll.resent, toll.duplicates));
        if UNSURE.contains(&point) {
            assert!(toll.in_doubt > 0, "{point:?}: nobody could know, and nobody said so");
        }
    }
    Ok(())
}

/// A server that is durable and this test's own, so that it may crash; a file needs none.
async fn own_server(kind: Kind) -> Result<Option<Server>> {
    Ok(match kind {
        Kind::Postgres => Some(Server::local(Durability::Durable).await?),
        Kind::Sqlite => None,
    })
}

async fn a_worker_may_be_killed_at_any_moment(kind: Kind) -> Result<()> {
    let (letters, kills) = if is_long() { (5_000, 200) } else { (400, 6) };
    let (journal, server) = (tempfile::tempdir()?, own_server(kind).await?);
    let store = match &server {
        Some(server) => Store::migrated_on(server).await?,
        None => Store::migrated(kind).await?,
    };
    let room = Room::over(store, Config::default().save_to(journal.path())).await?;
    let (room, readers) = with_letters(room, letters).await?;
    let mut crashes = 0;
    for kill in 0..kills {
        let mut worker = room.worker().await?;
        // Some letters later, another number each time; which letters are where just then is chance.
        let wanted = room.inbox.count() + (7 * kill) % (letters / kills / 2).max(1);
        let undone = || room.store.number("SELECT count(*) FROM outbox");
        until("the moment", || async { Ok((room.inbox.count() > wanted || undone().await? == 0).then_some(())) })
            .await?;
        if let Some(server) = server.as_ref().filter(|_| kill % 3 == 1) {
            server.restart_immediate().await?;
            crashes += 1;
        }
        worker.signal(Signal::Kill).await?;
        worker.end().await?.expect(-1)?;
        // A claim of a worker whose end nobody noticed would have to wait for its missing beats.
        room.store.forget_beats().await?;
    }
    let mut worker = room.worker().await?;
    room.is_done().await?;
    worker.finish().await?.expect(0)?;
    receiver_is_quiet(&room).await?;
    let toll = Account::of(&room).await?.settle(&readers)?;
    print(&format!(
        "{kind:?}: {kills} kills and {crashes} crashes of the database over {letters} letters: {} in doubt, {} resent, \
         {} arrived twice; 0 lost, 0 invented",
        toll.in_doubt, toll.resent, toll.duplicates
    ));
    Ok(())
}
