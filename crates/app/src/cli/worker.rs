//! `postroom worker`.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use postroom_domain::invalid::Invalid;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Failure;
use super::context::{Context, announce};
use super::serve::{self, Admission};
use crate::config::{Config, Mistakes, Switch, parse_listen};
use crate::http;
use crate::http::access::Access;
use crate::mailroom::Mailroom;
use crate::metrics::Metrics;
use crate::pulse::Pulse;
use crate::service;
use crate::system::{LogNotifier, LogObserver, SystemChance, SystemClock};
use crate::telemetry::LogFormat;
use crate::wiring::{self, Schema, Store};
use crate::worker::{Signals, Worker};

/// Claims, renders, sends and settles letters until it is told to stop.
#[derive(Args, Debug)]
pub(super) struct WorkerCommand {
    /// Where to show how the worker is (/metrics, /healthz, /readyz): an IP address and a port [default: nowhere]
    #[arg(long, value_name = "ADDRESS")]
    metrics: Option<String>,
}

/// How a worker is watched.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    /// Whether it lives.
    pub(super) pulse: Pulse,
    /// What it does.
    pub(super) metrics: Metrics,
}

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
            service::ready(None);
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
        let clock = Arc::new(SystemClock::start());
        let watched = Watched { pulse: Pulse::new(clock.clone()), metrics: Metrics::new(clock) };
        let Some(listen) = self.listen(config)? else { return work(context, &store, &watched, &signals).await };
        let server = show(context, &store, &watched, listen, signals.stop.clone()).await?;
        let worked = work(context, &store, &watched, &signals).await;
        signals.stop.cancel();
        drop(server.await);
        worked
    }

    fn listen(&self, config: &Config) -> Result<Option<SocketAddr>, Failure> {
        let Some(text) = &self.metrics else { return Ok(config.http.worker_listen) };
        let listen = parse_listen(text).map_err(|mistake| Mistakes(vec![mistake.in_field("--metrics")]))?;
        Ok(Some(listen))
    }
}

/// Shows how the worker is: figures and health, and nothing else.
async fn show(
    context: &Context,
    store: &Store,
    watched: &Watched,
    listen: SocketAddr,
    stop: CancellationToken,
) -> Result<JoinHandle<io::Result<()>>, Failure> {
    let admission = Admission { access: Access::Tokens, watched: serve::watched(context, Access::Tokens, listen) };
    let desk = Arc::new(serve::desk(context, store, admission, Some(watched.pulse.clone()), &watched.metrics)?);
    let listener = TcpListener::bind(listen).await.map_err(|error| {
        let kind = error.kind();
        Failure::usage(format!("--metrics {listen}: cannot listen there: {kind}; choose another with --metrics"))
    })?;
    let address = listener.local_addr().unwrap_or(listen);
    context.announce(&format!("the worker's figures are at http://{address}/metrics"));
    Ok(tokio::spawn(http::listen::serve(listener, http::watching(&desk), stop)))
}

/// Works until told to stop.
///
/// # Errors
/// As [`WorkerCommand::run`].
pub(super) async fn work(
    context: &Context,
    store: &Store,
    watched: &Watched,
    signals: &Signals,
) -> Result<(), Failure> {
    let config = &context.config;
    let store = Store { workers: watched.pulse.on(store.workers.clone()), ..store.clone() };
    if cfg!(feature = "faults") {
        context.announce("this build has fault points; it is for tests alone");
    }
    let room = watched.metrics.on(mailroom(config, &store)?);
    let transports = room.transports.iter().map(|transport| transport.name()).collect();
    let worker = Worker::new(room, store.tracker.clone(), config.worker.clone());
    context.announce(&format!("worker {} is at work; Ctrl-C to stop", worker.id()));
    watched.metrics.show(transports, worker.health().clone());
    service::ready(Some(watched.pulse.clone()));
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
            service::stopping();
            announce(format, text);
            token.cancel();
        }
    });
    Ok(())
}
