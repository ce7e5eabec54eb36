//! A server in a container: published on the loopback, and gone with its runner.
//!
//! They need a Docker engine, so a plain run names them as ignored; `cargo xtask test` runs them wherever an engine
//! answers, and says so where none does.

mod runner;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use postroom_test_database::engine;
use sqlx::{Connection, PgConnection};
use testcontainers::bollard::query_parameters::ListContainersOptions;
use testcontainers::core::client::docker_client_instance;
use tokio::time::sleep;

use crate::runner::Runner;

/// How many containers publish this port.
async fn publishers(port: u16) -> Result<usize> {
    let containers = docker_client_instance().await?.list_containers(None::<ListContainersOptions>).await?;
    let ports = containers.into_iter().flat_map(|container| container.ports.unwrap_or_default());
    Ok(ports.filter(|published| published.public_port == Some(port) && published.ip.as_deref() != Some("::")).count())
}

fn port_of(url: &str) -> Result<u16> {
    let (_, rest) = url.rsplit_once(':').context("no port")?;
    Ok(rest.split('/').next().unwrap_or_default().parse()?)
}

#[tokio::test]
#[ignore = "needs a Docker engine: `cargo xtask test` runs it where one answers"]
async fn a_killed_runner_leaves_no_container() -> Result<()> {
    ensure!(!engine().await?.is_empty());
    let mut runner = Runner::start("container", "")?;
    let url = runner.url()?;
    let port = port_of(&url)?;
    PgConnection::connect(&url).await?.close().await?;
    assert_eq!(publishers(port).await?, 1);

    runner.kill()?;

    for _ in 0..600 {
        if publishers(port).await? == 0 {
            return Ok(());
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("the container at port {port} outlived its runner by a minute");
}

#[tokio::test]
#[ignore = "needs a Docker engine: `cargo xtask test` runs it where one answers"]
async fn a_container_is_a_server_like_any_other() -> Result<()> {
    let mut runner = Runner::start("container", "")?;
    let mut connection = PgConnection::connect(&runner.url()?).await?;
    let (tcp, fsync): (bool, String) =
        sqlx::query_as("SELECT inet_server_addr() IS NOT NULL, current_setting('fsync')")
            .fetch_one(&mut connection)
            .await?;
    assert!(tcp, "it is reached by its published port");
    assert_eq!(fsync, "off");
    Ok(())
}
