//! A server of our own: its address, its crash, and its end.

mod runner;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use postroom_test_database::{Durability, Server, Template};
use sqlx::{Connection, Executor, PgConnection};
use tokio::time::sleep;

use crate::runner::Runner;

#[tokio::test]
async fn libpq_reads_the_same_address() -> Result<()> {
    let server = Server::local(Durability::Fast).await?;
    let database = server.empty().await?;
    let role = database.create_role("app", "").await?;
    for (url, user) in [(database.url(), "postgres"), (role.url(), role.name())] {
        let output = Command::new("psql")
            .args(["-XAt", "-c", "SELECT current_database() || ' ' || current_user", url])
            .output()
            .context("psql is needed: apt-get install postgresql-client")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8(output.stdout)?.trim(), format!("{} {user}", database.name()));
    }
    Ok(())
}

#[tokio::test]
async fn a_durable_server_waits_for_the_disk_and_a_fast_one_does_not() -> Result<()> {
    for (durability, fsync) in [(Durability::Fast, "off"), (Durability::Durable, "on")] {
        let server = Server::local(durability).await?;
        let mut connection = PgConnection::connect(&server.url()).await?;
        let setting: String = sqlx::query_scalar("SHOW fsync").fetch_one(&mut connection).await?;
        assert_eq!(setting, fsync, "{durability:?}");
    }
    Ok(())
}

#[tokio::test]
async fn what_was_committed_survives_a_crash_and_what_was_not_does_not() -> Result<()> {
    let server = Server::local(Durability::Durable).await?;
    let template = Template::new("letters", (), |url| async move {
        PgConnection::connect(&url).await?.execute("CREATE TABLE letters (id bigint)").await?;
        Ok(())
    });
    let database = server.fresh(&template).await?;
    let mut committed = database.connect().await?;
    committed.execute("INSERT INTO letters VALUES (1)").await?;
    let mut open = database.connect().await?;
    open.execute("BEGIN; INSERT INTO letters VALUES (2)").await?;

    server.crash().await?;
    assert!(committed.execute("SELECT 1").await.is_err());
    assert!(database.connect().await.is_err());
    server.start_again().await?;

    let mut after = database.connect().await?;
    let ids: Vec<i64> = sqlx::query_scalar("SELECT id FROM letters").fetch_all(&mut after).await?;
    assert_eq!(ids, [1]);
    server.restart_immediate().await?;
    assert!(database.connect().await.is_ok());
    Ok(())
}

#[tokio::test]
async fn a_server_of_others_outlives_the_runner() -> Result<()> {
    let others = Server::local(Durability::Fast).await?;
    let mut runner = Runner::start("url", &others.url())?;
    assert_eq!(runner.url()?, others.url());
    runner.kill()?;
    assert!(PgConnection::connect(&others.url()).await.is_ok());
    Ok(())
}

#[tokio::test]
async fn a_killed_runner_leaves_no_server() -> Result<()> {
    let mut runner = Runner::start("local", "")?;
    let mut connection = PgConnection::connect(&runner.url()?).await?;
    let (folder, process): (String, String) = sqlx::query_as(
        "SELECT current_setting('data_directory'), split_part(pg_read_file('postmaster.pid'), E'\\n', 1)",
    )
    .fetch_one(&mut connection)
    .await?;
    assert!(Path::new(&folder).exists() && is_running(&process)?);

    runner.kill()?;

    let home = Path::new(&folder).parent().context("the data has a home")?;
    for _ in 0..600 {
        if !home.exists() && !is_running(&process)? {
            return Ok(());
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("the server {process} in {folder} outlived its runner by a minute");
}

/// Whether the process still is; one that only waits for its parent to notice its end is not.
fn is_running(process: &str) -> Result<bool> {
    let output = Command::new("ps").args(["-o", "stat=", "-p", process]).output().context("ps is needed")?;
    let state = String::from_utf8(output.stdout)?;
    Ok(!state.trim().is_empty() && !state.trim().starts_with('Z'))
}
