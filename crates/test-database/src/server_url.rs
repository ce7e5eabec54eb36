//! The address of a server, from which the addresses of its databases and roles are made.

use std::fmt;

use anyhow::{Context, Result, ensure};

/// A PostgreSQL URL taken apart just far enough to swap the database and the role.
///
/// Both readings of such a URL, libpq's and sqlx's, let a later `user=` of the query win over the one before the
/// host; so does this type.
#[derive(Clone)]
pub(crate) struct ServerUrl {
    user: Option<String>,
    host: String,
    database: String,
    query: Vec<String>,
}

impl ServerUrl {
    /// Reads `postgres://[user[:password]@][host][:port][/database][?query]`.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let (scheme, rest) = url.split_once("://").context("a PostgreSQL URL starts with postgres://")?;
        ensure!(matches!(scheme, "postgres" | "postgresql"), "a PostgreSQL URL starts with postgres://");
        let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = address.split_once('/').unwrap_or((address, ""));
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user.to_owned()), host),
            None => (None, authority),
        };
        let parameters = || query.split('&').filter(|pair| !pair.is_empty());
        let database = parameters().find_map(|pair| pair.strip_prefix("dbname=")).unwrap_or(database);
        Ok(Self {
            user,
            host: host.to_owned(),
            database: if database.is_empty() { "postgres".to_owned() } else { database.to_owned() },
            query: parameters().filter(|pair| !pair.starts_with("dbname=")).map(str::to_owned).collect(),
        })
    }

    /// The server behind the unix socket in `folder`. The port is named, so that a `PGPORT` of the user's shell
    /// leads nobody astray.
    pub(crate) fn of_socket(folder: &str) -> Self {
        Self::of_socket_at(folder, 5432)
    }

    /// The same with another port.
    pub(crate) fn of_socket_at(folder: &str, port: u16) -> Self {
        Self {
            user: None,
            host: String::new(),
            database: "postgres".to_owned(),
            query: vec![
                format!("host={}", percent_encoded(folder)),
                format!("port={port}"),
                "user=postgres".to_owned(),
            ],
        }
    }

    /// The password of the user who owns the tests, where the address has one; percent-encoded as it stands there.
    pub(crate) fn password(&self) -> Option<&str> {
        let asked = self.query.iter().find_map(|pair| pair.strip_prefix("password="));
        asked.or_else(|| self.user.as_deref()?.split_once(':').map(|(_, password)| password))
    }

    /// The maintenance database, from which databases and roles are created and dropped.
    pub(crate) fn maintenance(&self) -> String {
        self.of_database(&self.database)
    }

    /// The same server, reached at `address`, `host:port`, of something that passes everything on.
    pub(crate) fn through(&self, address: &str) -> Self {
        let place = |pair: &&String| ["host=", "port=", "hostaddr="].iter().any(|name| pair.starts_with(name));
        let query = self.query.iter().filter(|pair| !place(pair)).cloned().collect();
        Self { host: address.to_owned(), query, ..self.clone() }
    }

    /// One database, as the user who owns the tests.
    pub(crate) fn of_database(&self, database: &str) -> String {
        let user = self.user.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
        format!("postgres://{user}{}/{database}{}", self.host, as_query(self.query.iter()))
    }

    /// One database, as another role.
    pub(crate) fn of_role(&self, database: &str, role: &str, password: &str) -> String {
        let identity = [format!("user={role}"), format!("password={password}")];
        let others = self.query.iter().filter(|pair| !pair.starts_with("user=") && !pair.starts_with("password="));
        format!("postgres://{}/{database}{}", self.host, as_query(others.chain(&identity)))
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The user part and the query can hold a password.
        f.debug_struct("ServerUrl").field("host", &self.host).finish_non_exhaustive()
    }
}

fn as_query<'a>(pairs: impl Iterator<Item = &'a String>) -> String {
    let query = pairs.map(String::as_str).collect::<Vec<_>>().join("&");
    if query.is_empty() { query } else { format!("?{query}") }
}

/// RFC 3986 §2.1: everything but unreserved characters becomes `%XX`.
fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_is_swapped_and_everything_else_kept() {
        let server = ServerUrl::parse("postgresql://ann:p%40ss@db.example.org:5433/main?sslmode=require").unwrap();
        assert_eq!(server.maintenance(), "postgres://ann:p%40ss@db.example.org:5433/main?sslmode=require");
        assert_eq!(server.of_database("x"), "postgres://ann:p%40ss@db.example.org:5433/x?sslmode=require");
    }

    #[test]
    fn another_role_brings_its_own_password() {
        let tcp = ServerUrl::parse("postgres://ann:secret@db.example.org/main").unwrap();
        assert_eq!(tcp.of_role("x", "bob", "pw"), "postgres://db.example.org/x?user=bob&password=pw");
        let socket = ServerUrl::of_socket("/tmp/a b");
        assert_eq!(
            socket.of_role("x", "bob", "pw"),
            "postgres:///x?host=%2Ftmp%2Fa%20b&port=5432&user=bob&password=pw"
        );
    }

    #[test]
    fn a_database_named_in_the_query_is_swapped_too() {
        let server = ServerUrl::parse("postgres://?host=/run/pg&dbname=main&user=ann").unwrap();
        assert_eq!(server.maintenance(), "postgres:///main?host=/run/pg&user=ann");
        assert_eq!(server.of_database("x"), "postgres:///x?host=/run/pg&user=ann");
    }

    #[test]
    fn another_way_to_the_server_keeps_who_comes() {
        let socket = ServerUrl::of_socket("/tmp/a b").through("127.0.0.1:6000");
        assert_eq!(socket.of_database("x"), "postgres://127.0.0.1:6000/x?user=postgres");
        let tcp = ServerUrl::parse("postgres://ann:secret@db.example.org:5433/main").unwrap().through("127.0.0.1:6000");
        assert_eq!(tcp.of_database("x"), "postgres://ann:secret@127.0.0.1:6000/x");
    }

    #[test]
    fn debug_shows_no_password() {
        let server = ServerUrl::parse("postgres://ann:secret@db.example.org/main?password=secret").unwrap();
        assert!(!format!("{server:?}").contains("secret"));
    }

    #[test]
    fn other_schemes_are_refused() {
        assert!(ServerUrl::parse("mysql://db.example.org/main").is_err());
        assert!(ServerUrl::parse("host=/run/pg").is_err());
    }
}
