//! Whether the process lives, and whether it can work. Whoever watches needs no token.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use super::Desk;
use super::problem::Problem;
use crate::config::StoreSettings;
use crate::pulse::{Condition, Pulse};
use crate::wiring::{self, Schema};

/// The routes.
pub(super) fn routes(desk: &Arc<Desk>) -> Router {
    Router::new().route("/healthz", get(alive)).route("/readyz", get(ready)).with_state(desk.clone())
}

/// It answers, so it lives.
async fn alive() -> &'static str {
    "ok\n"
}

/// Whether the schema is as this program needs it. Once it is, nobody asks again: programs only ever add to it.
#[derive(Debug)]
pub struct SchemaCheck {
    store: StoreSettings,
    fits: OnceCell<()>,
}

impl SchemaCheck {
    /// The schema of this store, which nobody has looked at yet.
    #[must_use]
    pub fn of(store: StoreSettings) -> Self {
        Self { store, fits: OnceCell::new() }
    }

    /// What is wrong with it; nothing where nobody can look, for that alone keeps no letter from leaving.
    async fn differs(&self) -> Option<String> {
        let look = || async {
            match wiring::schema(&self.store).await {
                Ok(Schema::Fits | Schema::Newer(_)) => Ok(()),
                Ok(Schema::Differs(drift)) => Err(Some(drift.join(", "))),
                Err(_) => Err(None),
            }
        };
        self.fits.get_or_try_init(look).await.err().flatten()
    }
}

/// What was asked after.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Ready {
    /// It answers and is migrated.
    pub(crate) database: Cow<'static, str>,
    /// `beating`, or `elsewhere` where this process has none.
    pub(crate) worker: Cow<'static, str>,
}

/// The database answers and is migrated, and the heart of the worker beats, where there is one.
async fn ready(State(desk): State<Arc<Desk>>) -> Result<Json<Ready>, Problem> {
    desk.store.pauses.paused().await?;
    if let Some(schema) = &desk.schema
        && let Some(drift) = schema.differs().await
    {
        let detail = format!("the schema is not what this version expects: {drift}; run `postroom migrate`");
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).after(5));
    }
    let worker = match desk.pulse.as_ref().map(Pulse::condition) {
        None => "elsewhere",
        Some(Condition::Beating) => "beating",
        Some(Condition::Silent) => {
            let detail = "this process's worker has not reached the database for a while";
            return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).after(2));
        }
    };
    Ok(Json(Ready { database: "ok".into(), worker: worker.into() }))
}
