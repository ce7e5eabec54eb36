//! One statement at a time, prepared or unnamed; and once more where the database asks for it.

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};
use postroom_ports::error::PortError;
use sqlx::error::BoxDynError;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnection, PgQueryResult, PgRow, PgStatement, PgTypeInfo, Postgres};
use sqlx::{Describe, Either, Execute, Executor, SqlStr, Transaction};
use tokio::time::timeout;

use crate::config::Statements;
use crate::connections::Watch;
use crate::error::is_conflict;

/// How often the victim of a conflict tries again.
const TRIES: u32 = 5;

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
    watch: Watch,
}

impl Turn {
    pub(crate) const fn alone(connection: PoolConnection<Postgres>, statements: Statements, watch: Watch) -> Self {
        Self { held: Held::Alone(connection), statements, watch }
    }

    pub(crate) const fn together(
        transaction: Transaction<'static, Postgres>,
        statements: Statements,
        watch: Watch,
    ) -> Self {
        Self { held: Held::Together(transaction), statements, watch }
    }

    pub(crate) fn session(&mut self) -> Session<'_> {
        let connection = match &mut self.held {
            Held::Alone(connection) => &mut **connection,
            Held::Together(transaction) => &mut **transaction,
        };
        Session { connection, statements: self.statements, watch: Some(&self.watch) }
    }

    pub(crate) async fn end(self) -> sqlx::Result<()> {
        if let Held::Together(transaction) = self.held {
            self.watch.within(transaction.commit()).await?;
        }
        self.watch.answered();
        Ok(())
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
    /// None for a connection of somebody else's, who looks after it.
    watch: Option<&'c Watch>,
}

impl<'c> Session<'c> {
    pub(crate) const fn of(connection: &'c mut PgConnection) -> Self {
        Self { connection, statements: Statements::Prepared, watch: None }
    }

    /// For a connection of which nobody knows what stands before it; in a transaction, as [`Connections::turn`] says.
    pub(crate) const fn unnamed(connection: &'c mut PgConnection) -> Self {
        Self { connection, statements: Statements::Unnamed, watch: None }
    }

    /// The same connection for the next statement.
    pub(crate) const fn next(&mut self) -> Session<'_> {
        Session { connection: &mut *self.connection, statements: self.statements, watch: self.watch }
    }
}

impl<'c> Executor<'c> for Session<'c> {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, sqlx::Result<Either<PgQueryResult, PgRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let rows = match self.statements {
            Statements::Prepared => self.connection.fetch_many(query),
            Statements::Unnamed => self.connection.fetch_many(Unnamed(query)),
        };
        match self.watch {
            Some(watch) => watched(rows, watch),
            None => rows,
        }
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<PgRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let row = match self.statements {
            Statements::Prepared => self.connection.fetch_optional(query),
            Statements::Unnamed => self.connection.fetch_optional(Unnamed(query)),
        };
        match self.watch {
            Some(watch) => Box::pin(watch.within(row)),
            None => row,
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

/// Waits for each row, but not for ever.
fn watched<'e, T: Send + 'e>(rows: BoxStream<'e, sqlx::Result<T>>, watch: &'e Watch) -> BoxStream<'e, sqlx::Result<T>> {
    let next = async move |rows: Option<BoxStream<'e, sqlx::Result<T>>>| {
        let mut rows = rows?;
        match timeout(watch.limit(), rows.next()).await {
            Ok(row) => Some((row?, Some(rows))),
            Err(_) => Some((Err(watch.give_up()), None)),
        }
    };
    Box::pin(stream::unfold(Some(rows), next))
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
