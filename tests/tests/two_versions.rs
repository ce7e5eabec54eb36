//! Two versions side by side: the binary on the schema of the next release.

use std::collections::BTreeSet;

use anyhow::Result;
use postroom_tests::{Account, Kind, Room, invitation};

/// What a release may do to a schema that programs of the release before still use.
const EXPAND: &str = include_str!("../../crates/adapters-postgres/tests/adapter/newer/expand.sql");

#[tokio::test]
async fn the_binary_works_on_the_schema_of_the_next_release_and_says_so() -> Result<()> {
    let room = Room::open(Kind::Postgres).await?;
    let mut worker = room.worker().await?;
    let mut readers: BTreeSet<String> = (0..20).map(|number| format!("before-{number}@example.org")).collect();
    room.enqueue(&readers.iter().map(|reader| invitation(reader)).collect::<Vec<_>>()).await?;
    room.is_done().await?;
    // Under the feet of a worker that is at work.
    room.store.execute(&format!("BEGIN; {EXPAND} COMMIT")).await?;
    let after: BTreeSet<String> = (0..20).map(|number| format!("after-{number}@example.org")).collect();
    room.enqueue(&after.iter().map(|reader| invitation(reader)).collect::<Vec<_>>()).await?;
    readers.extend(after);
    room.is_done().await?;
    let first = worker.finish().await?.expect(0)?;
    assert!(!first.stderr.contains("older than the schema"), "it was not when it started");

    let check = room.postroom.run(&["migrate", "--check"]).await?.expect(0)?;
    assert!(check.stdout.contains("suspensions_create was applied by a newer program"), "{}", check.stdout);
    let migrate = room.postroom.run(&["migrate"]).await?.expect(0)?;
    assert!(migrate.stdout.contains("suspensions_create was applied by a newer program"), "{}", migrate.stdout);

    let last = "last@example.org".to_owned();
    room.invite(&last).await?;
    readers.insert(last);
    let mut worker = room.worker().await?;
    room.is_done().await?;
    let second = worker.finish().await?.expect(0)?;
    assert!(second.stderr.contains("this version is older than the schema"), "{}", second.stderr);
    Account::of(&room).await?.settle(&readers)?;
    Ok(())
}
