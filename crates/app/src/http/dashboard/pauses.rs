//! What is held back, until when and why; and the form that holds something back.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::Dashboard;
use super::asked::Sent;
use super::notice::Notice;
use super::page::{Page, Place, Visit, go, show};
use super::when::When;
use crate::documents::Pause;
use crate::http::access::Caller;
use crate::http::api::Hold;
use crate::http::problem::Problem;

const PATH: &str = "/pauses";

#[derive(Template)]
#[template(path = "pauses.html")]
struct Pauses {
    page: Page,
    rows: Vec<Row>,
    kinds: &'static [&'static str],
}

struct Row {
    pause: Pause,
    since: When,
    until: Option<When>,
    may_end: bool,
}

pub(super) async fn list(visit: Visit) -> Result<Response, Problem> {
    let pauses = visit.desk().pauses(&visit.caller).await?;
    let bound = visit.caller.tenant().is_some();
    let row = |pause: Pause| Row {
        since: When::read(&pause.since, visit.now),
        until: pause.until.as_deref().map(|until| When::read(until, visit.now)),
        may_end: !bound || pause.kind == "tenant",
        pause,
    };
    show(&Pauses {
        page: visit.page(Place::Pauses, "Pauses"),
        rows: pauses.into_iter().map(row).collect(),
        // Who is bound to a tenant may hold back that one alone.
        kinds: if bound { &["tenant"] } else { &["workflow", "tenant", "transport"] },
    })
}

pub(super) async fn pause(
    State(dashboard): State<Arc<Dashboard>>,
    caller: Caller,
    sent: Sent,
) -> Result<Response, Problem> {
    sent.read::<Hold>()?.carry_out(&dashboard.desk, &caller).await?;
    Ok(go(PATH, Notice::Paused))
}

pub(super) async fn resume(
    State(dashboard): State<Arc<Dashboard>>,
    caller: Caller,
    sent: Sent,
) -> Result<Response, Problem> {
    let part = |name| sent.one(name).unwrap_or_default();
    dashboard.desk.resume(&caller, &part("kind"), &part("name")).await?;
    Ok(go(PATH, Notice::Resumed))
}
