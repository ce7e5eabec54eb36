//! Which letters: the same filters wherever several are meant.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use postroom_domain::address::EmailAddress;
use postroom_domain::id::{TenantId, Workflow};
use postroom_domain::invalid::Invalid;
use postroom_domain::letter::check_source;
use postroom_domain::status::Status;
use postroom_ports::tracker::Search;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::documents::{self, read};
use crate::fields::parse_moment;
use crate::http::Desk;
use crate::http::access::Caller;
use crate::http::problem::Problem;
use crate::http::read::Params;

/// Which deliveries, and which page of them. Every filter narrows.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Filters {
    /// To this address
    pub recipient: Option<String>,
    /// Of this workflow
    pub workflow: Option<String>,
    /// Of this tenant
    pub tenant: Option<String>,
    /// In this status; several with commas between
    pub status: Option<String>,
    /// Caused by this: its kind
    pub source_type: Option<String>,
    /// Caused by this: its id
    pub source_id: Option<String>,
    /// Enqueued at this time or later (2030-01-31T12:00:00Z), or within this time until now (2h, 7d)
    pub since: Option<String>,
    /// Enqueued before this time, or longer ago than this
    pub until: Option<String>,
    /// How many at most
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// Where the page before ended: its `next`
    pub after: Option<String>,
}

/// How many deliveries a page has at most.
const MOST: u32 = 200;
/// How many it has where nobody says.
const USUAL: u32 = 50;

impl Filters {
    /// The search for these, in any of `among`, which `status` may narrow; within the caller's tenant.
    ///
    /// # Errors
    /// Names the filter at fault.
    pub(in crate::http) fn search(&self, caller: &Caller, among: &[Status]) -> Result<Search, Problem> {
        fn parsed<T>(
            text: Option<&String>,
            parse: impl FnOnce(&str) -> Result<T, Invalid>,
        ) -> Result<Option<T>, Invalid> {
            text.map(|text| parse(text.as_str())).transpose()
        }
        Ok(Search {
            recipient: parsed(self.recipient.as_ref(), |text| EmailAddress::parse(text))?,
            workflow: parsed(self.workflow.as_ref(), |text| Workflow::parse(text))?,
            tenant_id: self.tenant(caller)?,
            statuses: self.statuses(among)?,
            source_type: source("source_type", self.source_type.as_deref())?,
            source_id: source("source_id", self.source_id.as_deref())?,
            from: parsed(self.since.as_ref(), |text| parse_moment("since", text))?,
            until: parsed(self.until.as_ref(), |text| parse_moment("until", text))?,
        })
    }

    fn tenant(&self, caller: &Caller) -> Result<Option<TenantId>, Problem> {
        let wanted = self.tenant.as_deref().map(|text| TenantId::parse(text).map_err(|e| e.in_field("tenant")));
        caller.within(wanted.transpose()?)
    }

    fn statuses(&self, among: &[Status]) -> Result<Vec<Status>, Invalid> {
        let Some(text) = &self.status else { return Ok(among.to_vec()) };
        let known = if among.is_empty() { &Status::ALL } else { among };
        let read = |name: &str| Status::parse(name.trim()).filter(|status| known.contains(status));
        text.split(',').map(read).collect::<Option<_>>().ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|status| status.as_str()).collect();
            Invalid::new("status", format!("must be of {}; several with commas between", names.join(", ")))
        })
    }

    fn limit(&self) -> Result<u32, Invalid> {
        let limit = self.limit.unwrap_or(USUAL);
        if (1..=MOST).contains(&limit) { Ok(limit) } else { Err(Invalid::new("limit", format!("must be 1 to {MOST}"))) }
    }

    /// The page that they want.
    ///
    /// # Errors
    /// A filter that is none, or those of the store.
    pub(in crate::http) async fn page(
        &self,
        desk: &Desk,
        caller: &Caller,
        among: &[Status],
    ) -> Result<documents::Page, Problem> {
        let search = self.search(caller, among)?;
        let after = self.after.as_deref().map(read::cursor).transpose()?;
        let page = desk.store.tracker.search(&search, after.as_ref(), self.limit()?).await?;
        Ok(documents::Page::of(&page, caller.view()))
    }
}

fn source(field: &str, text: Option<&str>) -> Result<Option<String>, Invalid> {
    text.map(|text| check_source(field, text).map(|()| text.to_owned())).transpose()
}

/// Finds deliveries, the newest first.
///
/// Give `next` back as `after` for the next page: pages neither repeat nor skip a delivery that was there from the first
/// on.
#[utoipa::path(
    get, path = "/api/deliveries", tag = "letters", operation_id = "search", security(("token" = ["read"])),
    params(Filters),
    responses((status = 200, description = "A page", body = documents::Page), super::Refusals)
)]
pub(super) async fn search(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Params(filters): Params<Filters>,
) -> Result<Json<documents::Page>, Problem> {
    Ok(Json(filters.page(&desk, &caller, &[]).await?))
}
