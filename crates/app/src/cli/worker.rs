//! `postroom worker`.

use std::sync::Arc;

use clap::Args;
use postroom_domain::invalid::Invalid;
use tokio::signal::unix::{SignalKind, signal};

use super::Failure;
use super::context::{Context, announce};
use crate::config::{Config, Mistakes, Switch};
use crate::mailroom::Mailroom;
use crate::system::{LogNotifier, LogObserver, SystemChance, SystemClock};
use crate::telemetry::LogFormat;
use crate::wiring::{self, Schema, Store};
use crate::worker::{Signals, Worker};

/// Claims, renders, sends and settles letters until it is told to stop.
#[derive(Args, Debug)]
pub(super) struct WorkerCommand {}

impl WorkerCommand {
    /// Runs it.
    ///
    /// # Errors
    /// A configuration that cannot work, or a store that is not migrated.
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let config = &context.config;
        let settings = context.store_settings()?;
        if config.worker_enabled == Switch::Off {
            context.tell("EMAIL_WORKER_ENABLED is false: this process sends nothing and leaves");
            return Ok(());
        }
        let mistakes = mistakes(config);
        if !mistakes.is_empty() {
            return Err(Mistakes(mistakes).into());
        }
        let signals = Signals::default();
        listen(&signals, context.log_format)?;
        context.announce(&format!("letters are kept in {}", context.describe_store()));
        let store = context.open().await?;
        if config.email == Switch::Off {
            context.announce("EMAIL_ENABLED is false: letters are accepted and wait");
            signals.stop.cancelled().await;
            return Ok(());
        }
        // During a deploy. Whatever else is wrong with the schema, or keeps us from looking, the worker finds by itself.
        if let Ok(Schema::Newer(drift)) = wiring::schema(settings).await {
            context.announce(&format!(
                "this version is older than the schema and works on it all the same: {}",
                drift.join(", ")
            ));
        }
        work(context, &store, &signals).await
    }
}

/// Works until told to stop.
///
/// # Errors
/// As [`WorkerCommand::run`].
pub(super) async fn work(context: &Context, store: &Store, signals: &Signals) -> Result<(), Failure> {
    let config = &context.config;
    if cfg!(feature = "faults") {
        context.announce("this build has fault points; it is for tests alone");
    }
    let worker = Worker::new(mailroom(config, store)?, store.tracker.clone(), config.worker.clone());
    context.announce(&format!("worker {} is at work; Ctrl-C to stop", worker.id()));
    let report = worker.run(signals).await?;
    context.announce(&format!("left; {} letters settled, {} unfinished", report.settled, report.unfinished));
    Ok(())
}

/// Everything that a worker needs and does not have, at once.
pub(super) fn mistakes(config: &Config) -> Vec<Invalid> {
    let mut mistakes = wiring::transports(config).err().map(|mistakes| mistakes.0).unwrap_or_default();
    if config.workflows.is_none() {
        mistakes
            .push(Invalid::new("SMTP_FROM_ADDRESS", "is missing; letters need a sender, such as noreply@example.org"));
    }
    mistakes
}

fn mailroom(config: &Config, store: &Store) -> Result<Mailroom, Failure> {
    let Some(workflows) = config.workflows.clone() else {
        return Err(Failure::usage("SMTP_FROM_ADDRESS: is missing; letters need a sender"));
    };
    Ok(Mailroom {
        queue: store.queue.clone(),
        workers: store.workers.clone(),
        pauses: store.pauses.clone(),
        renderer: wiring::renderer(config).map_err(|e| Failure::usage(format!("{e:#}")))?,
        composer: wiring::composer(&workflows.default.sender)?,
        transports: wiring::transports(config)?,
        observer: Arc::new(LogObserver),
        notifier: Arc::new(LogNotifier),
        clock: Arc::new(SystemClock::start()),
        chance: Arc::new(SystemChance),
        workflows: Arc::new(workflows),
    })
}

/// The first signal asks to finish, the second to leave at once.
pub(super) fn listen(signals: &Signals, format: LogFormat) -> Result<(), Failure> {
    let hear = |kind| signal(kind).map_err(|e| Failure::usage(format!("signals cannot be heard: {e}")));
    let (mut term, mut int) = (hear(SignalKind::terminate())?, hear(SignalKind::interrupt())?);
    let signals = signals.clone();
    tokio::spawn(async move {
        for token in [&signals.stop, &signals.now] {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
            let text = if signals.stop.is_cancelled() {
                "leaving at once"
            } else {
                "finishing what is on its way; once more to leave at once"
            };
            announce(format, text);
            token.cancel();
        }
    });
    Ok(())
}
