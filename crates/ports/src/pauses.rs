//! Pauses: what a person holds back for a while, kept where all workers see it.
//!
//! A pause is no failure: it costs no attempt, writes no event and raises no alarm. Letters are
//! taken in as always and wait. Those that a worker has already begun to hand over go their way.
//!
//! ```text
//!  pause(tenant | workflow) ─▶ the queue hands out none of its letters, from the next claim on
//!  pause(transport) ─────────▶ workers read the board, and give it no letter
//! ```

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::id::{PauseReason, TenantId, TransportName, Workflow};
use postroom_domain::invalid::Invalid;
use postroom_domain::time::Timestamp;

use crate::error::PortError;

/// What can be paused. Ordered by kind, then by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Paused {
    /// All letters of a tenant.
    Tenant(TenantId),
    /// A way out: letters with another one on their route take that.
    Transport(TransportName),
    /// All letters of a workflow.
    Workflow(Workflow),
}

impl Paused {
    /// The kinds, as people and stores spell them.
    pub const KINDS: [&str; 3] = ["tenant", "transport", "workflow"];

    /// What `kind` and `name` say.
    ///
    /// # Errors
    /// Names `kind`, or the field that the name is none of.
    pub fn parse(kind: &str, name: &str) -> Result<Self, Invalid> {
        match kind {
            "tenant" => TenantId::parse(name).map(Self::Tenant),
            "transport" => TransportName::parse(name).map(Self::Transport),
            "workflow" => Workflow::parse(name).map(Self::Workflow),
            _ => Err(Invalid::new("kind", "must be tenant, transport or workflow")),
        }
    }

    /// Its kind, one of [`Paused::KINDS`].
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Tenant(_) => "tenant",
            Self::Transport(_) => "transport",
            Self::Workflow(_) => "workflow",
        }
    }

    /// Its name among those of its kind.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Tenant(name) => name.as_str(),
            Self::Transport(name) => name.as_str(),
            Self::Workflow(name) => name.as_str(),
        }
    }
}

impl fmt::Display for Paused {
    /// As in a sentence: `workflow invite`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.name())
    }
}

/// The longest that a pause lasts by itself: a century. A longer one is cut to it.
pub const LONGEST: Duration = Duration::from_hours(100 * 365 * 24);

/// One pause that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// What is paused.
    pub what: Paused,
    /// Since when, by the store's clock.
    pub since: Timestamp,
    /// When it ends by itself; `None`: when somebody resumes it.
    pub until: Option<Timestamp>,
    /// Why, where the person said so.
    pub reason: Option<PauseReason>,
}

/// What became of a wish to resume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resumed {
    /// The pause is over.
    Done,
    /// There was none.
    WasNot,
}

/// What is paused by people. The rules are cases of the contract suite, those about letters
/// cases of the queue's.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait PauseBoard: std::fmt::Debug + Send + Sync + 'static {
    /// Pauses something from now on, for as long as `lasting` says ([`LONGEST`] at most); without
    /// it until it is resumed. A pause of the same thing that was there before MUST be replaced.
    async fn pause(
        &self,
        what: &Paused,
        lasting: Option<Duration>,
        reason: Option<PauseReason>,
    ) -> Result<Pause, PortError>;

    /// Ends a pause at once, and MAY wake idle workers.
    async fn resume(&self, what: &Paused) -> Result<Resumed, PortError>;

    /// Those that are in force by the store's clock, ordered by what is paused.
    async fn paused(&self) -> Result<Vec<Pause>, PortError>;
}
