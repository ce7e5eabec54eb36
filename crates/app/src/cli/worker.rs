//! `postroom worker`.

use std::sync::Arc;

use clap::Args;
use postroom_domain::invalid::Invalid;
use tokio::signal::unix::{SignalKind, signal};

use super::context::Context;
use super::{Failure, output};
use crate::config::{Config, Mistakes, Switch};
use crate::mailroom::Mailroom;
use crate::system::{LogNotifier, LogObserver, SystemChance, SystemClock};
use crate::wiring::{self, Store};
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
        context.store_settings()?;
        if config.worker_enabled == Switch::Off {
            context.tell("EMAIL_WORKER_ENABLED is false: this process sends nothing and leaves");
            return Ok(());
        }
        check(config)?;
        let signals = Signals::default();
        listen(&signals)?;
        output::note(&format!("postroom: letters are kept in {}", context.describe_store()));
        let store = context.open().await?;
        if config.email == Switch::Off {
            output::note("postroom: EMAIL_ENABLED is false: letters are accepted and wait");
            signals.stop.cancelled().await;
            return Ok(());
        }
        let worker = Worker::new(mailroom(config, &store)?, store.tracker.clone(), config.worker.clone());
        output::note(&format!("postroom: worker {} is at work; Ctrl-C to stop", worker.id()));
        let report = worker.run(&signals).await?;
        output::note(&format!("postroom: left; {} letters settled, {} unfinished", report.settled, report.unfinished));
        Ok(())
    }
}

/// Everything that the worker needs, at once.
fn check(config: &Config) -> Result<(), Mistakes> {
    let mut mistakes = wiring::transports(config).err().map(|mistakes| mistakes.0).unwrap_or_default();
    if config.workflows.is_none() {
        mistakes
            .push(Invalid::new("SMTP_FROM_ADDRESS", "is missing; letters need a sender, such as noreply@example.org"));
    }
    if mistakes.is_empty() { Ok(()) } else { Err(Mistakes(mistakes)) }
}

fn mailroom(config: &Config, store: &Store) -> Result<Mailroom, Failure> {
    let Some(workflows) = config.workflows.clone() else {
        return Err(Failure::usage("SMTP_FROM_ADDRESS: is missing; letters need a sender"));
    };
    Ok(Mailroom {
        queue: store.queue.clone(),
        workers: store.workers.clone(),
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
fn listen(signals: &Signals) -> Result<(), Failure> {
    let hear = |kind| signal(kind).map_err(|e| Failure::usage(format!("signals cannot be heard: {e}")));
    let (mut term, mut int) = (hear(SignalKind::terminate())?, hear(SignalKind::interrupt())?);
    let signals = signals.clone();
    tokio::spawn(async move {
        for token in [&signals.stop, &signals.now] {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
            output::note(if signals.stop.is_cancelled() {
                "postroom: leaving at once"
            } else {
                "postroom: finishing what is on its way; once more to leave at once"
            });
            token.cancel();
        }
    });
    Ok(())
}
