//! Which letters: a form, and what it finds, page by page.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use postroom_domain::status::Status;
use serde::Deserialize;

use super::asked::Asked;
use super::badge::Badge;
use super::entry::encoded;
use super::page::{Page, Place, Visit, show};
use super::when::When;
use crate::documents;
use crate::http::api::Filters;
use crate::http::problem::Problem;

#[derive(Template)]
#[template(path = "deliveries.html")]
struct Deliveries {
    page: Page,
    filters: Filters,
    /// Each as the form sends it and in words.
    statuses: Vec<(&'static str, String)>,
    found: Found,
}

/// A page of what was found.
pub(super) struct Found {
    pub letters: Vec<Row>,
    /// Where the next page is.
    pub next: Option<String>,
    /// Whether this is the first one.
    pub is_first: bool,
    /// The address of the first page.
    pub first: String,
}

/// One letter of many.
pub(super) struct Row {
    pub letter: documents::Delivery,
    pub badge: Badge,
    pub queued: When,
    pub changed: When,
    pub path: String,
}

/// What somebody types who looks for a letter.
#[derive(Debug, Deserialize)]
pub(super) struct Sought {
    what: Option<String>,
}

impl Found {
    /// What `filters` find among these, and the frame around it: what cannot be read is said there, beside the form that
    /// it was written in. `at` is where the list is, and its question.
    ///
    /// # Errors
    /// Everything that another word in the form does not mend.
    pub(super) async fn by(
        among: &[Status],
        filters: &Filters,
        (path, query): (&str, &str),
        visit: &Visit,
        page: Page,
    ) -> Result<(Page, Self), Problem> {
        match filters.page(visit.desk(), &visit.caller, among).await {
            Ok(found) => Ok((page, Self::of(found, filters, path, query, visit))),
            Err(problem) if problem.code() == StatusCode::UNPROCESSABLE_ENTITY => {
                let nothing = documents::Page { deliveries: Vec::new(), next: None };
                let first = Filters { after: None, ..filters.clone() };
                Ok((page.refusing(problem), Self::of(nothing, &first, path, query, visit)))
            }
            Err(problem) => Err(problem),
        }
    }

    /// The page that `filters` found, under `path`.
    pub(super) fn of(page: documents::Page, filters: &Filters, path: &str, query: &str, visit: &Visit) -> Self {
        let rest: Vec<&str> = query.split('&').filter(|part| !part.is_empty() && !part.starts_with("after=")).collect();
        let with = |more: Option<String>| {
            let parts: Vec<&str> = rest.iter().copied().chain(more.as_deref()).collect();
            if parts.is_empty() { path.to_owned() } else { format!("{path}?{}", parts.join("&")) }
        };
        let letters = page.deliveries.into_iter().map(|letter| Row {
            badge: Badge::of(&letter.status),
            queued: When::read(&letter.queued_at, visit.now),
            changed: When::read(&letter.updated_at, visit.now),
            path: letter_path(&letter.delivery_id),
            letter,
        });
        Self {
            letters: letters.collect(),
            next: page.next.map(|after| with(Some(format!("after={}", encoded(&after))))),
            is_first: filters.after.is_none(),
            first: with(None),
        }
    }
}

/// The address of a letter's page.
pub(super) fn letter_path(id: &str) -> String {
    format!("/deliveries/{}", encoded(id).replace('/', "%2F"))
}

pub(super) async fn list(visit: Visit, Asked { form, query }: Asked<Filters>) -> Result<Response, Problem> {
    let page = visit.page(Place::Deliveries, "Deliveries");
    let (page, found) = Found::by(&[], &form, ("/deliveries", &query), &visit, page).await?;
    let statuses = Status::ALL.map(|status| (status.as_str(), Badge::of(status.as_str()).words())).into();
    Ok((page.status(), show(&Deliveries { page, filters: form, statuses, found })?).into_response())
}

/// An address is searched for; anything else is a letter's id.
pub(super) async fn find(Asked { form, .. }: Asked<Sought>) -> Response {
    let what = form.what.unwrap_or_default();
    let what = what.trim();
    let path = match what {
        "" => "/deliveries".to_owned(),
        address if address.contains('@') => format!("/deliveries?recipient={}", encoded(address)),
        id => letter_path(id),
    };
    Redirect::to(&path).into_response()
}

impl Deliveries {
    /// Whether anything is looked for.
    fn is_narrowed(&self) -> bool {
        let Filters { recipient, workflow, tenant, status, source_type, source_id, since, until, .. } = &self.filters;
        [recipient, workflow, tenant, status, source_type, source_id, since, until].iter().any(|part| part.is_some())
    }

    /// Whether letters in that status are looked for.
    fn is_wanted(&self, status: &str) -> bool {
        self.filters.status.as_deref() == Some(status)
    }

    /// Whether rarely used parts of the form are in use.
    fn is_detailed(&self) -> bool {
        let Filters { source_type, source_id, since, until, .. } = &self.filters;
        [source_type, source_id, since, until].iter().any(|part| part.is_some())
    }
}
