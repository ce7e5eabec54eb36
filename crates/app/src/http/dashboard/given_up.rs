//! What was given up, and how to put it back: those that are ticked, or all that match.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use postroom_domain::status::Status;

use super::Dashboard;
use super::asked::{Asked, Chosen, Sent};
use super::deliveries::Found;
use super::notice::Notice;
use super::page::{Page, Place, Visit, go, show};
use crate::http::access::Caller;
use crate::http::api::{Filters, Narrow, Which};
use crate::http::problem::Problem;

const PATH: &str = "/dead-letters";

#[derive(Template)]
#[template(path = "given_up.html")]
struct GivenUp {
    page: Page,
    filters: Filters,
    found: Found,
    /// The same question, for the link that puts all of them back.
    query: String,
    chosen: Chosen,
}

#[derive(Template)]
#[template(path = "redrive.html")]
struct Confirm {
    page: Page,
    /// The filters in use.
    parts: Vec<(&'static str, String)>,
    /// Where the list is.
    back: String,
}

pub(super) async fn list(
    visit: Visit,
    chosen: Chosen,
    Asked { form, query }: Asked<Filters>,
) -> Result<Response, Problem> {
    let page = visit.page(Place::DeadLetters, "Dead letters");
    let (page, found) = Found::by(form.given_up(), &form, (PATH, &query), &visit, page).await?;
    Ok((page.status(), show(&GivenUp { page, found, filters: form, query, chosen })?).into_response())
}

impl GivenUp {
    fn is_narrowed(&self) -> bool {
        !narrowed(&self.filters).is_empty()
    }

    /// What else was given up than dead letters, as the form sends it and in words.
    fn kinds() -> [(String, &'static str); 2] {
        let (dead, failed) = (Status::DeadLetter, Status::Failed);
        [(failed.to_string(), "refused for good"), (format!("{dead},{failed}"), "both")]
    }

    /// The address of this very page with another choice.
    fn choosing(&self, choice: &str) -> String {
        format!("{PATH}?{}{}chosen={choice}", self.query, if self.query.is_empty() { "" } else { "&" })
    }
}

/// The filters in use, by name.
fn narrowed(filters: &Filters) -> Vec<(&'static str, String)> {
    let Filters { recipient, workflow, tenant, status, source_type, source_id, since, until, .. } = filters;
    let parts = [
        ("recipient", recipient),
        ("workflow", workflow),
        ("tenant", tenant),
        ("status", status),
        ("source_type", source_type),
        ("source_id", source_id),
        ("since", since),
        ("until", until),
    ];
    parts.into_iter().filter_map(|(name, part)| Some((name, part.clone()?))).collect()
}

/// Asks whether all that match are meant.
pub(super) async fn confirm(visit: Visit, Asked { form, query }: Asked<Filters>) -> Result<Response, Problem> {
    // A filter that is none is found out here, before anybody says yes to it.
    form.search(&visit.caller, form.given_up())?;
    show(&Confirm {
        page: visit.page(Place::DeadLetters, "Put back all that match?"),
        parts: narrowed(&form),
        back: if query.is_empty() { PATH.to_owned() } else { format!("{PATH}?{query}") },
    })
}

/// Puts them back.
pub(super) async fn redrive(
    State(dashboard): State<Arc<Dashboard>>,
    caller: Caller,
    sent: Sent,
) -> Result<Response, Problem> {
    let Some(which) = which(&sent) else { return Ok(go(PATH, Notice::Nothing)) };
    let redriven = dashboard.desk.redrive(&caller, which).await?;
    Ok(go(PATH, Notice::Redriven(redriven)))
}

/// Those that are ticked; or, where that is said, all that match. `None` where nothing is meant.
fn which(sent: &Sent) -> Option<Which> {
    let ids = sent.all("delivery_ids");
    if !ids.is_empty() {
        return Some(Which { delivery_ids: Some(ids), ..Which::default() });
    }
    sent.one("matching")?;
    let narrow = Narrow {
        recipient: sent.one("recipient"),
        workflow: sent.one("workflow"),
        tenant: sent.one("tenant"),
        status: sent.one("status"),
        source_type: sent.one("source_type"),
        source_id: sent.one("source_id"),
        since: sent.one("since"),
        until: sent.one("until"),
    };
    Some(if narrow.is_empty() {
        Which { all: Some(true), ..Which::default() }
    } else {
        Which { filter: Some(narrow), ..Which::default() }
    })
}
