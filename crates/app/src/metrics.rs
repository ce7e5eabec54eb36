//! Figures for whoever watches: what this process did since its start, and how things stand when somebody looks.
//!
//! ```text
//!  observer · notifier · transports · queue ──▶ counted (counters, histograms)  ─┐
//!  statistics · pauses · health · pools · pulse ──▶ standing (gauges, at a look) ─┴▶ GET /metrics
//! ```
//!
//! The parts are counted where they are wired: each is wrapped, and does what it did before. No label holds an id, an
//! address, a tenant or what somebody wrote; `docs/metrics.md` lists all of them.
//!
//! # How to add a metric
//! One that counts is a field of `Counted`, one that is looked at a field of `Standing`; both are registered where
//! they are made. Add its row to `docs/metrics.md`: a test compares.
//!
//! # What is deliberately absent
//! No global registry: each process, and each test, has its own. No process metrics: whoever runs the process has them.

mod counted;
mod labels;
mod queue;
mod sinks;
mod standing;
mod transport;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use postroom_domain::id::{TransportName, Workflow};
use postroom_ports::clock::Clock;
use postroom_ports::queue::DeliveryQueue;
use postroom_ports::sinks::{Notifier, Observer};
use postroom_ports::transport::MailTransport;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use self::counted::Counted;
use self::labels::KnownWorkflows;
use self::standing::Standing;
use crate::health::Health;
use crate::mailroom::Mailroom;
use crate::pulse::Pulse;
use crate::wiring::Store;

/// The media type of what [`Metrics::scrape`] gives.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The figures of one process. Clones share them.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    counted: Counted,
    standing: Standing,
    workflows: KnownWorkflows,
    clock: Arc<dyn Clock>,
    ways: OnceLock<Ways>,
}

/// The ways out of this process's worker, and how they are doing.
struct Ways {
    names: Vec<TransportName>,
    health: Arc<Health>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// Nothing happened yet. `clock` measures how long things take.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let mut registry = Registry::with_prefix("postroom");
        let version = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The version of this program", version);
        let (counted, standing) = (Counted::new(&mut registry), Standing::new(&mut registry));
        let workflows = KnownWorkflows::default();
        Self(Arc::new(Inner { registry, counted, standing, workflows, clock, ways: OnceLock::new() }))
    }

    /// The same ports, each counting what goes through it.
    #[must_use]
    pub fn on(&self, room: Mailroom) -> Mailroom {
        for workflow in room.workflows.own.keys() {
            self.0.workflows.label(workflow);
        }
        Mailroom {
            queue: self.queue(room.queue),
            transports: room.transports.into_iter().map(|transport| self.transport(transport)).collect(),
            observer: self.observer(room.observer),
            notifier: self.notifier(room.notifier),
            ..room
        }
    }

    /// An observer that counts, and hands on to `next`.
    #[must_use]
    pub fn observer(&self, next: Arc<dyn Observer>) -> Arc<dyn Observer> {
        Arc::new(sinks::CountingObserver { metrics: self.clone(), next })
    }

    fn notifier(&self, next: Arc<dyn Notifier>) -> Arc<dyn Notifier> {
        Arc::new(sinks::CountingNotifier { metrics: self.clone(), next })
    }

    fn transport(&self, next: Arc<dyn MailTransport>) -> Arc<dyn MailTransport> {
        Arc::new(transport::CountingTransport { metrics: self.clone(), next })
    }

    fn queue(&self, next: Arc<dyn DeliveryQueue>) -> Arc<dyn DeliveryQueue> {
        Arc::new(queue::CountingQueue { metrics: self.clone(), next })
    }

    /// Shows these ways out from now on; the first call counts.
    pub fn show(&self, names: Vec<TransportName>, health: Arc<Health>) {
        drop(self.0.ways.set(Ways { names, health }));
    }

    /// One request to the API: `route` is the route's template, never the path that was asked for.
    pub fn request(&self, route: &str, method: &str, status: u16, took: Duration) {
        self.0.counted.request(route, method, status, took);
    }

    /// All figures as `OpenMetrics` text. A store that does not answer in time costs its own figures and no others:
    /// they are NaN then, and `postroom_store_up` is 0.
    ///
    /// # Errors
    /// A figure cannot be written; that is a bug.
    pub async fn scrape(&self, store: &Store, pulse: Option<&Pulse>) -> Result<String, fmt::Error> {
        let inner = &*self.0;
        inner.standing.read(store, &*inner.clock).await;
        inner.standing.worker(pulse.map(Pulse::condition));
        inner.standing.pools(&store.pools.look());
        if let Some(ways) = inner.ways.get() {
            inner.standing.ways(ways);
        }
        let mut text = String::new();
        encode(&mut text, &inner.registry)?;
        Ok(text)
    }

    fn counted(&self) -> &Counted {
        &self.0.counted
    }

    fn elapsed(&self) -> Duration {
        self.0.clock.elapsed()
    }

    fn workflow(&self, workflow: &Workflow) -> String {
        self.0.workflows.label(workflow)
    }
}

#[cfg(test)]
mod tests;
