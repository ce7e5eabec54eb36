//! What all pages have in common: who looks, where they are, what was just done.

use std::sync::Arc;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use postroom_domain::access::Scope;
use postroom_domain::time::Timestamp;
use postroom_ports::clock::Clock as _;

use super::notice::{self, Notice};
use super::{Dashboard, assets};
use crate::http::Desk;
use crate::http::access::Caller;
use crate::http::problem::Problem;
use crate::system::SystemClock;

/// Where somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Overview,
    Deliveries,
    InDoubt,
    DeadLetters,
    Pauses,
    Templates,
    Inbox,
}

/// Who looks, and what their address says about the page.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub dashboard: Arc<Dashboard>,
    pub caller: Caller,
    pub now: Timestamp,
    notice: Option<Notice>,
}

/// The frame around a page.
#[derive(Debug)]
pub(super) struct Page {
    pub title: String,
    pub here: Option<Place>,
    pub places: Vec<Link>,
    pub notice: Option<Notice>,
    /// What of the form on it cannot be read.
    pub refusal: Option<String>,
    /// The name of the token that they signed in with.
    pub signed_in_as: Option<String>,
    /// The tenant that they are bound to.
    pub tenant: Option<String>,
    /// Whether they may change anything.
    pub may_operate: bool,
    /// Whether all that is sent is caught here.
    pub captures: bool,
}

/// A place to go to.
#[derive(Debug)]
pub(super) struct Link {
    pub place: Place,
    pub words: &'static str,
    pub path: &'static str,
}

impl FromRequestParts<Arc<Dashboard>> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, dashboard: &Arc<Dashboard>) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, dashboard).await?;
        let now = SystemClock::start().now();
        Ok(Self { dashboard: dashboard.clone(), caller, now, notice: told(&parts.uri) })
    }
}

fn told(uri: &Uri) -> Option<Notice> {
    let word = uri.query()?.split('&').find_map(|part| part.strip_prefix(notice::NAME)?.strip_prefix('='))?;
    Notice::parse(word)
}

impl Visit {
    /// What pages ask.
    pub(super) fn desk(&self) -> &Desk {
        &self.dashboard.desk
    }

    /// Whether they may do that.
    pub(super) fn may(&self, scope: Scope) -> bool {
        self.caller.scopes().has(scope)
    }

    /// Whether they may see captured letters, and there are any: letters are whole, and of any tenant.
    pub(super) fn sees_the_inbox(&self) -> bool {
        self.desk().inbox.is_some() && self.may(Scope::Addresses) && self.caller.tenant().is_none()
    }

    /// The frame of a page.
    pub(super) fn page(&self, here: Place, title: impl Into<String>) -> Page {
        let links = [
            (Place::Overview, "Overview", "/"),
            (Place::Deliveries, "Deliveries", "/deliveries"),
            (Place::InDoubt, "In doubt", "/in-doubt"),
            (Place::DeadLetters, "Dead letters", "/dead-letters"),
            (Place::Pauses, "Pauses", "/pauses"),
            (Place::Templates, "Templates", "/templates"),
            (Place::Inbox, "Inbox", "/inbox"),
        ];
        let seen = |link: &Link| link.place != Place::Inbox || self.sees_the_inbox();
        Page {
            title: title.into(),
            here: Some(here),
            places: links.map(|(place, words, path)| Link { place, words, path }).into_iter().filter(seen).collect(),
            notice: self.notice,
            refusal: None,
            signed_in_as: self.caller.token().map(|token| token.name.to_string()),
            tenant: self.caller.tenant().map(ToString::to_string),
            may_operate: self.may(Scope::Operate),
            captures: self.desk().inbox.is_some(),
        }
    }
}

impl Page {
    /// A page for somebody who is not known.
    pub(super) fn outside(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            here: None,
            places: Vec::new(),
            notice: None,
            refusal: None,
            signed_in_as: None,
            tenant: None,
            may_operate: false,
            captures: false,
        }
    }

    /// The same, which says what of its form cannot be read.
    pub(super) fn refusing(self, problem: Problem) -> Self {
        Self { refusal: Some(problem.detail), ..self }
    }

    /// The status of the answer that carries it.
    pub(super) const fn status(&self) -> StatusCode {
        if self.refusal.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }
    }

    /// Whether it is there.
    pub(super) fn is_at(&self, place: Place) -> bool {
        self.here == Some(place)
    }

    /// The address of a file that pages need, which changes with its content.
    pub(super) fn asset(name: &str) -> String {
        assets::address(name)
    }
}

/// Writes a page.
///
/// # Errors
/// It cannot be written, which is a bug.
pub(super) fn show(page: &impl Template) -> Result<Response, Problem> {
    let text = page.render().map_err(|error| {
        tracing::error!(%error, "a page cannot be written; this is a bug");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "something is wrong here; the server's log says what")
    })?;
    Ok(Html(text).into_response())
}

/// Goes on to `path`, where the notice is told.
pub(super) fn go(path: &str, notice: Notice) -> Response {
    let joint = if path.contains('?') { '&' } else { '?' };
    Redirect::to(&format!("{path}{joint}{}={}", notice::NAME, notice.word())).into_response()
}
