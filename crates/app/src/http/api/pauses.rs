//! What is held back for a while.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use postroom_domain::id::PauseReason;
use postroom_domain::invalid::Invalid;
use postroom_ports::pauses::{Paused, Resumed};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::config::parse_duration;
use crate::documents;
use crate::http::Desk;
use crate::http::access::Caller;
use crate::http::problem::Problem;
use crate::http::read::Form;

/// What to hold back, for how long, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Hold {
    /// transport, workflow or tenant
    pub kind: String,
    /// Its name
    #[schema(max_length = 100)]
    pub name: String,
    /// For how long (30m, 2h, 48h); without it until it is resumed
    #[serde(rename = "for")]
    pub lasting: Option<String>,
    /// Why, in one line for your colleagues; logs repeat it
    #[schema(max_length = 200)]
    pub reason: Option<String>,
}

impl Hold {
    /// Does it.
    ///
    /// # Errors
    /// A name, a time or a reason that is none, or those of the store.
    pub(in crate::http) async fn carry_out(self, desk: &Desk, caller: &Caller) -> Result<documents::Pause, Problem> {
        let what = named(&self.kind, &self.name)?;
        caller.owns(&what)?;
        let lasting = self.lasting.as_deref().map(time).transpose()?;
        let reason = self.reason.map(PauseReason::parse).transpose()?;
        Ok((&desk.store.pauses.pause(&what, lasting, reason).await?).into())
    }
}

impl Caller {
    /// Whether they may hold that back: one who is bound to a tenant may hold back that tenant alone.
    fn owns(&self, what: &Paused) -> Result<(), Problem> {
        match (self.tenant(), what) {
            (None, _) => Ok(()),
            (Some(own), Paused::Tenant(tenant)) if own == tenant => Ok(()),
            (Some(_), _) => {
                Err(Problem::new(StatusCode::FORBIDDEN, "this token is bound to a tenant, and may pause that alone"))
            }
        }
    }
}

/// What is meant; here its name is the field `name`, whatever it is called elsewhere.
fn named(kind: &str, name: &str) -> Result<Paused, Invalid> {
    Paused::parse(kind, name)
        .map_err(|mistake| if mistake.field == "kind" { mistake } else { mistake.in_field("name") })
}

fn time(text: &str) -> Result<Duration, Invalid> {
    let time = parse_duration(text).filter(|time| !time.is_zero());
    time.ok_or_else(|| Invalid::new("for", "must be a time such as 30m, 2h or 48h, longer than zero"))
}

/// What is paused, until when, and why?
#[utoipa::path(
    get, path = "/api/pauses", tag = "pauses", operation_id = "pauses", security(("token" = ["read"])),
    responses((status = 200, description = "Those in force", body = Vec<documents::Pause>), super::Refusals)
)]
pub(super) async fn list(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
) -> Result<Json<Vec<documents::Pause>>, Problem> {
    Ok(Json(desk.pauses(&caller).await?))
}

/// Holds letters back: those of a workflow or a tenant, or those of a way out.
///
/// Letters are taken in as always and wait. A second pause of the same thing replaces the first.
#[utoipa::path(
    post, path = "/api/pauses", tag = "pauses", operation_id = "pause", security(("token" = ["operate"])),
    request_body = Hold,
    responses((status = 201, description = "It is paused", body = documents::Pause), super::Refusals)
)]
pub(super) async fn pause(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Form(hold): Form<Hold>,
) -> Result<(StatusCode, Json<documents::Pause>), Problem> {
    Ok((StatusCode::CREATED, Json(hold.carry_out(&desk, &caller).await?)))
}

/// Lets go on what was paused.
#[utoipa::path(
    delete, path = "/api/pauses/{kind}/{name}", tag = "pauses", operation_id = "resume",
    security(("token" = ["operate"])),
    params(
        ("kind" = String, Path, description = "transport, workflow or tenant"),
        ("name" = String, Path, description = "Its name"),
    ),
    responses((status = 204, description = "It goes on"), super::NoSuch, super::Refusals)
)]
pub(super) async fn resume(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    path: Result<Path<(String, String)>, axum::extract::rejection::PathRejection>,
) -> Result<StatusCode, Problem> {
    let Path((kind, name)) = path.map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "the address is not UTF-8"))?;
    desk.resume(&caller, &kind, &name).await.map(|()| StatusCode::NO_CONTENT)
}

impl Desk {
    /// The pauses in force that the caller may know of.
    ///
    /// # Errors
    /// Those of the store.
    pub(in crate::http) async fn pauses(&self, caller: &Caller) -> Result<Vec<documents::Pause>, Problem> {
        let paused = self.store.pauses.paused().await?;
        let seen = |pause: &&postroom_ports::pauses::Pause| match &pause.what {
            Paused::Tenant(tenant) => caller.tenant().is_none_or(|own| own == tenant),
            Paused::Transport(_) | Paused::Workflow(_) => true,
        };
        Ok(paused.iter().filter(seen).map(documents::Pause::from).collect())
    }

    /// Ends a pause.
    ///
    /// # Errors
    /// 404: it was not paused.
    pub(in crate::http) async fn resume(&self, caller: &Caller, kind: &str, name: &str) -> Result<(), Problem> {
        let what = named(kind, name)?;
        caller.owns(&what)?;
        match self.store.pauses.resume(&what).await? {
            Resumed::Done => Ok(()),
            Resumed::WasNot => Err(Problem::new(StatusCode::NOT_FOUND, format!("the {what} is not paused"))),
        }
    }
}
