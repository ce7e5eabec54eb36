//! One statement at a time, prepared or unnamed; and once more where the database asks for it.

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use postroom_ports::error::PortError;
use sqlx::error::BoxDynError;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnection, PgPool, PgQueryResult, PgRow, PgStatement, PgTypeInfo, Postgres};
use sqlx::{Describe, Either, Execute, Executor, SqlStr, Transaction};

use crate::config::Statements;
use crate::error::is_conflict;

/// Our statements count on seeing what others committed before each of them, whatever the role's default is.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
/// How often the victim of a conflict tries again.
const TRIES: u32 = 5;

/// A small pool, and how statements travel on it.
#[derive(Clone, Debug)]
pub(crate) struct Connections {
    pool: PgPool,
    statements: Statements,
}

impl Connections {
    pub(crate) const fn new(pool: PgPool, statements: Statements) -> Self {
        Self { pool, statements }
    }

    /// A connection for one statement. Unnamed statements get a transaction of their own: between parsing and
    /// executing one, a pooler in transaction mode must not change the server underneath.
    pub(crate) async fn turn(&self) -> sqlx::Result<Turn> {
        match self.statements {
            Statements::Prepared => {
                Ok(Turn { held: Held::Alone(self.pool.acquire().await?), statements: self.statements })
            }
            Statements::Unnamed => self.transaction().await,
        }
    }

    /// A connection for several statements that hold together.
    pub(crate) async fn transaction(&self) -> sqlx::Result<Turn> {
        Ok(Turn { held: Held::Together(self.pool.begin_with(BEGIN).await?), statements: self.statements })
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

#[derive(Debug)]
enum Held {
    Alone(PoolConnection<Postgres>),
    Together(Transaction<'static, Postgres>),
}

/// A connection that is ours until [`Turn::end`]; dropped before, a transaction is rolled back.
#[derive(Debug)]
pub(crate) struct Turn {
    held: Held,
    statements: Statements,
}

impl Turn {
    pub(crate) fn session(&mut self) -> Session<'_> {
        let connection = match &mut self.held {
            Held::Alone(connection) => &mut **connection,
            Held::Together(transaction) => &mut **transaction,
        };
        Session { connection, statements: self.statements }
    }

    pub(crate) async fn end(self) -> sqlx::Result<()> {
        match self.held {
            Held::Alone(_) => Ok(()),
            Held::Together(transaction) => transaction.commit().await,
        }
    }
}

/// Calls again where the database chose the call as the victim of a conflict; it changed nothing then.
pub(crate) async fn again<T, Call, Done>(call: Call) -> Result<T, PortError>
where
    Call: Fn() -> Done,
    Done: Future<Output = Result<T, PortError>>,
{
    for _ in 1..TRIES {
        match call().await {
            Err(error) if is_conflict(&error) => tokio::task::yield_now().await,
            other => return other,
        }
    }
    call().await
}

/// Where statements are executed.
#[derive(Debug)]
pub(crate) struct Session<'c> {
    connection: &'c mut PgConnection,
    statements: Statements,
}

impl<'c> Session<'c> {
    pub(crate) const fn of(connection: &'c mut PgConnection) -> Self {
        Self { connection, statements: Statements::Prepared }
    }

    /// For a connection of which nobody knows what stands before it; in a transaction, as [`Connections::turn`] says.
    pub(crate) const fn unnamed(connection: &'c mut PgConnection) -> Self {
        Self { connection, statements: Statements::Unnamed }
    }

    /// The same connection for the next statement.
    pub(crate) const fn next(&mut self) -> Session<'_> {
        Session { connection: &mut *self.connection, statements: self.statements }
    }
}

impl<'c> Executor<'c> for Session<'c> {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, sqlx::Result<Either<PgQueryResult, PgRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        match self.statements {
            Statements::Prepared => self.connection.fetch_many(query),
            Statements::Unnamed => self.connection.fetch_many(Unnamed(query)),
        }
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<PgRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        match self.statements {
            Statements::Prepared => self.connection.fetch_optional(query),
            Statements::Unnamed => self.connection.fetch_optional(Unnamed(query)),
        }
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [PgTypeInfo]) -> BoxFuture<'e, sqlx::Result<PgStatement>>
    where
        'c: 'e,
    {
        self.connection.prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, sqlx::Result<Describe<Postgres>>>
    where
        'c: 'e,
    {
        self.connection.describe(sql)
    }
}

/// A query whose statement leaves nothing behind on the server.
struct Unnamed<E>(E);

impl<'q, E: Execute<'q, Postgres>> Execute<'q, Postgres> for Unnamed<E> {
    fn sql(self) -> SqlStr {
        self.0.sql()
    }

    fn statement(&self) -> Option<&PgStatement> {
        self.0.statement()
    }

    fn take_arguments(&mut self) -> Result<Option<PgArguments>, BoxDynError> {
        self.0.take_arguments()
    }

    fn persistent(&self) -> bool {
        false
    }
}
