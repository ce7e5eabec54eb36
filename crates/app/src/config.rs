//! Configuration: one TOML file, and environment variables that win over it.
//!
//! Everything is read once, here and nowhere else, and every mistake is reported at once, by
//! the name under which it can be mended. `docs/configuration.md` lists all settings.

mod brand;
mod capture;
mod http;
mod mailgun;
mod reader;
mod route;
mod sender;
mod settings;
mod smtp;
mod store;
mod workflows;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use postroom_domain::invalid::Invalid;
use postroom_ports::queue::Retention;

pub use self::brand::{BrandSettings, BrandsSettings};
pub use self::http::{HttpSettings, MetricsAccess, parse_listen};
pub use self::mailgun::{ClientChoice, MailgunSettings};
use self::reader::Reader;
pub use self::reader::Sources;
pub(crate) use self::reader::{nearest, parse_duration};
pub use self::route::Provider;
pub use self::settings::{Origin, Setting, Shown};
pub use self::smtp::{SmtpSettings, TlsChoice};
pub use self::store::{Pooler, PostgresSettings, StoreSettings, parse_store};
use self::workflows::Ways;
use crate::dispatcher::Limits;
use crate::health::Patience;
use crate::mailroom::{Languages, Workflows};
use crate::worker::WorkerSettings;

/// Whether letters go out at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// They do.
    On,
    /// They are accepted and wait.
    Off,
}

/// Everything that can be set.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where letters are kept; `None` where nothing says so.
    pub store: Option<StoreSettings>,
    /// `EMAIL_ENABLED`.
    pub email: Switch,
    /// `EMAIL_WORKER_ENABLED`.
    pub worker_enabled: Switch,
    /// How the worker works.
    pub worker: WorkerSettings,
    /// The mail server, where one is configured.
    pub smtp: Option<SmtpSettings>,
    /// Mailgun, where it is configured.
    pub mailgun: Option<MailgunSettings>,
    /// The ways out, in order; empty where none is configured, which only those who send need.
    pub route: Vec<Provider>,
    /// What the workflows want; `None` where no sender is configured, which only those who
    /// send need.
    pub workflows: Option<Workflows>,
    /// The languages of letters that name none.
    pub languages: Languages,
    /// Tenants whose letters wait.
    pub held_tenants: Vec<postroom_domain::id::TenantId>,
    /// What letters look like.
    pub brands: BrandsSettings,
    /// A folder whose templates are added to those that come with the binary.
    pub templates: Option<PathBuf>,
    /// How the API and the dashboard are served.
    pub http: HttpSettings,
    /// By which selectors letters are signed, for whoever looks up the keys.
    pub dkim_selectors: Vec<String>,
    /// What is logged; `None` leaves it to the command.
    pub log: Option<String>,
    /// Each setting as it was read, secrets masked.
    pub settings: Vec<Setting>,
}

/// All mistakes of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Invalid>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "the configuration has {} to mend:",
            if self.0.len() == 1 { "one thing" } else { "several things" }
        )?;
        for mistake in &self.0 {
            writeln!(f, "  {mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

impl Config {
    /// Reads everything.
    ///
    /// # Errors
    /// All mistakes at once; no value is repeated, because some are secrets.
    pub fn read(sources: Sources) -> Result<Self, Mistakes> {
        let (config, mistakes) = Self::read_what_can_be(sources);
        if mistakes.is_empty() { Ok(config) } else { Err(Mistakes(mistakes)) }
    }

    /// Reads everything, and all mistakes; what one of them spoiled is as if nobody had said it. For whoever looks for
    /// mistakes; nobody works with such a configuration.
    #[must_use]
    pub fn read_what_can_be(sources: Sources) -> (Self, Vec<Invalid>) {
        let mut reader = Reader::new(sources);
        let store = store::read(&mut reader);
        let email = reader.switch("email.enabled", "EMAIL_ENABLED");
        let worker_enabled = reader.switch("worker.enabled", "EMAIL_WORKER_ENABLED");
        let worker = worker(&mut reader);
        let smtp = smtp::read(&mut reader);
        let mailgun = mailgun::read(&mut reader);
        let configured = [smtp.as_ref().map(|_| Provider::Smtp), mailgun.as_ref().map(|_| Provider::Mailgun)];
        let configured: Vec<Provider> = configured.into_iter().flatten().collect();
        let route = route::read(&mut reader, &configured);
        let held_tenants = workflows::held_tenants(&mut reader);
        let languages = workflows::languages(&mut reader);
        let ways = Ways { configured: &configured, route: &route };
        let workflows = workflows::read(&mut reader, &held_tenants, &ways, &languages);
        let brands = brand::read(&mut reader, workflows.as_ref());
        let templates = reader.text("templates.folder", "POSTROOM_TEMPLATES").map(PathBuf::from);
        let http = http::read(&mut reader);
        let log = reader.text("log.filter", "POSTROOM_LOG");
        let dkim_selectors = reader.texts("dns.dkim_selectors").unwrap_or_default();
        let (settings, mistakes) = reader.finish();
        let config = Self {
            store,
            email,
            worker_enabled,
            worker,
            smtp,
            mailgun,
            route,
            workflows,
            languages,
            held_tenants,
            brands,
            templates,
            http,
            dkim_selectors,
            log,
            settings,
        };
        (config, mistakes)
    }
}

impl Config {
    /// The store that the command line names, whatever else does. A pooler that is configured stands before that one,
    /// too; a way around it belongs to the address that was configured with it.
    pub fn name_store(&mut self, store: StoreSettings) {
        let value = match &store {
            StoreSettings::Postgres(_) => Shown::Masked,
            StoreSettings::Sqlite(path) => Shown::Plain(format!("sqlite://{}", path.display())),
        };
        for setting in self.settings.iter_mut().filter(|setting| setting.name == "database.url") {
            (setting.value, setting.origin) = (value.clone(), Origin::Flag);
        }
        self.store = Some(match (store, self.store.take()) {
            (StoreSettings::Postgres(named), Some(StoreSettings::Postgres(before))) => {
                StoreSettings::Postgres(PostgresSettings { pooler: before.pooler, ..named })
            }
            (store, _) => store,
        });
    }

    /// Every provider that any route takes, those of the default route first and in its order.
    #[must_use]
    pub fn providers(&self) -> Vec<Provider> {
        let mut providers = self.route.clone();
        let own = self.workflows.iter().flat_map(|workflows| workflows.own.values());
        for name in own.flat_map(|settings| &settings.route) {
            providers.extend(Provider::parse(name.as_str()).filter(|provider| !providers.contains(provider)));
        }
        providers
    }
}

fn worker(reader: &mut Reader) -> WorkerSettings {
    let seconds = Duration::from_secs;
    WorkerSettings {
        label: format!("{}:{}", reader.host(), std::process::id()),
        batch_size: reader.number("worker.batch_size", "EMAIL_WORKER_BATCH_SIZE", 1..=1000, 50),
        concurrency: reader.number("worker.concurrency", "EMAIL_WORKER_CONCURRENCY", 1..=500, 10),
        poll_every: reader.duration("worker.poll_interval", "EMAIL_WORKER_POLL_INTERVAL", seconds(5)),
        janitor_every: reader.duration("worker.janitor_interval", "EMAIL_WORKER_JANITOR_INTERVAL", seconds(2)),
        drain: reader.duration("worker.drain", "EMAIL_WORKER_DRAIN", seconds(20)),
        limits: Limits {
            lane_share: reader.number("worker.lane_share", "EMAIL_WORKER_LANE_SHARE", 1..=1000, 25),
            lease: reader.duration("worker.lease", "EMAIL_WORKER_LEASE", seconds(60)),
            pause: reader.duration("worker.pause", "EMAIL_WORKER_PAUSE", seconds(60)),
            patience: patience(reader),
        },
        retention: Retention {
            payloads: reader.duration("retention.payloads", "POSTROOM_RETENTION_PAYLOADS", seconds(14 * 86_400)),
            workers: seconds(86_400),
        },
    }
}

fn patience(reader: &mut Reader) -> Patience {
    let usual = Patience::default();
    Patience {
        failures: reader.number("worker.breaker_failures", "EMAIL_WORKER_BREAKER_FAILURES", 1..=1000, usual.failures),
        first: reader.duration("worker.breaker_rest", "EMAIL_WORKER_BREAKER_REST", usual.first),
        longest: reader.duration("worker.breaker_longest_rest", "EMAIL_WORKER_BREAKER_LONGEST_REST", usual.longest),
    }
}

/// The environment as the process found it.
#[must_use]
pub fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

#[cfg(test)]
mod tests;
