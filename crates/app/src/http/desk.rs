//! What every handler works with.

use std::sync::Arc;

use super::access::{Access, Rates};
use super::health::SchemaCheck;
use crate::accept::Door;
use crate::config::HttpSettings;
use crate::inbox::Inbox;
use crate::mailroom::Languages;
use crate::metrics::Metrics;
use crate::pulse::Pulse;
use crate::requests::Requests;
use crate::tokens::Tokens;
use crate::waiting::Held;
use crate::wiring::{Store, Templates};

/// The use cases and ports behind the endpoints; handlers share one.
#[derive(Debug)]
pub struct Desk {
    /// Where letters are.
    pub store: Store,
    /// The door that checks before it takes.
    pub door: Door,
    /// Cancel, retry, redrive, resolve.
    pub requests: Requests,
    /// Who may call.
    pub tokens: Tokens,
    /// What letters are rendered from.
    pub templates: Arc<Templates>,
    /// The languages of letters that name none.
    pub languages: Languages,
    /// Whether callers must show a token.
    pub access: Access,
    /// Whether whoever reads the figures must show a token.
    pub watched: Access,
    /// The figures.
    pub metrics: Metrics,
    /// How often they may call.
    pub rates: Rates,
    /// Whether the schema is as this program needs it; `None` where this very process brought it up to date.
    pub schema: Option<SchemaCheck>,
    /// Limits.
    pub settings: HttpSettings,
    /// The worker of this process, where it has one.
    pub pulse: Option<Pulse>,
    /// What the configuration holds back.
    pub held: Held,
    /// What took the letters that went nowhere else, where there is such a thing.
    pub inbox: Option<Arc<Inbox>>,
}
