//! One delivery: where it is, and what happened to it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use postroom_domain::id::DeliveryId;
use postroom_ports::tracker::Delivery;

use crate::documents::{self, Dossier};
use crate::http::Desk;
use crate::http::access::Caller;
use crate::http::problem::Problem;
use crate::http::read::Id;

impl Desk {
    /// The delivery of that id, where the caller may know of it.
    ///
    /// # Errors
    /// 404: there is none, or it is another tenant's.
    pub(in crate::http) async fn find(&self, caller: &Caller, id: &DeliveryId) -> Result<Delivery, Problem> {
        let found = self.store.tracker.find(id).await?;
        let own =
            |delivery: &Delivery| caller.tenant().is_none_or(|tenant| delivery.tenant_id.as_ref() == Some(tenant));
        found.filter(own).ok_or_else(|| Problem::unknown("delivery"))
    }

    /// The same with its whole history, and why it waits.
    ///
    /// # Errors
    /// As [`Desk::find`].
    pub(in crate::http) async fn dossier(&self, caller: &Caller, id: &DeliveryId) -> Result<Dossier, Problem> {
        let delivery = self.find(caller, id).await?;
        let events = self.store.tracker.history(id).await?;
        Ok(Dossier {
            waits_for: self.held.why(&delivery, &self.store.pauses.paused().await?),
            delivery: documents::Delivery::of(&delivery, caller.view()),
            events: events.iter().map(documents::Event::from).collect(),
        })
    }
}

/// Where is this letter, and what happened to it?
#[utoipa::path(
    get, path = "/api/deliveries/{delivery_id}", tag = "letters", operation_id = "find", security(("token" = ["read"])),
    params(("delivery_id" = String, Path, description = "Its id", max_length = 200)),
    responses(
        (status = 200, description = "The delivery, with its history", body = Dossier),
        super::NoSuch, super::Refusals,
    )
)]
pub(super) async fn find(State(desk): State<Arc<Desk>>, caller: Caller, Id(id): Id) -> Result<Json<Dossier>, Problem> {
    Ok(Json(desk.dossier(&caller, &id).await?))
}

/// What happened to this letter?
#[utoipa::path(
    get, path = "/api/deliveries/{delivery_id}/events", tag = "letters", operation_id = "history",
    security(("token" = ["read"])),
    params(("delivery_id" = String, Path, description = "Its id", max_length = 200)),
    responses(
        (status = 200, description = "Its events, in the order in which they were committed", body = Vec<documents::Event>),
        super::NoSuch, super::Refusals,
    )
)]
pub(super) async fn history(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Id(id): Id,
) -> Result<Json<Vec<documents::Event>>, Problem> {
    desk.find(&caller, &id).await?;
    let events = desk.store.tracker.history(&id).await?;
    Ok(Json(events.iter().map(documents::Event::from).collect()))
}
