//! PostgreSQL in trouble: workers wait, reconnect and go on; nothing is lost and nothing sent twice in silence.

use std::collections::BTreeSet;

use anyhow::Result;
use postroom_dev_inbox::Config;
use postroom_test_database::{Durability, Server};
use postroom_tests::{Account, Kind, Room, Store, until};

async fn arrive(room: &Room, letters: usize) -> Result<()> {
    until("some letters", || async { Ok((room.inbox.count() >= letters).then_some(())) }).await
}

#[tokio::test]
async fn a_database_that_crashes_and_recovers_loses_no_letter() -> Result<()> {
    let server = Server::local(Durability::Durable).await?;
    let room = Room::over(Store::migrated_on(&server).await?, Config::default()).await?;
    let readers = room.invite_many("reader", 300).await?;
    let mut worker = room.worker().await?;
    for letters in [20, 120] {
        arrive(&room, letters).await?;
        server.restart_immediate().await?;
    }
    Account::close(&room, &mut worker, &readers).await.map(drop)
}

#[tokio::test]
async fn a_database_that_is_away_is_waited_for_and_its_end_and_return_are_said() -> Result<()> {
    let server = Server::local(Durability::Durable).await?;
    let room = Room::over(Store::migrated_on(&server).await?, Config::default()).await?;
    let mut worker = room.worker().await?;
    server.crash().await?;
    worker.notes("the store does not answer as it should").await?;
    server.start_again().await?;
    let readers = room.invite_many("reader", 20).await?;
    worker.notes("the store answers again").await?;
    Account::close(&room, &mut worker, &readers).await.map(drop)
}

/// Every connection is cut, the listening one too, again and again; afterwards a letter still wakes the worker, whose
/// next look of its own is far away.
#[tokio::test]
async fn connections_that_are_cut_come_back_and_the_listener_too() -> Result<()> {
    let room = Room::open(Kind::Postgres).await?.with("EMAIL_WORKER_POLL_INTERVAL", "10m");
    let mut readers = room.invite_many("early", 100).await?;
    let mut worker = room.worker().await?;
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND application_name LIKE 'postroom %'";
    for letters in [10, 40, 80] {
        arrive(&room, letters).await?;
        room.store.execute(cut).await?;
    }
    room.is_done().await?;
    let listens = || {
        room.store.number(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'postroom listener'",
    )
    };
    until("somebody to listen", || async { Ok((listens().await? > 0).then_some(())) }).await?;
    readers.extend(room.invite_many("late", 20).await?);
    Account::close(&room, &mut worker, &readers).await.map(drop)
}

/// What a database says when it cannot do what is asked of it now: workers wait, whichever of the steps it meets.
#[tokio::test]
async fn workers_wait_out_whatever_the_database_is_short_of() -> Result<()> {
    // Serialization, deadlock, read-only standby, cancelled by a time-out, lock not available, disk full, out of
    // memory, too many connections, shutting down, the queue of notices full.
    let states = ["40001", "40P01", "25006", "57014", "55P03", "53100", "53200", "53300", "57P01", "54000"];
    let room = Room::open(Kind::Postgres).await?;
    room.store
        .execute(
            "CREATE TABLE public.trouble (state text);
             CREATE FUNCTION public.trouble() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
             DECLARE wanted text := (SELECT state FROM public.trouble LIMIT 1);
             BEGIN
                 IF wanted IS NOT NULL THEN RAISE EXCEPTION 'trouble' USING ERRCODE = wanted; END IF;
                 RETURN NULL;
             END $$;
             CREATE TRIGGER trouble BEFORE UPDATE ON email.outbox FOR EACH STATEMENT EXECUTE FUNCTION public.trouble();
             CREATE TRIGGER trouble BEFORE UPDATE ON email.deliveries FOR EACH STATEMENT EXECUTE FUNCTION public.trouble();
             GRANT SELECT ON public.trouble TO PUBLIC",
        )
        .await?;
    let mut readers = BTreeSet::new();
    let mut worker = room.worker().await?;
    for (times, state) in (1..).zip(states) {
        room.store.execute(&format!("INSERT INTO public.trouble VALUES ('{state}')")).await?;
        readers.extend(room.invite_many(&format!("reader-{}", state.to_lowercase()), 10).await?);
        let met = || worker.stderr().matches("the store does not answer as it should").count() >= times;
        until("the trouble", || async { Ok(met().then_some(())) }).await?;
        room.store.execute("DELETE FROM public.trouble").await?;
        room.is_done().await?;
    }
    Account::close(&room, &mut worker, &readers).await?;
    let spent = room.store.number("SELECT count(*) FROM deliveries WHERE attempts - excused > 1").await?;
    assert_eq!(spent, 0, "a letter paid for the database");
    Ok(())
}

/// Somebody's long transaction holds an old snapshot, so that no row can be cleaned up: the queue goes on.
#[tokio::test]
async fn a_snapshot_held_elsewhere_does_not_stall_the_queue() -> Result<()> {
    let room = Room::open(Kind::Postgres).await?;
    let database = sqlx::postgres::PgPoolOptions::new().max_connections(1).connect(&room.store.url()).await?;
    let mut elsewhere = database.begin().await?;
    sqlx::raw_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM email.outbox")
        .execute(&mut *elsewhere)
        .await?;
    let readers = room.invite_many("reader", 400).await?;
    let mut worker = room.worker().await?;
    Account::close(&room, &mut worker, &readers).await?;
    // It was held to the end.
    Ok(elsewhere.rollback().await?)
}
