//! `postroom serve`: the API and the dashboard, and a worker beside them.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use postroom_ports::access::TokenBook;
use postroom_ports::error::PortError;
use tokio::net::TcpListener;

use super::Failure;
use super::context::Context;
use super::worker;
use crate::accept::Door;
use crate::config::{MetricsAccess, Mistakes, Switch, parse_listen};
use crate::http::access::{Access, Rates};
use crate::http::health::SchemaCheck;
use crate::http::{self, Desk};
use crate::inbox::{self, Inbox};
use crate::metrics::Metrics;
use crate::pulse::Pulse;
use crate::requests::Requests;
use crate::service;
use crate::system::{LogObserver, SystemChance, SystemClock};
use crate::tokens::Tokens;
use crate::waiting::Held;
use crate::wiring::Store;
use crate::worker::Signals;

/// Serves the API and the dashboard, and sends letters, until told to stop (SIGTERM, Ctrl-C; twice to leave at once).
#[derive(Args, Debug)]
#[command(
    after_help = "It listens on this machine alone (127.0.0.1:8321) unless --listen says otherwise, and on others only \
                  once there is a token: `postroom tokens create`. With EMAIL_WORKER_ENABLED=false it serves and sends \
                  nothing.\n\nWithout DATABASE_URL letters are kept in a file in your data folder (--data-dir).\n\n\
                  Examples:\n  postroom serve --open --capture            on your own machine, while you develop\n  \
                  postroom tokens create --name shop --scope enqueue\n  postroom serve --listen 0.0.0.0:8321"
)]
pub(super) struct Serve {
    /// Where to listen: an IP address and a port [default: 127.0.0.1:8321]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Let everybody on this machine in without a token; refused where others could reach it
    #[arg(long)]
    open: bool,
    /// For development: catch every letter in this process instead of sending it, and show it in the dashboard's inbox
    #[arg(long)]
    capture: bool,
}

impl Serve {
    /// Runs it.
    ///
    /// # Errors
    /// A configuration that cannot work, a port that is taken, or a store that is not migrated.
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let listen = match &self.listen {
            Some(text) => parse_listen(text).map_err(|mistake| Mistakes(vec![mistake.in_field("--listen")]))?,
            None => context.config.http.listen,
        };
        let access = self.access(listen)?;
        let inbox = self.inbox(listen).await?;
        let context = &captured(context, inbox.as_deref())?;
        let config = &context.config;
        let sends = config.worker_enabled == Switch::On && config.email == Switch::On;
        let mistakes = if sends { worker::mistakes(config) } else { Vec::new() };
        if !mistakes.is_empty() {
            context.announce("to serve without sending, set EMAIL_WORKER_ENABLED=false");
            return Err(Mistakes(mistakes).into());
        }
        context.announce(&format!("letters are kept in {}", context.describe_store()));
        let signals = Signals::default();
        worker::listen(&signals, context.log_format)?;
        let store = context.open().await?;
        admit_somebody(context, &*store.tokens, access, listen).await?;
        let (listener, address) = bind(listen).await?;
        let pulse = Pulse::new(Arc::new(SystemClock::start()));
        let metrics = Metrics::new(Arc::new(SystemClock::start()));
        let admission = Admission { access, watched: watched(context, access, listen) };
        let desk = Desk { inbox, ..desk(context, &store, admission, sends.then(|| pulse.clone()), &metrics)? };
        let desk = Arc::new(desk);
        context.announce(&format!("the API and the dashboard are at http://{address}; Ctrl-C to stop"));
        let server = tokio::spawn(http::listen::serve(listener, http::router(&desk), signals.stop.clone()));
        let worked = if sends {
            worker::work(context, &store, &worker::Watched { pulse, metrics }, &signals).await
        } else {
            wait(context, &signals).await
        };
        // Where the worker cannot go on, serving alone would look as if letters left.
        signals.stop.cancel();
        let farewell = server.await.map_err(|_| Failure::refused("the server came to a sudden end"))?;
        farewell.map_err(|error| Failure::refused(format!("the server could not go on: {}", error.kind())))?;
        worked
    }

    /// The inbox that catches every letter, where one is wanted.
    async fn inbox(&self, listen: SocketAddr) -> Result<Option<Arc<Inbox>>, Failure> {
        if !self.capture {
            return Ok(None);
        }
        if !listen.ip().is_loopback() {
            return Err(Failure::usage(format!(
                "--capture: {listen} can be reached from other machines, and whoever looks would read everybody's letters; \
                 it is for development on your own machine"
            )));
        }
        let inbox = inbox::start().await;
        inbox
            .map(|inbox| Some(Arc::new(inbox)))
            .map_err(|error| Failure::refused(format!("the inbox cannot start: {error}")))
    }

    fn access(&self, listen: SocketAddr) -> Result<Access, Failure> {
        match (self.open, listen.ip().is_loopback()) {
            (false, _) => Ok(Access::Tokens),
            (true, true) => Ok(Access::Open),
            (true, false) => Err(Failure::usage(format!(
                "--open: {listen} can be reached from other machines; everybody there could read and send letters. Leave \
                 --open out and make tokens: `postroom tokens create`"
            ))),
        }
    }
}

/// A listener, and the address that it got.
async fn bind(listen: SocketAddr) -> Result<(TcpListener, SocketAddr), Failure> {
    let bound = TcpListener::bind(listen).await.and_then(|listener| {
        let address = listener.local_addr()?;
        Ok((listener, address))
    });
    bound.map_err(|error| {
        let kind = error.kind();
        Failure::usage(format!("--listen {listen}: cannot listen there: {kind}; choose another with --listen"))
    })
}

/// The same context, but that every letter goes to the inbox, where there is one.
fn captured(context: &Context, inbox: Option<&Inbox>) -> Result<Context, Failure> {
    let Some(inbox) = inbox else { return Ok(context.clone()) };
    let config = context.config.captured_at(inbox.addr()).map_err(Failure::from_invalid)?;
    context.announce("letters are caught in this process: nothing leaves this machine");
    Ok(Context { config, ..context.clone() })
}

/// Where nobody has a token, nobody can come in: on loopback that is said, elsewhere it is refused.
async fn admit_somebody(
    context: &Context,
    tokens: &dyn TokenBook,
    access: Access,
    listen: SocketAddr,
) -> Result<(), Failure> {
    if access == Access::Open {
        context.announce("access is open: everybody on this machine may read and send letters");
        return Ok(());
    }
    if has_any(tokens).await? {
        return Ok(());
    }
    let how = "`postroom tokens create --name me --scope enqueue,read,operate,addresses` makes one";
    if !listen.ip().is_loopback() {
        return Err(Failure::usage(format!("--listen {listen}: is not served before there is a token; {how}")));
    }
    context.announce(&format!("nobody can come in yet: {how}, or say --open on your own machine"));
    Ok(())
}

/// Whether some token is still good.
async fn has_any(tokens: &dyn TokenBook) -> Result<bool, PortError> {
    for token in tokens.list().await? {
        if tokens.find(&token.token_id).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Who comes in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Admission {
    /// To the API and the dashboard.
    pub(super) access: Access,
    /// To the figures.
    pub(super) watched: Access,
}

/// Who may read the figures of a server that listens there.
pub(super) fn watched(context: &Context, access: Access, listen: SocketAddr) -> Access {
    match context.config.http.metrics {
        Some(MetricsAccess::Open) => Access::Open,
        Some(MetricsAccess::Token) => access,
        None if listen.ip().is_loopback() => Access::Open,
        None => Access::Tokens,
    }
}

pub(super) fn desk(
    context: &Context,
    store: &Store,
    admission: Admission,
    pulse: Option<Pulse>,
    metrics: &Metrics,
) -> Result<Desk, Failure> {
    let config = &context.config;
    let templates = Arc::new(context.templates()?);
    let languages = config.languages.clone();
    let door = Door::new(store.queue.clone(), templates.clone(), Arc::new(SystemChance));
    Ok(Desk {
        store: store.clone(),
        door: door.in_languages(languages.clone()),
        requests: Requests::new(store.queue.clone(), metrics.observer(Arc::new(LogObserver))),
        tokens: Tokens::new(store.tokens.clone()),
        templates,
        languages,
        access: admission.access,
        watched: admission.watched,
        metrics: metrics.clone(),
        rates: Rates::per_second(config.http.rate),
        schema: Some(SchemaCheck::of(context.store_settings()?.clone())),
        settings: config.http.clone(),
        pulse,
        held: Held::by(config),
        inbox: None,
    })
}

async fn wait(context: &Context, signals: &Signals) -> Result<(), Failure> {
    let why = if context.config.email == Switch::Off { "EMAIL_ENABLED" } else { "EMAIL_WORKER_ENABLED" };
    context.announce(&format!("{why} is false: letters are accepted and wait"));
    service::ready(None);
    signals.stop.cancelled().await;
    Ok(())
}
