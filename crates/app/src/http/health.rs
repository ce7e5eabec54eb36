//! Whether the process lives, and whether it can work. Whoever watches needs no token.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use super::Desk;
use super::problem::Problem;
use crate::pulse::{Condition, Pulse};

/// The routes.
pub(super) fn routes(desk: &Arc<Desk>) -> Router {
    Router::new().route("/healthz", get(alive)).route("/readyz", get(ready)).with_state(desk.clone())
}

/// It answers, so it lives.
async fn alive() -> &'static str {
    "ok\n"
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
