//! Who looks: sign in with a token, sign out, and the session at each request.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use postroom_domain::access::Scope;
use postroom_ports::clock::Clock as _;
use serde::Deserialize;

use super::Dashboard;
use super::asked::{Asked, Sent};
use super::page::{Page, show};
use crate::http::access::{Access, Caller, Peer};
use crate::http::guard::{is_loopback, named_host};
use crate::http::problem::Problem;
use crate::http::session::{self, Channel};
use crate::system::SystemClock;
use crate::tokens::Denied;

/// Where to go on to.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Onward {
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    page: Page,
    next: String,
    mistake: Option<String>,
    /// Whether the browser keeps the session by TLS alone.
    needs_tls: bool,
}

/// Lets those in who have signed in, and counts what they ask for. Others are asked to sign in first.
pub(super) async fn enter(State(dashboard): State<Arc<Dashboard>>, mut request: Request, next: Next) -> Response {
    let caller = match dashboard.who(request.headers()).await {
        Ok(Some(caller)) => caller,
        Ok(None) => return to_sign_in(&request),
        Err(problem) => return problem.into_response(),
    };
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    if let Err(problem) = dashboard.desk.count(&caller, peer) {
        return problem.into_response();
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
}

impl Dashboard {
    /// Who that is, by what the browser shows; `None`: nobody who has signed in.
    async fn who(&self, headers: &HeaderMap) -> Result<Option<Caller>, Problem> {
        if self.desk.access == Access::Open {
            return Ok(Some(Caller::anybody()));
        }
        let Some(id) = self.key.read(headers, SystemClock::start().now()) else { return Ok(None) };
        // Its scopes may have changed since, and it may have been revoked.
        let Some(known) = self.desk.store.tokens.find(&id).await? else { return Ok(None) };
        if known.is_use_worth_a_note() {
            self.desk.store.tokens.note_use(&id).await?;
        }
        Ok(Some(Caller::with(known.token)))
    }
}

fn to_sign_in(request: &Request) -> Response {
    let wanted = request.uri().path_and_query().map_or("/", |path| path.as_str());
    // What a form sent is not kept, and its address may show nothing.
    let next = if request.method() == Method::GET { wanted } else { "/" };
    Redirect::to(&format!("/sign-in?next={}", encoded(next))).into_response()
}

/// Asks for a token.
pub(super) async fn ask(
    State(dashboard): State<Arc<Dashboard>>,
    headers: HeaderMap,
    Asked { form, .. }: Asked<Onward>,
) -> Result<Response, Problem> {
    let next = onward(form.next.as_deref());
    if dashboard.who(&headers).await?.is_some() {
        return Ok(Redirect::to(&next).into_response());
    }
    show(&SignIn::new(next, None, channel(&headers)))
}

/// Takes a token and begins a session.
pub(super) async fn sign_in(
    State(dashboard): State<Arc<Dashboard>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    sent: Sent,
) -> Result<Response, Problem> {
    let next = onward(sent.one("next").as_deref());
    let channel = channel(&headers);
    let shown = sent.one("token").unwrap_or_default();
    match dashboard.desk.tokens.verify(shown.trim()).await {
        // Whoever may see no page would be shut in by a session.
        Ok(token) if !token.scopes.has(Scope::Read) => {
            let detail = "This token lacks the scope 'read', and without it there is nothing to see. Ask for another.";
            let page = show(&SignIn::new(next, Some(detail.to_owned()), channel))?;
            Ok((StatusCode::FORBIDDEN, page).into_response())
        }
        Ok(token) => {
            let cookie = dashboard.key.begin(&token.token_id, SystemClock::start().now(), channel);
            Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&next)).into_response())
        }
        Err(Denied::Store(error)) => Err(error.into()),
        Err(_) => {
            let detail = "This token is not valid, or not any more. Look for a missing end, or ask for another.";
            let refused = dashboard.desk.refuse(ip(peer), Problem::new(StatusCode::UNAUTHORIZED, detail));
            if refused.code() != StatusCode::UNAUTHORIZED {
                return Err(refused);
            }
            let page = show(&SignIn::new(next, Some(refused.detail), channel))?;
            Ok((StatusCode::UNAUTHORIZED, page).into_response())
        }
    }
}

/// Ends the session.
pub(super) async fn sign_out(headers: HeaderMap) -> Response {
    ([(header::SET_COOKIE, session::end(channel(&headers)))], Redirect::to("/sign-in")).into_response()
}

impl SignIn {
    fn new(next: String, mistake: Option<String>, channel: Channel) -> Self {
        Self { page: Page::outside("Sign in"), next, mistake, needs_tls: channel == Channel::Tls }
    }
}

fn ip(peer: Option<Extension<Peer>>) -> Option<IpAddr> {
    peer.map(|Extension(Peer(address))| address.ip())
}

fn channel(headers: &HeaderMap) -> Channel {
    if named_host(headers).is_some_and(|host| is_loopback(&host)) { Channel::Loopback } else { Channel::Tls }
}

/// A path of this site; anything else is the first page.
fn onward(next: Option<&str>) -> String {
    let here = |path: &&str| {
        let mut chars = path.chars();
        chars.next() == Some('/')
            && !matches!(chars.next(), Some('/' | '\\'))
            && path.chars().all(|c| c.is_ascii_graphic() && c != '\\')
            && !path.starts_with("/sign-")
    };
    next.filter(here).unwrap_or("/").to_owned()
}

/// As a value in an address.
pub(super) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for good in ["/", "/deliveries?status=sent&after=a%2Fb", "/templates/admin/tfa"] {
            assert_eq!(onward(Some(good)), good);
        }
        let bad = [
            "",
            "//example.org",
            "/\\example.org",
            "https://example.org",
            "javascript:alert(1)",
            "/a\r\nX: y",
            "/a\\b",
        ];
        for bad in bad {
            assert_eq!(onward(Some(bad)), "/", "{bad:?}");
        }
        assert_eq!(onward(Some("/sign-in?next=/")), "/");
        assert_eq!(onward(None), "/");
    }

    #[test]
    fn a_way_back_is_one_value() {
        assert_eq!(encoded("/deliveries?a=b&c=d%20e"), "/deliveries%3Fa%3Db%26c%3Dd%2520e");
    }
}
