//! Everything that the demo needs, built from the same parts as the real thing.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use postroom_dev_inbox::{Config as InboxConfig, DevInbox};
use postroom_domain::address::{EmailAddress, Mailbox};
use postroom_domain::policy::WorkflowPolicy;
use postroom_domain::retry::{Backoff, RetryPolicy};
use postroom_ports::clock::{Chance, Clock};
use postroom_ports::template::TemplateRenderer;

use super::cast::direct;
use super::narrator::Narrator;
use super::{Plan, own_store};
use crate::accept::Door;
use crate::cli::Failure;
use crate::config::{Config, Sources, StoreSettings};
use crate::mailroom::{Mailroom, Workflows};
use crate::system::{LogNotifier, SystemChance, SystemClock};
use crate::wiring::{self, Store, Templates};
use crate::worker::WorkerSettings;

/// The demo's parts.
#[derive(Debug)]
pub(super) struct Stage {
    /// The mail server.
    pub inbox: Arc<DevInbox>,
    /// Where letters are kept.
    pub store: Store,
    /// The same, in words.
    pub place: String,
    /// The way in.
    pub door: Door,
    /// What the worker is wired from.
    pub room: Mailroom,
    /// How it works.
    pub settings: WorkerSettings,
    /// Words, as the dashboard shows them.
    pub templates: Arc<Templates>,
    /// What all of it was built from.
    pub config: Config,
}

impl Stage {
    /// Builds everything.
    ///
    /// # Errors
    /// What could not start, or letters of somebody else in the named database.
    pub(super) async fn build(plan: &Plan, folder: &Path, narrator: Arc<Narrator>) -> Result<Self, Failure> {
        let inbox = DevInbox::start(InboxConfig::default().save_to(folder.join("letters")))
            .await
            .map_err(|e| Failure::refused(format!("the mail server of the demo cannot start: {e}")))?;
        direct(inbox.script());
        let (store, place) = open(plan, folder).await?;
        let config = configure(&inbox)?;
        let sender = sender()?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let chance: Arc<dyn Chance> = Arc::new(SystemChance);
        let templates = Arc::new(wiring::templates(&config).map_err(|e| Failure::refused(format!("{e:#}")))?);
        let renderer: Arc<dyn TemplateRenderer> = templates.clone();
        let room = Mailroom {
            queue: store.queue.clone(),
            workers: store.workers.clone(),
            pauses: store.pauses.clone(),
            renderer: renderer.clone(),
            composer: wiring::composer(&sender)?,
            transports: wiring::transports(&config)?,
            observer: narrator.observer(),
            notifier: Arc::new(LogNotifier),
            clock,
            chance: chance.clone(),
            workflows: Arc::new(Workflows::all_alike(policy()?, sender)),
        };
        let settings = WorkerSettings {
            poll_every: Duration::from_millis(200),
            janitor_every: Duration::from_millis(500),
            ..config.worker.clone()
        };
        let door = Door::new(store.queue.clone(), renderer, chance);
        Ok(Self { inbox: Arc::new(inbox), door, store, place, room, settings, templates, config })
    }
}

async fn open(plan: &Plan, folder: &Path) -> Result<(Store, String), Failure> {
    let (settings, place) = match &plan.store {
        None => {
            let path = own_store(folder);
            (StoreSettings::Sqlite(path.clone()), format!("the file {}", path.display()))
        }
        Some(StoreSettings::Sqlite(path)) => {
            (StoreSettings::Sqlite(path.clone()), format!("the file {}", path.display()))
        }
        Some(StoreSettings::Postgres(settings)) => {
            (StoreSettings::Postgres(settings.clone()), "PostgreSQL (DATABASE_URL)".to_owned())
        }
    };
    wiring::migrate(&settings).await.map_err(|e| Failure::store(format!("{e:#}")))?;
    let store = wiring::open(&settings).await?;
    let counts = store.tracker.counts().await?;
    if counts.due + counts.in_flight > 0 {
        return Err(Failure::refused(format!(
            "{} letters wait in this database, and the demo would send them to its own inbox; name another one",
            counts.due + counts.in_flight
        )));
    }
    Ok((store, place))
}

/// The configuration that an operator would write for this mail server.
fn configure(inbox: &DevInbox) -> Result<Config, Failure> {
    let address = inbox.addr();
    let environment = [("SMTP_HOST", address.ip().to_string()), ("SMTP_PORT", address.port().to_string())];
    let environment = environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Ok(Config::read(Sources { file: None, environment })?)
}

fn sender() -> Result<Mailbox, Failure> {
    let address = EmailAddress::parse("post@example.org").map_err(Failure::from_invalid)?;
    Mailbox::new(Some("Example Press"), address).map_err(Failure::from_invalid)
}

/// The standard policy, shortened so that nobody has to wait for it.
fn policy() -> Result<WorkflowPolicy, Failure> {
    let waits = [0, 600, 900].map(Duration::from_millis).to_vec();
    let retry =
        RetryPolicy::new(Backoff::Schedule(waits), 3, Duration::from_hours(1)).map_err(Failure::from_invalid)?;
    Ok(WorkflowPolicy::with_retry(retry))
}
