//! The dashboard: pages for people, made on the server. They work without scripts, and load nothing from elsewhere.
//!
//! ```text
//!  browser ─▶ guard ─▶ enter (session) ─▶ require (scope) ─▶ handler ─▶ the API's own use cases
//!                        └─▶ /sign-in                            └─▶ a page of `pages/`
//!  a Problem, wherever it comes from ─▶ fault ─▶ a page as well
//! ```
//!
//! | module | what it does |
//! |---|---|
//! | [`entry`] | who looks: sign in, sign out, the session at each request |
//! | [`asked`] | what links and forms say |
//! | [`page`], [`notice`], [`fault`] | what all pages have in common; what was just done; what went wrong |
//! | [`when`], [`figures`], [`badge`] | times, numbers and statuses, for people |
//! | [`plot`] | figures over time as SVG, by arithmetic alone |
//! | [`overview`], [`deliveries`], [`delivery`], [`given_up`], [`in_doubt`], [`pauses`], [`templates`], [`inbox`] | the pages |
//! | [`shelf`], [`letter`], [`framed`] | letters as they are shown: in a frame that can do nothing |
//!
//! # How to add a page
//! A template in `crates/app/pages/`, a handler beside these, and its route in the group of the scope that it needs.
//!
//! # What is deliberately absent
//! No logic about letters: pages ask the same [`Desk`] as the API. No inline style or script, no cookie but the session's,
//! no state that a page needs a script for.

mod asked;
mod assets;
mod badge;
mod deliveries;
mod delivery;
mod entry;
mod fault;
mod figures;
mod framed;
mod given_up;
mod in_doubt;
mod inbox;
mod letter;
mod notice;
mod overview;
mod page;
mod pauses;
mod plot;
mod shelf;
mod templates;
mod when;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use postroom_domain::access::Scope;

use self::shelf::Shelf;
use super::Desk;
use super::access::require;
use super::session::SessionKey;

pub(super) use self::fault::in_pages;

/// What the pages work with.
#[derive(Debug)]
struct Dashboard {
    desk: Arc<Desk>,
    key: SessionKey,
    shelf: Shelf,
}

/// The routes, each behind its scope.
pub(super) fn routes(desk: &Arc<Desk>) -> Router {
    let dashboard =
        Arc::new(Dashboard { desk: desk.clone(), key: SessionKey::of(&desk.settings), shelf: Shelf::default() });
    let guarded = groups().into_iter().fold(Router::new(), |all, (scope, group)| {
        all.merge(group.with_state(dashboard.clone()).route_layer(from_fn_with_state(scope, require)))
    });
    let open = Router::new()
        .route("/sign-in", get(entry::ask).post(entry::sign_in))
        .route("/sign-out", post(entry::sign_out))
        .with_state(dashboard.clone());
    guarded.route_layer(from_fn_with_state(dashboard, entry::enter)).merge(open).merge(assets::routes())
}

/// The pages by the scope that they need.
fn groups() -> [(Scope, Router<Arc<Dashboard>>); 3] {
    let read = Router::new()
        .route("/", get(overview::overview))
        .route("/find", get(deliveries::find))
        .route("/deliveries", get(deliveries::list))
        .route("/deliveries/{delivery_id}", get(delivery::one))
        .route("/dead-letters", get(given_up::list))
        .route("/in-doubt", get(in_doubt::list))
        .route("/pauses", get(pauses::list))
        .route("/templates", get(templates::list))
        .route("/templates/{*name}", get(templates::show).post(templates::fill))
        .route("/letters/sample/{*name}", get(framed::sample))
        .route("/letters/filled/{number}", get(framed::filled));
    let operate = Router::new()
        .route("/deliveries/{delivery_id}/cancel", post(delivery::cancel))
        .route("/deliveries/{delivery_id}/retry", post(delivery::retry))
        .route("/deliveries/{delivery_id}/redrive", post(delivery::redrive))
        .route("/deliveries/{delivery_id}/resolve", post(delivery::resolve))
        .route("/dead-letters/redrive", get(given_up::confirm).post(given_up::redrive))
        .route("/in-doubt/resolve", post(in_doubt::resolve))
        .route("/pauses/new", post(pauses::pause))
        .route("/pauses/end", post(pauses::resume));
    // Captured letters are whole letters, with everybody's addresses in them.
    let addresses = Router::new()
        .route("/inbox", get(inbox::list))
        .route("/inbox/{number}", get(inbox::show))
        .route("/inbox/{number}/html", get(framed::captured))
        .route("/inbox/{number}/source", get(inbox::source))
        .route("/inbox/{number}/files/{place}", get(inbox::file));
    [(Scope::Read, read), (Scope::Operate, operate), (Scope::Addresses, addresses)]
}
