//! One test's database.

use std::time::Duration;

use anyhow::{Result, ensure};
use sqlx::postgres::{PgConnection, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, Executor};
use tokio::time::timeout;
use uuid::Uuid;

use crate::connection::connect;
use crate::on_drop;
use crate::server::Server;
use crate::server_url::ServerUrl;
use crate::template::Template;

/// What the names of all databases and roles of tests begin with. The second of their birth follows, by which
/// [`crate::stale`] knows the forgotten ones.
pub(crate) const PREFIX: &str = "postroom_test_";

/// A database that one test has for itself. It is dropped with this value, its sessions and its roles too.
#[derive(Debug)]
pub struct TestDatabase {
    server: ServerUrl,
    name: String,
    url: String,
}

/// A role that can log in, as [`TestDatabase::create_role`] made it.
#[derive(Clone)]
pub struct TestRole {
    name: String,
    url: String,
}

impl TestDatabase {
    /// A clone of the template on the [shared](Server::shared) server.
    ///
    /// # Errors
    ///
    /// If there is no server, the template's migration fails, or the server refuses.
    pub async fn fresh(template: &Template) -> Result<Self> {
        Server::shared().await?.fresh(template).await
    }

    /// A database with nothing in it, on the [shared](Server::shared) server.
    ///
    /// # Errors
    ///
    /// If there is no server, or it refuses.
    pub async fn empty() -> Result<Self> {
        Server::shared().await?.empty().await
    }

    pub(crate) async fn clone_of(server: &ServerUrl, source: &str) -> Result<Self> {
        let mut maintenance = connect(&server.maintenance()).await?;
        // The server's clock, since its other clients compare with it.
        let born: i64 =
            sqlx::query_scalar("SELECT extract(epoch FROM now())::bigint").fetch_one(&mut maintenance).await?;
        let name = format!("{PREFIX}{born}_{}", &Uuid::new_v4().simple().to_string()[..12]);
        let statement = format!("CREATE DATABASE {name} TEMPLATE {source}");
        maintenance.execute(AssertSqlSafe(statement)).await?;
        maintenance.close().await?;
        let url = server.of_database(&name);
        Ok(Self { server: server.clone(), name, url })
    }

    /// Its address, as the user who owns the server: a superuser, unless `TEST_DATABASE_URL` names another.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its name; unique on the server.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A connection as the owner of the server.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub async fn connect(&self) -> Result<PgConnection> {
        connect(&self.url).await
    }

    /// A pool of connections as the owner of the server.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub async fn pool(&self, max_connections: u32) -> Result<PgPool> {
        Ok(PgPoolOptions::new().max_connections(max_connections).connect(&self.url).await?)
    }

    /// Makes a role that can log in to this database, without any right but those that `options` give: the words that
    /// may follow `CREATE ROLE name`, such as `NOINHERIT` or `CREATEROLE`.
    ///
    /// Roles belong to the whole server, so the real name is longer than `name`, and unique.
    ///
    /// # Errors
    ///
    /// If the name has other characters than `a-z`, `0-9` and `_`, is longer than 20, or the server refuses.
    pub async fn create_role(&self, name: &str, options: &str) -> Result<TestRole> {
        ensure_plain(name)?;
        let name = format!("{}_{name}", self.name);
        let password = Uuid::new_v4().simple().to_string();
        let statement = format!("CREATE ROLE {name} LOGIN PASSWORD '{password}' {options}");
        let mut connection = self.connect().await?;
        connection.execute(AssertSqlSafe(statement)).await?;
        connection.close().await?;
        let url = self.server.of_role(&self.name, &name, &password);
        Ok(TestRole { name, url })
    }
}

impl TestRole {
    /// Its name on the server.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address of the database as this role.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl std::fmt::Debug for TestRole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address holds the password.
        f.debug_struct("TestRole").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // Best effort: a server that is gone took the database with it, and what stays on one that lives on is stale
        // after a while.
        on_drop::finish(async move {
            drop(timeout(Duration::from_secs(20), remove(&server, &name)).await);
        });
    }
}

async fn remove(server: &ServerUrl, name: &str) -> Result<()> {
    let mut maintenance = connect(&server.maintenance()).await?;
    drop_database(&mut maintenance, name).await?;
    let roles: Vec<String> = sqlx::query_scalar("SELECT rolname::text FROM pg_roles WHERE starts_with(rolname, $1)")
        .bind(format!("{name}_"))
        .fetch_all(&mut maintenance)
        .await?;
    for role in roles {
        drop_role(&mut maintenance, &role).await?;
    }
    Ok(maintenance.close().await?)
}

pub(crate) async fn drop_database(maintenance: &mut PgConnection, name: &str) -> Result<()> {
    let statement = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    maintenance.execute(AssertSqlSafe(statement)).await?;
    Ok(())
}

pub(crate) async fn drop_role(maintenance: &mut PgConnection, name: &str) -> Result<()> {
    maintenance.execute(AssertSqlSafe(format!("DROP ROLE IF EXISTS {name}"))).await?;
    Ok(())
}

/// Names are written into statements, so they are kept as plain as names can be.
pub(crate) fn ensure_plain(name: &str) -> Result<()> {
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    ensure!(plain && (1..=20).contains(&name.len()), "`{name}` is not 1 to 20 of a-z, 0-9 and _");
    Ok(())
}
