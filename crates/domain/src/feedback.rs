//! The second axis: what the provider reports about a letter after it took it.

use serde::{Deserialize, Serialize};

/// The worst that was reported, in rising order. The maximum of all events seen: any order
/// and any repetition of them converges to the same value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feedback {
    /// Nothing was reported yet.
    #[default]
    None,
    /// The receiving side put it off; the provider goes on trying.
    Delayed,
    /// The receiving side took it.
    Delivered,
    /// The receiving side refused it.
    Bounced,
    /// The recipient called it unwanted.
    Complained,
}

impl Feedback {
    /// All five, rising.
    pub const ALL: [Self; 5] = [Self::None, Self::Delayed, Self::Delivered, Self::Bounced, Self::Complained];

    /// The name, as storage and every surface spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Delayed => "delayed",
            Self::Delivered => "delivered",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
        }
    }

    /// The feedback of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|feedback| feedback.as_str() == name)
    }

    /// What is known after `report`, too.
    #[must_use]
    pub fn and(self, report: Self) -> Self {
        self.max(report)
    }
}
