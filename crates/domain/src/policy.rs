//! What a workflow wants done with its letters.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::retry::RetryPolicy;

/// What to do with a letter in doubt once the provider could not tell either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InDoubtPolicy {
    /// Send it again: it may arrive twice, it will not be missing. What mail has always done
    /// (RFC 1047).
    #[default]
    Resend,
    /// Leave it in doubt until a person decides.
    Hold,
    /// Take it for sent: it may be missing, it will not arrive twice.
    AssumeSent,
}

impl InDoubtPolicy {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Resend, Self::Hold, Self::AssumeSent];

    /// The name, as the configuration spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Resend => "resend",
            Self::Hold => "hold",
            Self::AssumeSent => "assume_sent",
        }
    }

    /// The policy of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == name)
    }
}

/// Everything that [`apply`](crate::lifecycle::apply) needs to know of a workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkflowPolicy {
    /// When to try again.
    pub retry: RetryPolicy,
    /// What to do when the answer was lost.
    pub in_doubt: InDoubtPolicy,
    /// How many workers in a row a letter may take down before it is quarantined.
    pub max_crashes: u32,
    /// The least wait for a letter whose transport is misconfigured, and the most for one
    /// whose provider is in trouble as a whole.
    pub provider_wait: Duration,
}

impl WorkflowPolicy {
    /// The default policy with these retries.
    #[must_use]
    pub const fn with_retry(retry: RetryPolicy) -> Self {
        Self { retry, in_doubt: InDoubtPolicy::Resend, max_crashes: 3, provider_wait: Duration::from_mins(5) }
    }
}
