//! Is everything in order? Asks all that letters depend on, sends nothing, and says what to do.
//!
//! ```text
//!   configuration ─▶ database ─▶ transports ──keys──▶ dns ─▶ templates
//! ```
//!
//! | part | who looks |
//! |---|---|
//! | `configuration` | what `Config` found wrong, and what only a developer may want |
//! | `database` | the store's adapter, by [`wiring`](crate::wiring) |
//! | `transports` | each transport's [`TransportProbe`](postroom_ports::probe::TransportProbe) |
//! | [`dns`] | what receivers look up of a sender: SPF, DKIM, DMARC, MX |
//! | `templates` | the lint of the templates |
//!
//! Nothing here fails: what cannot be asked is a finding, too.

mod configuration;
mod database;
pub mod dns;
mod templates;
mod transports;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use postroom_domain::invalid::Invalid;
use postroom_ports::clock::Clock;
use postroom_ports::probe::Finding;

use crate::config::Config;

/// A part of what letters depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    /// The settings.
    Configuration,
    /// Where letters are kept.
    Database,
    /// The ways out.
    Transports,
    /// What the world can look up of the sender.
    Dns,
    /// What letters are made of.
    Templates,
}

impl Area {
    /// All of them, in the order in which they are asked.
    pub const ALL: [Self; 5] = [Self::Configuration, Self::Database, Self::Transports, Self::Dns, Self::Templates];

    /// Its name, for people and scripts.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Database => "database",
            Self::Transports => "transports",
            Self::Dns => "dns",
            Self::Templates => "templates",
        }
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Questions {
    /// Which parts.
    pub areas: Vec<Area>,
    /// Whom to ask for names; `None`: whom the system asks.
    pub resolver: Option<SocketAddr>,
    /// The domains that write; where it is empty, those of the configured senders.
    pub sender_domains: Vec<String>,
    /// The selectors of the keys that sign, beside those that are configured.
    pub dkim_selectors: Vec<String>,
    /// How old a transaction may be before it is named.
    pub longest_transaction: Duration,
}

/// What is looked at.
#[derive(Debug)]
pub struct Patient<'a> {
    /// As much of the configuration as could be read.
    pub config: &'a Config,
    /// What was wrong with it.
    pub mistakes: &'a [Invalid],
    /// This host's clock.
    pub clock: Arc<dyn Clock>,
}

/// Asks everything, one part after the other; `begun` hears of each before it is asked.
pub async fn examine(patient: &Patient<'_>, questions: &Questions, begun: impl Fn(Area)) -> Vec<(Area, Vec<Finding>)> {
    let mut found = Vec::new();
    let mut keys = Vec::new();
    for area in Area::ALL.into_iter().filter(|area| questions.areas.contains(area)) {
        begun(area);
        let findings = match area {
            Area::Configuration => configuration::findings(patient),
            Area::Database => database::findings(patient, questions.longest_transaction).await,
            Area::Transports => {
                let probed = transports::probe(patient).await;
                keys = probed.keys;
                probed.findings
            }
            Area::Dns => dns::findings(patient.config, questions, &keys).await,
            Area::Templates => templates::findings(patient.config),
        };
        found.push((area, findings));
    }
    found
}
