//! Serves the routes at port 8080 of this machine. Before: `postroom migrate`; beside it: `postroom worker`, both with
//! the same `DATABASE_URL`.

use anyhow::Context as _;
use example_axum_app::{SCHEMA, app};
use sqlx::{Executor as _, PgPool};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "an application is told by its environment where its database is")]
    let url = std::env::var("DATABASE_URL").context("DATABASE_URL is not set")?;
    let pool = PgPool::connect(&url).await?;
    pool.execute(SCHEMA).await?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 8080)).await?;
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    Ok(axum::serve(listener, app(pool)).with_graceful_shutdown(stop).await?)
}
