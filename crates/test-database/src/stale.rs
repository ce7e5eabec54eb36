//! What killed test runs left on a server that lives on.

use anyhow::Result;
use sqlx::Connection;

use crate::connection::connect;
use crate::database::{drop_database, drop_role};
use crate::server_url::ServerUrl;

/// Databases of tests older than two hours, and templates older than a week. A test's name holds the second of its
/// birth; a template's comment is the name under which it was born.
const DATABASES: &str = "
    SELECT datname::text FROM pg_database
    WHERE substring(datname FROM '^postroom_test_([0-9]+)_')::bigint < extract(epoch FROM now()) - 7200
       OR datname ~ '^postroom_template_'
          AND substring(shobj_description(oid, 'pg_database') FROM '^postroom_test_([0-9]+)_')::bigint
              < extract(epoch FROM now()) - 604800";

const ROLES: &str = "
    SELECT rolname::text FROM pg_roles
    WHERE substring(rolname FROM '^postroom_test_([0-9]+)_')::bigint < extract(epoch FROM now()) - 7200";

/// Removes them. What another run removes at the same moment, or what is not ours to remove, is passed over.
pub(crate) async fn remove(server: &ServerUrl) -> Result<()> {
    let mut maintenance = connect(&server.maintenance()).await?;
    let databases: Vec<String> = sqlx::query_scalar(DATABASES).fetch_all(&mut maintenance).await?;
    for database in databases {
        drop(drop_database(&mut maintenance, &database).await);
    }
    let roles: Vec<String> = sqlx::query_scalar(ROLES).fetch_all(&mut maintenance).await?;
    for role in roles {
        drop(drop_role(&mut maintenance, &role).await);
    }
    Ok(maintenance.close().await?)
}

#[cfg(test)]
mod tests {
    use sqlx::Executor;

    use super::*;
    use crate::Server;
    use crate::local::Durability;

    #[tokio::test]
    async fn old_leftovers_go_and_what_is_young_or_foreign_stays() {
        let server = Server::local(Durability::Fast).await.unwrap();
        let url = ServerUrl::parse(&server.url()).unwrap();
        let young = server.empty().await.unwrap();
        let mut maintenance = connect(&server.url()).await.unwrap();
        for statement in [
            "CREATE ROLE postroom_test_1000_ab_owner",
            "CREATE DATABASE postroom_test_1000_ab OWNER postroom_test_1000_ab_owner",
            "CREATE DATABASE postroom_template_old_0",
            "COMMENT ON DATABASE postroom_template_old_0 IS 'postroom_test_1000_cd'",
            "CREATE DATABASE postroom_template_unknown_0",
            "CREATE DATABASE postroom_testing",
        ] {
            maintenance.execute(statement).await.unwrap();
        }

        remove(&url).await.unwrap();

        let left: Vec<String> = sqlx::query_scalar(
            "SELECT datname::text FROM pg_database WHERE datname LIKE 'postroom%'
             UNION SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'postroom%' ORDER BY 1",
        )
        .fetch_all(&mut maintenance)
        .await
        .unwrap();
        assert_eq!(left, ["postroom_template_unknown_0", young.name(), "postroom_testing"]);
    }
}
