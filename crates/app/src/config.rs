//! Configuration: one TOML file, and environment variables that win over it.
//!
//! Everything is read once, here and nowhere else, and every mistake is reported at once, by
//! the name under which it can be mended. `docs/configuration.md` lists all settings.

mod mailgun;
mod reader;
mod route;
mod sender;
mod settings;
mod smtp;
mod workflows;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use postroom_domain::invalid::Invalid;
use postroom_ports::queue::Retention;
use secrecy::SecretString;

pub use self::mailgun::{ClientChoice, MailgunSettings};
use self::reader::Reader;
pub use self::reader::Sources;
pub(crate) use self::reader::{nearest, parse_duration};
pub use self::route::Provider;
pub use self::settings::{Origin, Setting, Shown};
pub use self::smtp::{SmtpSettings, TlsChoice};
use self::workflows::Ways;
use crate::dispatcher::Limits;
use crate::health::Patience;
use crate::mailroom::Workflows;
use crate::worker::WorkerSettings;

/// Where letters are kept.
#[derive(Clone, Debug)]
pub enum StoreSettings {
    /// A PostgreSQL database.
    Postgres(SecretString),
    /// One file.
    Sqlite(PathBuf),
}

/// Whether letters go out at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// They do.
    On,
    /// They are accepted and wait.
    Off,
}

/// What letters look like: `[brand]`.
#[derive(Clone, Debug, Default)]
pub struct BrandSettings {
    /// Whose letters they are; the sender's name unless it is set.
    pub name: Option<String>,
    /// One colour, as `#rrggbb`.
    pub accent: Option<String>,
    /// The last lines of each letter.
    pub footer: Option<String>,
    /// Links below them, by label.
    pub links: BTreeMap<String, String>,
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
    /// Tenants whose letters wait.
    pub held_tenants: Vec<postroom_domain::id::TenantId>,
    /// What letters look like.
    pub brand: BrandSettings,
    /// A folder whose templates are added to those that come with the binary.
    pub templates: Option<PathBuf>,
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
        let mut reader = Reader::new(sources);
        let store = store(&mut reader);
        let email = reader.switch("email.enabled", "EMAIL_ENABLED");
        let worker_enabled = reader.switch("worker.enabled", "EMAIL_WORKER_ENABLED");
        let worker = worker(&mut reader);
        let smtp = smtp::read(&mut reader);
        let mailgun = mailgun::read(&mut reader);
        let configured = [smtp.as_ref().map(|_| Provider::Smtp), mailgun.as_ref().map(|_| Provider::Mailgun)];
        let configured: Vec<Provider> = configured.into_iter().flatten().collect();
        let route = route::read(&mut reader, &configured);
        let held_tenants = workflows::held_tenants(&mut reader);
        let workflows = workflows::read(&mut reader, &held_tenants, &Ways { configured: &configured, route: &route });
        let brand = brand(&mut reader, workflows.as_ref());
        let templates = reader.text("templates.folder", "POSTROOM_TEMPLATES").map(PathBuf::from);
        let log = reader.text("log.filter", "POSTROOM_LOG");
        let settings = reader.finish().map_err(Mistakes)?;
        Ok(Self {
            store,
            email,
            worker_enabled,
            worker,
            smtp,
            mailgun,
            route,
            workflows,
            held_tenants,
            brand,
            templates,
            log,
            settings,
        })
    }
}

impl Config {
    /// The store that the command line names, whatever else does.
    pub fn name_store(&mut self, store: StoreSettings) {
        let value = match &store {
            StoreSettings::Postgres(_) => Shown::Masked,
            StoreSettings::Sqlite(path) => Shown::Plain(format!("sqlite://{}", path.display())),
        };
        for setting in self.settings.iter_mut().filter(|setting| setting.name == "database.url") {
            (setting.value, setting.origin) = (value.clone(), Origin::Flag);
        }
        self.store = Some(store);
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

fn store(reader: &mut Reader) -> Option<StoreSettings> {
    let url = reader.secret("database.url", "DATABASE_URL")?;
    match parse_store(&url) {
        Ok(store) => Some(store),
        Err(mistake) => {
            reader.mistake(mistake);
            None
        }
    }
}

/// What a database URL names.
///
/// # Errors
/// Names `DATABASE_URL` and the two forms, and never repeats the URL: it may hold a password.
pub fn parse_store(url: &str) -> Result<StoreSettings, Invalid> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(StoreSettings::Postgres(SecretString::from(url)));
    }
    match url.strip_prefix("sqlite://") {
        Some(path) if !path.is_empty() => Ok(StoreSettings::Sqlite(PathBuf::from(path))),
        _ => Err(Invalid::new("DATABASE_URL", "must be postgres://USER:PASSWORD@HOST/NAME or sqlite://PATH")),
    }
}

fn brand(reader: &mut Reader, workflows: Option<&Workflows>) -> BrandSettings {
    let sender = workflows.and_then(|workflows| workflows.default.sender.name().map(str::to_owned));
    BrandSettings {
        name: reader.text("brand.name", "POSTROOM_BRAND_NAME").or(sender),
        accent: reader.text("brand.accent", ""),
        footer: reader.text("brand.footer", ""),
        links: reader.texts_below("brand.links."),
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
