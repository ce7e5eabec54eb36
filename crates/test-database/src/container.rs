//! A PostgreSQL server in a container, where a Docker engine answers.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use testcontainers::core::client::docker_client_instance;
use testcontainers::core::{IntoContainerPort, WaitFor};
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, GenericImage, ImageExt};
use tokio::time::{sleep, timeout};

use crate::connection::connect;
use crate::on_drop;
use crate::server_url::ServerUrl;

/// Pulling the image on a slow line is waited for; an engine that hangs is not.
const LONGEST_START: Duration = Duration::from_mins(3);

/// How long an engine may think about who it is.
const LONGEST_PING: Duration = Duration::from_secs(10);

/// The version of the Docker engine that answers, if one does.
///
/// # Errors
///
/// None does.
pub async fn engine() -> Result<String> {
    let asked = async { Ok::<_, anyhow::Error>(docker_client_instance().await?.version().await?) };
    let version = timeout(LONGEST_PING, asked).await.context("the Docker engine does not answer")??;
    Ok(version.version.unwrap_or_else(|| "of an unknown version".to_owned()))
}

/// A running container. It is removed when this value is dropped; if the process is killed instead, by the [`REMOVER`].
pub(crate) struct ContainerServer {
    container: Option<ContainerAsync<GenericImage>>,
    /// Ends when the pipe to it is closed, which the kernel does for a killed process too.
    remover: Option<Child>,
    url: ServerUrl,
}

impl ContainerServer {
    /// Starts `postgres:<tag>`, and waits until it answers over TCP.
    pub(crate) async fn start(tag: &str) -> Result<Self> {
        timeout(LONGEST_START, Self::start_and_wait(tag))
            .await
            .with_context(|| format!("postgres:{tag} did not start within {} s", LONGEST_START.as_secs()))?
    }

    async fn start_and_wait(tag: &str) -> Result<Self> {
        let container = GenericImage::new("postgres", tag)
            .with_exposed_port(5432.tcp())
            .with_wait_for(WaitFor::Nothing)
            .with_env_var("POSTGRES_PASSWORD", "postroom")
            .with_cmd(["postgres", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200"])
            .start()
            .await?;
        let remover = remover_of(container.id());
        let host = container.get_host().await?;
        let port = container.get_host_port_ipv4(5432.tcp()).await?;
        let url = ServerUrl::parse(&format!("postgres://postgres:postroom@{host}:{port}/postgres"))?;
        let server = Self { container: Some(container), remover, url };
        // While the image sets itself up, its server listens on a unix socket only: TCP means ready.
        while connect(&server.url.maintenance()).await.is_err() {
            sleep(Duration::from_millis(100)).await;
        }
        Ok(server)
    }

    pub(crate) fn id(&self) -> &str {
        self.container.as_ref().map_or("removed", |container| container.id())
    }

    pub(crate) fn url(&self) -> ServerUrl {
        self.url.clone()
    }
}

impl std::fmt::Debug for ContainerServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContainerServer").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Drop for ContainerServer {
    fn drop(&mut self) {
        if let Some(container) = self.container.take() {
            // A removal that fails here is tried once more by the remover.
            on_drop::finish(async move { drop(container.rm().await) });
        }
        if let Some(mut remover) = self.remover.take() {
            drop(remover.stdin.take());
            drop(remover.wait());
        }
    }
}

/// Waits until our pipe is closed, and removes the container then: by the `docker` command, or else by `curl` over the
/// engine's socket. An engine that is elsewhere and has no command here keeps a killed runner's container.
const REMOVER: &str = r#"
trap '' HUP INT TERM
read -r _
docker rm --force --volumes "$1" && exit
socket=${DOCKER_HOST:-unix:///var/run/docker.sock}
exec curl --fail --unix-socket "${socket#unix://}" -X DELETE "http://engine/containers/$1?force=true&v=true"
"#;

fn remover_of(container: &str) -> Option<Child> {
    Command::new("/bin/sh")
        .args(["-c", REMOVER, "remover", container])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()
}
