//! Where the database is and how much of it we take.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;

/// The address of a database, `postgres://user:password@host/database`. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// An address; it is looked at when it is used.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl(***)")
    }
}

/// How much later than the server the client gives a statement up.
const GRACE: Duration = Duration::from_secs(5);

/// How statements travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Statements {
    /// Prepared once per connection: one round trip each. For direct connections, poolers in session mode, and
    /// PgBouncer 1.21 or newer with `max_prepared_statements`.
    #[default]
    Prepared,
    /// Unnamed, each in a transaction of its own: for older poolers in transaction mode. Time-outs are then the role's
    /// to set, since such poolers refuse settings at the start of a connection; and the listener needs a direct
    /// connection ([`PostgresConfig::direct`]), without which workers poll.
    Unnamed,
}

/// What the adapter needs to know.
#[derive(Clone, Debug)]
pub struct PostgresConfig {
    /// Where the database is.
    pub url: DatabaseUrl,
    /// Where it is without a pooler between: for the listener and for migrations. `None`: there is no pooler.
    pub direct: Option<DatabaseUrl>,
    /// Connections for claim, ready, extend and settle.
    pub work_connections: u32,
    /// Connections for doors and reads, so that neither waits for the workers.
    pub front_connections: u32,
    /// How long to wait for a connection, one of the pool or a new one.
    pub acquire_timeout: Duration,
    /// How long one statement may take.
    pub statement_timeout: Duration,
    /// How long a connection may be silent before either side asks whether the other is still there.
    pub keepalive: Duration,
    /// How statements travel.
    pub statements: Statements,
}

impl PostgresConfig {
    /// The defaults for a database: four connections for work, four for doors and reads, one for beats; 10 s to get a
    /// connection, 30 s per statement, 30 s of silence.
    #[must_use]
    pub const fn new(url: DatabaseUrl) -> Self {
        Self {
            url,
            direct: None,
            work_connections: 4,
            front_connections: 4,
            acquire_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(30),
            keepalive: Duration::from_secs(30),
            statements: Statements::Prepared,
        }
    }

    /// How to connect past any pooler for one purpose, which is what `pg_stat_activity` shows.
    pub(crate) fn direct_options(&self, purpose: &str) -> Result<PgConnectOptions, sqlx::Error> {
        options(self.direct.as_ref().unwrap_or(&self.url), purpose)
    }

    /// How to connect as everybody does, pooler or not, and without any setting that one may refuse.
    pub(crate) fn pooled_options(&self, purpose: &str) -> Result<PgConnectOptions, sqlx::Error> {
        options(&self.url, purpose)
    }

    /// How long the server may keep silent: it ends a statement itself before that, unless it is gone.
    pub(crate) fn answer_timeout(&self) -> Duration {
        self.statement_timeout.saturating_add(GRACE.min(self.statement_timeout))
    }

    /// How to connect for listening, past any pooler.
    pub(crate) fn listener_options(&self) -> Result<PgConnectOptions, sqlx::Error> {
        let options = self.direct_options("listener")?;
        // A pooler that stands between would refuse settings.
        let straight = self.direct.is_some() || self.statements == Statements::Prepared;
        Ok(if straight { options.options(self.keepalives()) } else { options })
    }

    /// Lets the server notice a client that is gone, so that its locks are gone, too. A socket on one machine needs
    /// none of that, and ignores it.
    fn keepalives(&self) -> [(&'static str, String); 4] {
        let (idle, probes) = (self.keepalive.as_secs().max(1), 3);
        let every = (idle / 3).max(1);
        [
            ("tcp_keepalives_idle", idle.to_string()),
            ("tcp_keepalives_interval", every.to_string()),
            ("tcp_keepalives_count", probes.to_string()),
            // The same patience with what was sent and is not acknowledged.
            ("tcp_user_timeout", ((idle + probes * every) * 1000).to_string()),
        ]
    }

    /// How to connect for one purpose, with the settings that our statements rely on.
    pub(crate) fn session_options(&self, purpose: &str) -> Result<PgConnectOptions, sqlx::Error> {
        let options = options(&self.url, purpose)?;
        let timeout = self.statement_timeout.as_millis().to_string();
        Ok(match self.statements {
            Statements::Unnamed => options,
            Statements::Prepared => options
                .options([
                    ("statement_timeout", timeout.as_str()),
                    ("idle_in_transaction_session_timeout", timeout.as_str()),
                    ("default_transaction_isolation", "read committed"),
                    ("default_transaction_read_only", "off"),
                    // The search has many optional parts: a plan for all of them fits none.
                    ("plan_cache_mode", if purpose == "front" { "force_custom_plan" } else { "auto" }),
                ])
                .options(self.keepalives()),
        })
    }
}

fn options(url: &DatabaseUrl, purpose: &str) -> Result<PgConnectOptions, sqlx::Error> {
    Ok(PgConnectOptions::from_str(&url.0)?.application_name(&format!("postroom {purpose}")))
}
