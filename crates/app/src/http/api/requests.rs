//! What people and applications ask for after the fact: of one letter, or of many.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use postroom_domain::id::DeliveryId;
use postroom_domain::invalid::Invalid;
use postroom_domain::status::Status;
use postroom_ports::queue::Changed;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::documents::decisions::{Answer, Answers, Decided, Many, Wish};
use crate::http::Desk;
use crate::http::access::Caller;
use crate::http::problem::Problem;
use crate::http::read::{Form, Id};

/// The most letters of one request.
const MOST: usize = 500;

/// What becomes of a letter in doubt.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http) enum Verdict {
    /// It arrived: it counts as sent.
    Sent,
    /// Send it again: it may arrive twice.
    Resend,
    /// Leave it: it counts as failed.
    GiveUp,
}

/// The decision about a letter in doubt.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Resolve {
    resolution: Verdict,
}

impl From<Verdict> for Wish {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Sent => Self::ResolveSent,
            Verdict::Resend => Self::ResolveResend,
            Verdict::GiveUp => Self::ResolveGiveUp,
        }
    }
}

impl Desk {
    /// Carries a wish out for those of the letters that the caller may know of.
    ///
    /// # Errors
    /// Those of the store.
    pub(in crate::http) async fn grant(
        &self,
        caller: &Caller,
        ids: &[DeliveryId],
        wish: Wish,
    ) -> Result<Vec<Changed>, Problem> {
        let own = self.own(caller, ids).await?;
        let mut answers = self.requests.by(caller.actor()).wish(&own, wish).await?.into_iter();
        let mut own = own.into_iter().peekable();
        let answer =
            |id: &DeliveryId| own.next_if(|next| next == id).and_then(|_| answers.next()).unwrap_or(Changed::Unknown);
        Ok(ids.iter().map(answer).collect())
    }

    /// Those of the letters that the caller may know of, in order.
    async fn own(&self, caller: &Caller, ids: &[DeliveryId]) -> Result<Vec<DeliveryId>, Problem> {
        let Some(tenant) = caller.tenant() else { return Ok(ids.to_vec()) };
        let mut own = Vec::new();
        for id in ids {
            let found = self.store.tracker.find(id).await?;
            own.extend(found.filter(|found| found.tenant_id.as_ref() == Some(tenant)).map(|found| found.delivery_id));
        }
        Ok(own)
    }

    async fn decide(&self, caller: &Caller, id: &DeliveryId, wish: Wish) -> Result<Json<Decided>, Problem> {
        let answer = self.grant(caller, std::slice::from_ref(id), wish).await?.pop();
        match answer.unwrap_or(Changed::Unknown) {
            Changed::Done(committed) => {
                let status = committed.transition.next.status.to_string();
                Ok(Json(Decided { delivery_id: id.to_string(), status }))
            }
            Changed::Not(status) => Err(not_possible(status)),
            Changed::ContentGone => {
                let detail =
                    "its content is past its retention and gone, so it cannot be sent again; hand in a new letter";
                Err(Problem::new(StatusCode::CONFLICT, detail))
            }
            Changed::Unknown => Err(Problem::unknown("delivery")),
        }
    }
}

fn not_possible(status: Status) -> Problem {
    let mut problem = Problem::new(StatusCode::CONFLICT, format!("it is {status}, which this does not apply to"));
    problem.delivery_status = Some(status.to_string());
    problem
}

/// Stops a letter that is not on its way yet.
#[utoipa::path(
    post, path = "/api/deliveries/{delivery_id}/cancel", tag = "decisions", operation_id = "cancel",
    security(("token" = ["operate"])),
    params(("delivery_id" = String, Path, description = "Its id", max_length = 200)),
    responses((status = 200, description = "It is cancelled", body = Decided), super::Late, super::NoSuch, super::Refusals)
)]
pub(super) async fn cancel(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Id(id): Id,
) -> Result<Json<Decided>, Problem> {
    desk.decide(&caller, &id, Wish::Cancel).await
}

/// Gives a letter its next attempt now.
///
/// One that waits for it (`retrying`) becomes due at once and keeps its budget; one that was given up (`failed`,
/// `dead_letter`) goes back with its whole budget.
#[utoipa::path(
    post, path = "/api/deliveries/{delivery_id}/retry", tag = "decisions", operation_id = "retry",
    security(("token" = ["operate"])),
    params(("delivery_id" = String, Path, description = "Its id", max_length = 200)),
    responses((status = 200, description = "It is due", body = Decided), super::Late, super::NoSuch, super::Refusals)
)]
pub(super) async fn retry(State(desk): State<Arc<Desk>>, caller: Caller, Id(id): Id) -> Result<Json<Decided>, Problem> {
    desk.decide(&caller, &id, Wish::Retry).await
}

/// Puts a letter back that was given up, with its whole budget.
#[utoipa::path(
    post, path = "/api/deliveries/{delivery_id}/redrive", tag = "decisions", operation_id = "redrive",
    security(("token" = ["operate"])),
    params(("delivery_id" = String, Path, description = "Its id", max_length = 200)),
    responses((status = 200, description = "It is back", body = Decided), super::Late, super::NoSuch, super::Refusals)
)]
pub(super) async fn redrive(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Id(id): Id,
) -> Result<Json<Decided>, Problem> {
    desk.decide(&caller, &id, Wish::Redrive).await
}

/// Decides about a letter in doubt: it was handed over, and the answer was lost.
#[utoipa::path(
    post, path = "/api/deliveries/{delivery_id}/resolve", tag = "decisions", operation_id = "resolve",
    security(("token" = ["operate"])),
    params(("delivery_id" = String, Path, description = "Its id", max_length = 200)),
    request_body = Resolve,
    responses((status = 200, description = "It is decided", body = Decided), super::Late, super::NoSuch, super::Refusals)
)]
pub(super) async fn resolve(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Id(id): Id,
    Form(form): Form<Resolve>,
) -> Result<Json<Decided>, Problem> {
    desk.decide(&caller, &id, form.resolution.into()).await
}

/// One wish for many letters, each on its own account.
#[utoipa::path(
    post, path = "/api/requests", tag = "decisions", operation_id = "requestMany", security(("token" = ["operate"])),
    request_body = Many,
    responses((status = 200, description = "What became of each", body = Answers), super::Refusals)
)]
pub(super) async fn many(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Form(form): Form<Many>,
) -> Result<Json<Answers>, Problem> {
    let ids = ids(&form.delivery_ids)?;
    let answers = desk.grant(&caller, &ids, form.request).await?;
    Ok(Json(Answers { results: ids.iter().zip(&answers).map(|(id, changed)| Answer::of(id, changed)).collect() }))
}

/// Ids as they were sent.
///
/// # Errors
/// There are none or too many, or one cannot be an id.
pub(in crate::http) fn ids(texts: &[String]) -> Result<Vec<DeliveryId>, Problem> {
    if texts.is_empty() || texts.len() > MOST {
        return Err(Invalid::new("delivery_ids", format!("must be 1 to {MOST} ids")).into());
    }
    let read = |text: &String| DeliveryId::parse(text.as_str()).map_err(|mistake| mistake.in_field("delivery_ids"));
    Ok(texts.iter().map(read).collect::<Result<_, _>>()?)
}
