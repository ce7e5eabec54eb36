//! The real binary and a network that fails between it and PostgreSQL, or has a pooler in it.

use std::time::Duration;

use anyhow::Result;
use postroom_dev_inbox::{Act, Config, Stage};
use postroom_test_database::{Durability, Pooler, Proxy, Server};
use postroom_tests::{Account, Kind, Room, Store, invitation, until};

/// The database commits a result, and the connection breaks before it can say so. The worker asks again, is told that it
/// is done, and whoever watches hears of it once.
#[tokio::test]
async fn a_result_whose_commit_was_not_heard_of_is_told_once() -> Result<()> {
    let room = Room::open(Kind::Postgres).await?;
    let proxy = Proxy::before(&room.store.url()).await?;
    room.inbox.script().always(Stage::Rcpt, Act::no_such_mailbox());
    let id = room.invite("reader@example.org").await?;
    let room = room.with("DATABASE_URL", proxy.url());
    // What the event of a letter that was handed over remembers.
    proxy.lose_answers_to("took_ms");
    let mut worker = room.worker().await?;
    room.becomes(&id, "failed").await?;
    assert_eq!(told(&worker.stderr()), 0, "nobody knows yet");
    proxy.thaw();
    proxy.cut();
    until("the news", || async { Ok((told(&worker.stderr()) > 0).then_some(())) }).await?;

    let done = worker.finish().await?.expect(0)?;
    assert_eq!(told(&done.stderr), 1, "{}", done.stderr);
    assert!(!done.stderr.contains("the claim was lost"), "{}", done.stderr);
    assert!(done.stderr.contains("left; 1 letters settled"), "{}", done.stderr);
    let events = room.store.number("SELECT count(*) FROM delivery_events").await?;
    assert_eq!(events, 3, "queued, in progress, failed");
    Ok(())
}

/// How often the log tells that the letter failed.
fn told(log: &str) -> usize {
    log.lines().filter(|line| line.contains("letter delivery.id") && line.contains("to=\"failed\"")).count()
}

/// All connections die without a word, with letters on their way: the worker gives them up and goes on.
#[tokio::test]
async fn a_database_that_falls_silent_is_connected_anew_and_no_letter_is_lost() -> Result<()> {
    let room = Room::open(Kind::Postgres).await?;
    let proxy = Proxy::before(&room.store.url()).await?;
    let room = room
        .with("POSTROOM_DATABASE_STATEMENT_TIMEOUT", "1s")
        .with("POSTROOM_DATABASE_ACQUIRE_TIMEOUT", "1s")
        .with("POSTROOM_DATABASE_KEEPALIVE", "1s");
    let readers = room.invite_many("reader", 200).await?;
    let room = room.with("DATABASE_URL", proxy.url());
    let mut worker = room.worker().await?;
    until("some letters", || async { Ok((room.inbox.count() >= 20).then_some(())) }).await?;
    proxy.freeze();
    worker.notes("the database keeps silent; its connections are given up and opened anew").await?;
    proxy.thaw();
    Account::close(&room, &mut worker, &readers).await?;
    Ok(())
}

/// When the database answers again, nobody has beaten for longer than a beat lasts; and yet everybody is there.
#[tokio::test]
async fn letters_on_their_way_outlast_a_silence_that_is_longer_than_a_beat() -> Result<()> {
    let room = Room::open(Kind::Postgres).await?;
    let proxy = Proxy::before(&room.store.url()).await?;
    let impatient = room.postroom.clone().with("DATABASE_URL", proxy.url());
    let impatient = ["STATEMENT_TIMEOUT", "ACQUIRE_TIMEOUT", "KEEPALIVE"]
        .iter()
        .fold(impatient, |postroom, what| postroom.with(&format!("POSTROOM_DATABASE_{what}"), "2s"));
    room.inbox.script().always(Stage::Body, Act::Slow(Duration::from_secs(2)));
    let mut workers = Vec::new();
    for (name, claimed) in [("one", 20), ("other", 40)] {
        // Each takes twice as many letters as it has connections, and so the second one gets some, too.
        room.invite_many(name, 20).await?;
        workers.push(impatient.worker(&[]).await?);
        let claims = || room.store.number("SELECT count(*) FROM deliveries WHERE attempts > 0");
        until("all to be claimed", || async { Ok((claims().await? == claimed).then_some(())) }).await?;
    }
    until("letters on their way with both", || async { Ok((room.inbox.count() >= 20).then_some(())) }).await?;
    proxy.freeze();
    for worker in &workers {
        worker.notes("pool=\"beat\"").await?;
    }
    room.store.forget_beats().await?;
    proxy.thaw();
    room.inbox.script().clear();
    room.is_done().await?;
    for worker in &mut workers {
        worker.finish().await?.expect(0)?;
    }
    let doubted = room.store.number("SELECT count(*) FROM delivery_events WHERE status = 'in_doubt'").await?;
    assert_eq!((doubted, room.inbox.count()), (0, 40), "each letter once");
    Ok(())
}

/// The primary comes back as a standby that can be read and takes no write, and is promoted later.
#[tokio::test]
async fn a_read_only_standby_is_waited_out() -> Result<()> {
    let server = Server::local(Durability::Durable).await?;
    let room = Room::over(Store::migrated_on(&server).await?, Config::default()).await?;
    let readers = room.invite_many("reader", 100).await?;
    let mut worker = room.worker().await?;
    until("some letters", || async { Ok((room.inbox.count() >= 10).then_some(())) }).await?;
    server.demote().await?;
    worker.notes("SQLSTATE 25006").await?;
    let late = invitation("late@example.org").to_string();
    room.postroom.feed(&["enqueue", "--file", "-"], late.as_bytes()).await?.expect(3)?;
    server.promote().await?;
    Account::close(&room, &mut worker, &readers).await?;
    Ok(())
}

/// A PgBouncer in transaction mode that knows no prepared statements: migrations go past it, all else goes through.
#[tokio::test]
async fn letters_arrive_through_a_pooler_in_transaction_mode() -> Result<()> {
    let room = Room::over(Store::empty(Kind::Postgres).await?, Config::default()).await?;
    let pooler = Pooler::before(&room.store.url()).await?;
    let direct = room.store.url();
    let room = room.with("DATABASE_URL", pooler.url()).with("POSTROOM_DATABASE_POOLER", "transaction");
    let refused = room.postroom.run(&["migrate"]).await?.expect(3)?;
    assert!(refused.stderr.contains("POSTROOM_DATABASE_DIRECT_URL"), "{}", refused.stderr);
    let room = room.with("POSTROOM_DATABASE_DIRECT_URL", &direct);
    room.postroom.run(&["migrate"]).await?.expect(0)?;
    room.postroom.run(&["migrate", "--check"]).await?.expect(0)?;

    let mut workers = [room.worker().await?, room.worker().await?];
    let readers = room.invite_many("reader", 300).await?;
    room.is_done().await?;
    for worker in &mut workers {
        let done = worker.finish().await?.expect(0)?;
        let troubles = done.stderr.lines().filter(|line| line.contains("ERROR") || line.contains("WARN"));
        assert_eq!(troubles.count(), 0, "{}", done.stderr);
    }
    let account = Account::of(&room).await?;
    assert!(account.arrived.values().all(|times| *times == 1), "each once");
    account.settle(&readers)?;
    Ok(())
}
