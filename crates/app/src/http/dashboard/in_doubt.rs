//! Letters in doubt, and what becomes of them.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use postroom_domain::status::Status;
use postroom_ports::queue::Changed;

use super::Dashboard;
use super::asked::{Asked, Chosen, Sent};
use super::deliveries::Found;
use super::delivery::verdict;
use super::notice::Notice;
use super::page::{Page, Place, Visit, go, show};
use crate::http::access::Caller;
use crate::http::api::{Filters, ids};
use crate::http::problem::Problem;

const PATH: &str = "/in-doubt";

#[derive(Template)]
#[template(path = "in_doubt.html")]
struct InDoubt {
    page: Page,
    found: Found,
    chosen: Chosen,
}

pub(super) async fn list(
    visit: Visit,
    chosen: Chosen,
    Asked { form, query }: Asked<Filters>,
) -> Result<Response, Problem> {
    let page = form.page(visit.desk(), &visit.caller, &[Status::InDoubt]).await?;
    let found = Found::of(page, &form, PATH, &query, &visit);
    show(&InDoubt { page: visit.page(Place::InDoubt, "In doubt"), found, chosen })
}

/// Decides about those that are ticked.
pub(super) async fn resolve(
    State(dashboard): State<Arc<Dashboard>>,
    caller: Caller,
    sent: Sent,
) -> Result<Response, Problem> {
    let chosen = sent.all("delivery_ids");
    if chosen.is_empty() {
        return Ok(go(PATH, Notice::Nothing));
    }
    let answers = dashboard.desk.grant(&caller, &ids(&chosen)?, verdict(&sent)?.into()).await?;
    let done = answers.iter().filter(|answer| matches!(answer, Changed::Done(_))).count();
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    Ok(go(PATH, Notice::Decided(number(done), number(answers.len() - done))))
}
