//! Letters that need a person: those that were given up, and those in doubt.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use postroom_domain::id::DeliveryId;
use postroom_domain::invalid::Invalid;
use postroom_domain::status::Status;
use postroom_ports::queue::Changed;
use postroom_ports::tracker::Search;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::requests::ids;
use super::search::Filters;
use crate::documents;
use crate::documents::decisions::Wish;
use crate::http::Desk;
use crate::http::access::Caller;
use crate::http::problem::Problem;
use crate::http::read::{Form, Params};

/// What was given up.
const GIVEN_UP: [Status; 2] = [Status::DeadLetter, Status::Failed];
/// How many letters are decided about in one transaction.
const CHUNK: u32 = 100;
/// The most letters that one request puts back.
const MOST: usize = 5_000;

/// Which letters to put back: these, those that a filter finds, or all. One of the three.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Which {
    /// These
    #[schema(min_items = 1, max_items = 500)]
    pub delivery_ids: Option<Vec<String>>,
    /// Those that match; some part must be given
    pub filter: Option<Narrow>,
    /// All that there are: `true`
    pub all: Option<bool>,
}

/// Which of those that were given up; every part narrows, and one must be given.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Narrow {
    /// To this address
    pub recipient: Option<String>,
    /// Of this workflow
    pub workflow: Option<String>,
    /// Of this tenant
    pub tenant: Option<String>,
    /// `dead_letter`, `failed`, or both with a comma between; `dead_letter` unless said otherwise
    pub status: Option<String>,
    /// Caused by this: its kind
    pub source_type: Option<String>,
    /// Caused by this: its id
    pub source_id: Option<String>,
    /// Enqueued at this time or later
    pub since: Option<String>,
    /// Enqueued before this time
    pub until: Option<String>,
}

/// What became of letters that were to be put back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(in crate::http) struct Redriven {
    /// How many are back.
    #[serde(rename = "redriven")]
    pub back: usize,
    /// How many cannot be sent any more, because their content is past its retention.
    pub content_gone: usize,
    /// How many were left as they are: they changed meanwhile, or there is no such delivery.
    pub left: usize,
    /// Whether there are more: then ask again.
    pub more: bool,
}

impl Narrow {
    /// Whether no part is given.
    pub(in crate::http) fn is_empty(&self) -> bool {
        let Self { recipient, workflow, tenant, status, source_type, source_id, since, until } = self;
        [recipient, workflow, tenant, status, source_type, source_id, since, until].iter().all(|part| part.is_none())
    }

    /// The search for those that match.
    ///
    /// # Errors
    /// Nothing is narrowed, or a filter that is none.
    fn given_up(self, caller: &Caller) -> Result<Search, Problem> {
        if self.is_empty() {
            return Err(Invalid::new("filter", "is empty; to put all of them back, say {\"all\": true}").into());
        }
        let Self { recipient, workflow, tenant, status, source_type, source_id, since, until } = self;
        let (limit, after) = (None, None);
        let filters =
            Filters { recipient, workflow, tenant, status, source_type, source_id, since, until, limit, after };
        given_up(&filters, caller)
    }
}

impl Redriven {
    fn count(&mut self, answers: &[Changed]) {
        for answer in answers {
            match answer {
                Changed::Done(_) => self.back += 1,
                Changed::ContentGone => self.content_gone += 1,
                Changed::Not(_) | Changed::Unknown => self.left += 1,
            }
        }
    }
}

impl Desk {
    /// Puts letters back chunk by chunk, each in a transaction of its own: what was done stays so, whatever comes.
    ///
    /// # Errors
    /// A filter that is none, or those of the store.
    pub(in crate::http) async fn redrive(&self, caller: &Caller, which: Which) -> Result<Redriven, Problem> {
        let mut redriven = Redriven::default();
        let search = match which {
            Which { delivery_ids: Some(texts), filter: None, all: None } => {
                redriven.count(&self.grant(caller, &ids(&texts)?, Wish::Redrive).await?);
                return Ok(redriven);
            }
            Which { delivery_ids: None, filter: Some(narrow), all: None } => narrow.given_up(caller)?,
            Which { delivery_ids: None, filter: None, all: Some(true) } => given_up(&Filters::default(), caller)?,
            _ => {
                return Err(Invalid::new(
                    "all",
                    "must be true, or else delivery_ids or filter be given: one of the three",
                )
                .into());
            }
        };
        self.redrive_found(caller, &search, &mut redriven).await?;
        Ok(redriven)
    }

    async fn redrive_found(&self, caller: &Caller, search: &Search, redriven: &mut Redriven) -> Result<(), Problem> {
        let (mut after, mut seen) = (None, 0);
        loop {
            let page = self.store.tracker.search(search, after.as_ref(), CHUNK).await?;
            let ids: Vec<DeliveryId> = page.deliveries.into_iter().map(|delivery| delivery.delivery_id).collect();
            seen += ids.len();
            if !ids.is_empty() {
                redriven.count(&self.grant(caller, &ids, Wish::Redrive).await?);
            }
            after = page.next;
            redriven.more = after.is_some();
            if after.is_none() || seen >= MOST {
                return Ok(());
            }
        }
    }
}

/// The search for those that were given up: dead letters, unless the filter says otherwise.
fn given_up(filters: &Filters, caller: &Caller) -> Result<Search, Problem> {
    filters.search(caller, filters.given_up())
}

impl Filters {
    /// Among which of those that were given up they look.
    pub(in crate::http) fn given_up(&self) -> &'static [Status] {
        if self.status.is_none() { &GIVEN_UP[..1] } else { &GIVEN_UP }
    }
}

/// What was given up: dead letters, and with `status=failed` those that were refused for good.
#[utoipa::path(
    get, path = "/api/dead-letters", tag = "decisions", operation_id = "deadLetters", security(("token" = ["read"])),
    params(Filters),
    responses((status = 200, description = "A page", body = documents::Page), super::Refusals)
)]
pub(super) async fn dead_letters(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Params(filters): Params<Filters>,
) -> Result<Json<documents::Page>, Problem> {
    Ok(Json(filters.page(&desk, &caller, filters.given_up()).await?))
}

/// Letters in doubt: they were handed over, and the answer was lost.
#[utoipa::path(
    get, path = "/api/in-doubt", tag = "decisions", operation_id = "inDoubt", security(("token" = ["read"])),
    params(Filters),
    responses((status = 200, description = "A page", body = documents::Page), super::Refusals)
)]
pub(super) async fn in_doubt(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Params(filters): Params<Filters>,
) -> Result<Json<documents::Page>, Problem> {
    Ok(Json(filters.page(&desk, &caller, &[Status::InDoubt]).await?))
}

/// Puts letters back that were given up, with their whole budget: these, those that a filter finds, or all.
///
/// One request puts back 5,000 at most, and says whether there are more.
#[utoipa::path(
    post, path = "/api/dead-letters/redrive", tag = "decisions", operation_id = "redriveMany",
    security(("token" = ["operate"])),
    request_body = Which,
    responses((status = 200, description = "What became of them", body = Redriven), super::Refusals)
)]
pub(super) async fn redrive(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Form(which): Form<Which>,
) -> Result<Json<Redriven>, Problem> {
    Ok(Json(desk.redrive(&caller, which).await?))
}
