//! The one place that names concrete adapters. Another provider or another database is one
//! more arm here and nothing anywhere else.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use postroom_adapters_mailgun::{MailgunConfig, MailgunProbe, MailgunTransport, TestMode, Timeouts as MailgunTimeouts};
use postroom_adapters_minijinja::{Brand, Brands};
pub use postroom_adapters_minijinja::{Finding, Listed, Severity, Templates};
use postroom_adapters_postgres::{DatabaseUrl, Drift, PostgresConfig, PostgresStore, Statements};
use postroom_adapters_smtp::{MimeComposer, PoolLimits, SmtpConfig, SmtpProbe, SmtpTransport, Timeouts, TlsMode};
use postroom_adapters_sqlite::config::SqliteConfig;
use postroom_adapters_sqlite::store::SqliteStore;
use postroom_domain::address::Mailbox;
use postroom_domain::invalid::Invalid;
use postroom_ports::access::TokenBook;
use postroom_ports::clock::Clock;
use postroom_ports::composer::MessageComposer;
use postroom_ports::error::PortError;
use postroom_ports::pauses::PauseBoard;
use postroom_ports::pool::PoolUse;
use postroom_ports::probe::{self, TransportProbe};
use postroom_ports::queue::DeliveryQueue;
use postroom_ports::statistics::Statistics;
use postroom_ports::template::TemplateRenderer;
use postroom_ports::tracker::DeliveryTracker;
use postroom_ports::transport::MailTransport;
use postroom_ports::worker::WorkerRegistry;
use secrecy::{ExposeSecret as _, SecretString};

use crate::config::{
    BrandSettings, BrandsSettings, ClientChoice, Config, MailgunSettings, Mistakes, Pooler, PostgresSettings, Provider,
    SmtpSettings, StoreSettings, Switch, TlsChoice,
};

/// An open store, whichever it is.
#[derive(Clone, Debug)]
pub struct Store {
    /// Undone letters.
    pub queue: Arc<dyn DeliveryQueue>,
    /// Where letters are and what happened to them.
    pub tracker: Arc<dyn DeliveryTracker>,
    /// Who is at work.
    pub workers: Arc<dyn WorkerRegistry>,
    /// What people hold back.
    pub pauses: Arc<dyn PauseBoard>,
    /// Who may call.
    pub tokens: Arc<dyn TokenBook>,
    /// How it goes.
    pub statistics: Arc<dyn Statistics>,
    /// How far its connections are used.
    pub pools: Pools,
}

/// A look at the connections of a store.
#[derive(Clone)]
pub struct Pools(Arc<dyn Fn() -> Vec<PoolUse> + Send + Sync>);

impl Pools {
    /// How far they are used now.
    #[must_use]
    pub fn look(&self) -> Vec<PoolUse> {
        (self.0)()
    }
}

impl fmt::Debug for Pools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pools").field(&self.look()).finish()
    }
}

/// Opens the store. A single file is brought up to date by whoever opens it; a database is
/// migrated by `postroom migrate`, when its owner wants it.
///
/// # Errors
/// Those of the store.
pub async fn open(settings: &StoreSettings) -> Result<Store, PortError> {
    match settings {
        StoreSettings::Postgres(settings) => {
            let store = PostgresStore::connect(&postgres(settings)).await?;
            Ok(Store {
                queue: Arc::new(store.queue()),
                tracker: Arc::new(store.tracker()),
                workers: Arc::new(store.workers()),
                pauses: Arc::new(store.pauses()),
                tokens: Arc::new(store.tokens()),
                statistics: Arc::new(store.statistics()),
                pools: Pools(Arc::new(move || store.pools())),
            })
        }
        StoreSettings::Sqlite(path) => {
            let config = SqliteConfig::new(path);
            postroom_adapters_sqlite::migrate::migrate(&config).await?;
            let store = SqliteStore::connect(config).await?;
            Ok(Store {
                queue: Arc::new(store.queue()),
                tracker: Arc::new(store.tracker()),
                workers: Arc::new(store.workers()),
                pauses: Arc::new(store.pauses()),
                tokens: Arc::new(store.tokens()),
                statistics: Arc::new(store.statistics()),
                pools: Pools(Arc::new(move || store.pools())),
            })
        }
    }
}

/// The templates that come with the binary, and those of the configured folder.
///
/// # Errors
/// What is wrong with a template, by file; or with a brand, by setting.
pub fn templates(config: &Config) -> anyhow::Result<Templates> {
    let templates = Templates::embedded(brands(&config.brands)?)?;
    let templates = match &config.templates {
        Some(folder) => templates.with_folder(folder)?,
        None => templates,
    };
    let portals = templates.portals();
    let idle = config.brands.portals.iter().filter(|(portal, _)| !portals.contains(&portal.as_str()));
    let mistakes: Vec<Invalid> = idle.map(|(_, brand)| idle_brand(brand, &portals)).collect();
    if mistakes.is_empty() { Ok(templates) } else { Err(Mistakes(mistakes).into()) }
}

/// Everything that is wrong with the templates, also where they cannot be loaded.
///
/// # Errors
/// What is wrong with a brand, by setting.
pub fn lint(config: &Config) -> Result<Vec<Finding>, Mistakes> {
    Ok(Templates::lint(brands(&config.brands)?, config.templates.as_deref()))
}

/// The same as the port sees them.
///
/// # Errors
/// As [`templates`].
pub fn renderer(config: &Config) -> anyhow::Result<Arc<dyn TemplateRenderer>> {
    Ok(Arc::new(templates(config)?))
}

fn idle_brand(brand: &BrandSettings, portals: &[&str]) -> Invalid {
    let portals = portals.join(", ");
    Invalid::new(&brand.path, format!("is for a portal that no template lies in; there are {portals}"))
}

fn brands(settings: &BrandsSettings) -> Result<Brands, Mistakes> {
    let mut mistakes = Vec::new();
    let mut read = |settings| brand(settings).map_err(|mistake| mistakes.push(mistake)).unwrap_or_default();
    let all = Brands::from(read(&settings.all));
    let with_portal = |brands: Brands, (portal, settings): (&String, _)| brands.with_portal(portal, read(settings));
    let brands = settings.portals.iter().fold(all, with_portal);
    if mistakes.is_empty() { Ok(brands) } else { Err(Mistakes(mistakes)) }
}

/// # Errors
/// The first mistake, by the path of its table.
fn brand(settings: &BrandSettings) -> Result<Brand, Invalid> {
    let mut brand = Ok(Brand::default());
    for (value, with) in [
        (&settings.name, Brand::with_name as fn(Brand, &str) -> Result<Brand, Invalid>),
        (&settings.accent, Brand::with_accent),
        (&settings.background, Brand::with_background),
        (&settings.tone, Brand::with_tone),
        (&settings.footer, Brand::with_footer),
    ] {
        if let Some(value) = value {
            brand = brand.and_then(|brand| with(brand, value));
        }
    }
    match (&settings.logo_url, &settings.logo_alt) {
        (Some(url), Some(alt)) => brand = brand.and_then(|brand| brand.with_logo(url, alt)),
        (None, None) => {}
        (Some(_), None) => {
            let reason = "is missing; say what the logo shows, for those who do not see it";
            brand = brand.and(Err(Invalid::new("brand.logo_alt", reason)));
        }
        (None, Some(_)) => {
            brand = brand.and(Err(Invalid::new("brand.logo_url", "is missing, and logo_alt describes it")));
        }
    }
    for (label, url) in &settings.links {
        brand = brand.and_then(|brand| brand.with_link(label, url));
    }
    brand.map_err(|mistake| {
        let field = mistake.field.replacen("brand", &settings.path, 1);
        mistake.in_field(field)
    })
}

/// Writes messages whose Message-ID ends in the sender's domain.
///
/// # Errors
/// The domain cannot stand in a Message-ID.
pub fn composer(sender: &Mailbox) -> Result<Arc<dyn MessageComposer>, Mistakes> {
    let composer = MimeComposer::new(sender.address().domain()).map_err(|mistake| Mistakes(vec![mistake]))?;
    Ok(Arc::new(composer))
}

/// The configured ways out that any route takes, those of the default route first and in its order.
///
/// # Errors
/// All mistakes, by the name of the variable to mend.
pub fn transports(config: &Config) -> Result<Vec<Arc<dyn MailTransport>>, Mistakes> {
    let connections = config.worker.concurrency;
    let mut transports: Vec<Arc<dyn MailTransport>> = Vec::new();
    for provider in config.providers() {
        match (provider, &config.smtp, &config.mailgun) {
            (Provider::Smtp, Some(smtp), _) => {
                let smtp = SmtpTransport::new(smtp_config(smtp, connections));
                transports.push(Arc::new(smtp.map_err(|e| Mistakes(e.mistakes))?));
            }
            (Provider::Mailgun, _, Some(settings)) => {
                let by_client = match settings.client {
                    ClientChoice::Http => MailgunTransport::new,
                    ClientChoice::Sdk => MailgunTransport::by_sdk,
                };
                let mailgun = by_client(mailgun_config(settings, connections));
                transports.push(Arc::new(mailgun.map_err(|e| Mistakes(e.mistakes))?));
            }
            _ => {}
        }
    }
    if transports.is_empty() {
        let reason = "is missing; letters need a mail server to go out through, or MAILGUN_API_KEY and MAILGUN_DOMAIN";
        return Err(Mistakes(vec![Invalid::new("SMTP_HOST", reason)]));
    }
    Ok(transports)
}

/// Who asks a provider whether letters would get through.
///
/// # Errors
/// All mistakes of its settings, by the name of the variable to mend.
pub fn probe(config: &Config, provider: Provider, clock: Arc<dyn Clock>) -> Result<Arc<dyn TransportProbe>, Mistakes> {
    let missing = || Mistakes(vec![Invalid::new(provider.as_str(), "is not configured")]);
    Ok(match provider {
        Provider::Smtp => {
            let settings = config.smtp.as_ref().ok_or_else(missing)?;
            Arc::new(SmtpProbe::new(smtp_config(settings, 1), clock).map_err(|e| Mistakes(e.mistakes))?)
        }
        Provider::Mailgun => {
            let settings = config.mailgun.as_ref().ok_or_else(missing)?;
            Arc::new(MailgunProbe::new(mailgun_config(settings, 1)).map_err(|e| Mistakes(e.mistakes))?)
        }
    })
}

/// Whether nobody can listen between us and the mail server.
#[must_use]
pub fn is_on_this_machine(smtp: &SmtpSettings) -> bool {
    smtp_config(smtp, 1).is_loopback()
}

fn mailgun_config(mailgun: &MailgunSettings, connections: u32) -> MailgunConfig {
    let defaults = MailgunConfig::new(mailgun.api_key.clone(), &mailgun.domain);
    MailgunConfig {
        base_url: mailgun.api_url.clone().unwrap_or(defaults.base_url),
        ca_file: mailgun.ca_file.clone(),
        test_mode: if mailgun.test_mode == Switch::On { TestMode::On } else { TestMode::Off },
        timeouts: MailgunTimeouts { whole: mailgun.timeout, ..defaults.timeouts },
        tags: mailgun.tags.clone(),
        connections,
        ..defaults
    }
}

fn smtp_config(smtp: &SmtpSettings, connections: u32) -> SmtpConfig {
    let timeouts = Timeouts {
        connect: smtp.timeout.min(Timeouts::default().connect),
        greeting: smtp.timeout,
        command: smtp.timeout,
        data_start: smtp.timeout,
        after_dot: smtp.timeout_after_body,
        whole: smtp.timeout_after_body + 5 * smtp.timeout,
        ..Timeouts::default()
    };
    let tls = smtp.tls.map(|choice| match choice {
        TlsChoice::StartTls => TlsMode::StartTls,
        TlsChoice::Implicit => TlsMode::Implicit,
        TlsChoice::None => TlsMode::None,
    });
    SmtpConfig {
        port: smtp.port.unwrap_or(if tls == Some(TlsMode::Implicit) { 465 } else { 587 }),
        username: smtp.username.clone(),
        password: smtp.password.clone(),
        tls,
        ca_file: smtp.ca_file.clone(),
        timeouts,
        pool: PoolLimits { connections, ..PoolLimits::default() },
        ..SmtpConfig::new(&smtp.host)
    }
}

fn postgres(settings: &PostgresSettings) -> PostgresConfig {
    let url = |url: &SecretString| DatabaseUrl::new(url.expose_secret());
    PostgresConfig {
        direct: settings.direct_url.as_ref().map(url),
        statements: match settings.pooler {
            Pooler::None => Statements::Prepared,
            Pooler::Transaction => Statements::Unnamed,
        },
        acquire_timeout: settings.acquire_timeout,
        statement_timeout: settings.statement_timeout,
        keepalive: settings.keepalive,
        ..PostgresConfig::new(url(&settings.url))
    }
}

/// The same for what a pooler in transaction mode cannot carry.
fn past_the_pooler(settings: &PostgresSettings) -> anyhow::Result<PostgresConfig> {
    if settings.pooler == Pooler::Transaction && settings.direct_url.is_none() {
        anyhow::bail!(
            "POSTROOM_DATABASE_DIRECT_URL: is missing; a pooler in transaction mode cannot carry migrations, so name the \
             database's own address"
        );
    }
    Ok(postgres(settings))
}

/// What a migration did, in lines for people.
///
/// # Errors
/// What stands in the way.
pub async fn migrate(settings: &StoreSettings) -> anyhow::Result<Vec<String>> {
    match settings {
        StoreSettings::Postgres(settings) => {
            let report = postroom_adapters_postgres::migrate(&past_the_pooler(settings)?).await?;
            let mut lines: Vec<String> = report.applied.iter().map(|name| format!("applied {name}")).collect();
            lines.extend(report.newer.into_iter().map(|name| Drift::Unknown(name).to_string()));
            if let Some(sql) = report.roles_sql {
                lines.push("this user may not create roles; ask an administrator to run:".to_owned());
                lines.extend(sql.lines().map(|line| format!("  {line}")));
            }
            Ok(lines)
        }
        StoreSettings::Sqlite(path) => {
            let applied = postroom_adapters_sqlite::migrate::migrate(&SqliteConfig::new(path)).await?;
            Ok(applied.iter().map(|name| format!("applied {name}")).collect())
        }
    }
}

/// How the schema and this program fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schema {
    /// It is as this program expects it.
    Fits,
    /// A newer program has added to it, in lines for people. This one works on it all the same.
    Newer(Vec<String>),
    /// It lacks something or is otherwise, in lines for people.
    Differs(Vec<String>),
}

/// How the schema and this program fit.
///
/// # Errors
/// Those of the store.
pub async fn schema(settings: &StoreSettings) -> anyhow::Result<Schema> {
    let (all, newer) = match settings {
        StoreSettings::Postgres(settings) => {
            let drift = postroom_adapters_postgres::check(&past_the_pooler(settings)?).await?;
            let newer = drift.iter().filter(|drift| matches!(drift, Drift::Unknown(_))).count();
            (drift.iter().map(ToString::to_string).collect(), newer)
        }
        StoreSettings::Sqlite(path) => {
            let drift = postroom_adapters_sqlite::migrate::check(&SqliteConfig::new(path)).await?;
            let newer = drift.newer.len();
            let kinds = [
                ("pending", drift.pending),
                ("newer", drift.newer),
                ("foreign", drift.foreign),
                ("altered", drift.altered),
            ];
            (lines(kinds), newer)
        }
    };
    Ok(match all.len() {
        0 => Schema::Fits,
        some if some == newer => Schema::Newer(all),
        _ => Schema::Differs(all),
    })
}

/// Whether the store is fit for letters. `clock` is this host's; `longest` is how old a transaction may be before it is
/// named.
pub async fn examine_store(settings: &StoreSettings, clock: &dyn Clock, longest: Duration) -> Vec<probe::Finding> {
    match settings {
        StoreSettings::Postgres(settings) => {
            postroom_adapters_postgres::doctor::examine(&postgres(settings), clock, longest).await
        }
        StoreSettings::Sqlite(path) => postroom_adapters_sqlite::doctor::examine(&SqliteConfig::new(path)).await,
    }
}

fn lines<const N: usize>(kinds: [(&str, Vec<String>); N]) -> Vec<String> {
    kinds.into_iter().flat_map(|(kind, names)| names.into_iter().map(move |name| format!("{kind}: {name}"))).collect()
}
