//! Who calls, what they may do, and how often.
//!
//! A caller shows a token: `Authorization: Bearer postroom_…`. Where access is open, which is on
//! loopback alone, whoever reaches the port may do everything.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use postroom_domain::access::{Scope, Scopes, TokenId};
use postroom_domain::id::{Actor, TenantId};
use postroom_ports::access::AccessToken;

use super::Desk;
use super::problem::Problem;
use crate::documents::AddressView;
use crate::tokens::Denied;

/// How many times as much a refused token costs of what a network address may ask.
const COST_OF_A_REFUSAL: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// How the audit trail names whoever comes where access is open.
const OPEN: &str = "open access";

/// Whether callers must show a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// They must.
    Tokens,
    /// Whoever reaches the port may do everything; on loopback alone.
    Open,
}

/// Where a connection comes from.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Whoever calls.
#[derive(Clone, Debug)]
pub struct Caller {
    scopes: Scopes,
    tenant_id: Option<TenantId>,
    token: Option<AccessToken>,
}

/// By whom requests are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Counted {
    Token(TokenId),
    Address(Option<IpAddr>),
}

/// How often callers may call: each token by itself, and each network address that shows none.
pub struct Rates {
    limiter: DefaultKeyedRateLimiter<Counted>,
    /// How many requests may come at once, and so the most that one may cost.
    burst: NonZeroU32,
}

impl std::fmt::Debug for Rates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rates").finish_non_exhaustive()
    }
}

impl Rates {
    /// So many requests a second, and as many at once as two seconds have.
    #[must_use]
    pub fn per_second(requests: NonZeroU32) -> Self {
        let burst = requests.saturating_mul(NonZeroU32::MIN.saturating_add(1));
        Self { limiter: RateLimiter::keyed(Quota::per_second(requests).allow_burst(burst)), burst }
    }

    fn take(&self, who: &Counted, cost: NonZeroU32) -> Result<(), Problem> {
        // Forgets those who have been quiet, so that strangers cannot fill the memory.
        if self.limiter.len() > 10_000 {
            self.limiter.retain_recent();
        }
        let cost_is_too_high = || Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many requests").after(1);
        self.limiter.check_key_n(who, cost.min(self.burst)).map_err(|_| cost_is_too_high())?.map_err(|not_yet| {
            let wait = not_yet.wait_time_from(DefaultClock::default().now()).as_secs().saturating_add(1);
            let detail = format!("too many requests; the next is welcome in {wait} s");
            Problem::new(StatusCode::TOO_MANY_REQUESTS, detail).after(wait)
        })
    }
}

impl Caller {
    /// Whoever calls where access is open.
    #[must_use]
    pub fn anybody() -> Self {
        Self { scopes: Scope::ALL.into_iter().collect(), tenant_id: None, token: None }
    }

    /// Whoever showed this token.
    #[must_use]
    pub fn with(token: AccessToken) -> Self {
        Self { scopes: token.scopes, tenant_id: token.tenant_id.clone(), token: Some(token) }
    }

    /// Whether they may do that.
    ///
    /// # Errors
    /// 403, with the scope that the token lacks.
    pub fn may(&self, scope: Scope) -> Result<(), Problem> {
        if self.scopes.has(scope) {
            return Ok(());
        }
        let detail = format!("this token lacks the scope '{}'", scope.as_str());
        Err(Problem::new(StatusCode::FORBIDDEN, detail))
    }

    /// The one tenant whose letters they may see and send, where they are bound to one.
    #[must_use]
    pub const fn tenant(&self) -> Option<&TenantId> {
        self.tenant_id.as_ref()
    }

    /// Whose letters a question is about: those of the tenant that it names, or of their own.
    ///
    /// # Errors
    /// 403: they are bound to another one.
    pub fn within(&self, wanted: Option<TenantId>) -> Result<Option<TenantId>, Problem> {
        match (&self.tenant_id, wanted) {
            (Some(own), Some(wanted)) if *own != wanted => {
                let detail = "tenant: this token is bound to another tenant";
                Err(Problem::new(StatusCode::FORBIDDEN, detail).at("tenant"))
            }
            (Some(own), _) => Ok(Some(own.clone())),
            (None, wanted) => Ok(wanted),
        }
    }

    /// How much of an address they may see.
    #[must_use]
    pub fn view(&self) -> AddressView {
        if self.scopes.has(Scope::Addresses) { AddressView::Whole } else { AddressView::Masked }
    }

    /// How the audit trail names them: by the name and the public part of the token that they showed.
    #[must_use]
    pub fn actor(&self) -> Option<Actor> {
        let named = self.token.as_ref().map(|token| format!("{} ({})", token.name, token.token_id));
        // Two single lines that are shorter together than an actor may be: always one.
        Actor::parse(named.unwrap_or_else(|| OPEN.to_owned())).ok()
    }

    /// What they may do.
    #[must_use]
    pub const fn scopes(&self) -> Scopes {
        self.scopes
    }

    /// The token that they showed, where they showed one.
    #[must_use]
    pub const fn token(&self) -> Option<&AccessToken> {
        self.token.as_ref()
    }

    fn counted(&self, peer: Option<IpAddr>) -> Counted {
        self.token.as_ref().map_or(Counted::Address(peer), |token| Counted::Token(token.token_id.clone()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    /// [`admit`] put it there.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(no_token)
    }
}

/// Lets callers in who show a good token, and counts what they ask for.
pub async fn admit(State(desk): State<Arc<Desk>>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    let caller = match identify(&desk, request.headers()).await {
        Ok(caller) => caller,
        Err(problem) => return desk.refuse(peer, problem).into_response(),
    };
    if let Err(problem) = desk.count(&caller, peer) {
        return problem.into_response();
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// Lets only those on whose token has this scope.
pub async fn require(State(scope): State<Scope>, caller: Caller, request: Request, next: Next) -> Response {
    match caller.may(scope) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

impl Desk {
    /// Counts a request.
    ///
    /// # Errors
    /// 429: there were too many, and when the next is welcome.
    pub(super) fn count(&self, caller: &Caller, peer: Option<IpAddr>) -> Result<(), Problem> {
        self.rates.take(&caller.counted(peer), NonZeroU32::MIN)
    }

    /// The refusal itself, or that there were too many of them: guessing does not pay.
    pub(super) fn refuse(&self, peer: Option<IpAddr>, problem: Problem) -> Problem {
        if problem.code() != StatusCode::UNAUTHORIZED {
            return problem;
        }
        self.rates.take(&Counted::Address(peer), COST_OF_A_REFUSAL).err().unwrap_or(problem)
    }
}

async fn identify(desk: &Desk, headers: &HeaderMap) -> Result<Caller, Problem> {
    let Some(shown) = headers.get(header::AUTHORIZATION) else {
        return if desk.access == Access::Open { Ok(Caller::anybody()) } else { Err(no_token()) };
    };
    let text = shown.to_str().ok().and_then(|text| text.split_once(' '));
    let Some((_, secret)) = text.filter(|(kind, _)| kind.eq_ignore_ascii_case("bearer")) else {
        return Err(no_token());
    };
    match desk.tokens.verify(secret.trim()).await {
        Ok(token) => Ok(Caller::with(token)),
        Err(Denied::Store(error)) => Err(error.into()),
        Err(_) => {
            Err(Problem::new(StatusCode::UNAUTHORIZED, "this token is not valid, or not any more; ask for another"))
        }
    }
}

fn no_token() -> Problem {
    let detail = "show a token: Authorization: Bearer postroom_…; `postroom tokens create` makes one";
    Problem::new(StatusCode::UNAUTHORIZED, detail)
}
