//! How things stand when somebody looks.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use postroom_domain::status::Status;
use postroom_domain::time::Timestamp;
use postroom_ports::clock::Clock;
use postroom_ports::error::PortError;
use postroom_ports::pauses::{Pause, Paused};
use postroom_ports::pool::PoolUse;
use postroom_ports::statistics::{Summary, Window};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::Ways;
use super::labels::{ConnectionLabels, KindLabel, PoolLabel, ProviderLabel};
use crate::pulse::Condition;
use crate::wiring::Store;

/// The store is asked again after this long at the earliest, however many look.
const FRESH: Duration = Duration::from_secs(5);
/// How long the store may take; it has more important things to do.
const PATIENCE: Duration = Duration::from_secs(3);

/// A figure that may be unknown: NaN then, which no alert takes for a number.
type Figure = Gauge<f64, AtomicU64>;

/// Gauges.
#[derive(Debug)]
pub(super) struct Standing {
    store_up: Figure,
    queue_depth: Figure,
    queue_waiting: Figure,
    queue_oldest_age: Figure,
    in_flight: Figure,
    in_doubt: Figure,
    dead_letters: Figure,
    pauses: Family<KindLabel, Figure>,
    worker_beating: Figure,
    transport_open: Family<ProviderLabel, Figure>,
    transport_paused: Family<ProviderLabel, Figure>,
    connections: Family<ConnectionLabels, Figure>,
    most_connections: Family<PoolLabel, Figure>,
    /// When the store was asked last, on the clock's elapsed time. Whoever holds it asks, and the others wait for the
    /// same answer: that is what keeps many lookers from being many questions.
    asked: Mutex<Option<Duration>>,
}

impl Standing {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let standing = Self {
            store_up: Figure::default(),
            queue_depth: Figure::default(),
            queue_waiting: Figure::default(),
            queue_oldest_age: Figure::default(),
            in_flight: Figure::default(),
            in_doubt: Figure::default(),
            dead_letters: Figure::default(),
            pauses: Family::default(),
            worker_beating: Figure::default(),
            transport_open: Family::default(),
            transport_paused: Family::default(),
            connections: Family::default(),
            most_connections: Family::default(),
            asked: Mutex::default(),
        };
        let mut gauge = |name: &str, help: &str, gauge: &Figure| registry.register(name, help, gauge.clone());
        gauge("store_up", "Whether the store answered: 1 or 0", &standing.store_up);
        gauge("queue_depth", "Letters that wait and are due", &standing.queue_depth);
        gauge("queue_waiting", "Letters that wait, due or not", &standing.queue_waiting);
        gauge("in_flight", "Letters that workers hold under a lease", &standing.in_flight);
        gauge(Status::InDoubt.as_str(), "Letters of which nobody knows whether they were accepted", &standing.in_doubt);
        gauge("dead_letters", "Letters that were given up", &standing.dead_letters);
        gauge("worker_beating", "Whether this process's worker reaches the store: 1 or 0", &standing.worker_beating);
        let help = "How long the oldest due letter has been due";
        registry.register_with_unit("queue_oldest_age", help, Unit::Seconds, standing.queue_oldest_age.clone());
        registry.register("pauses", "Pauses in force", standing.pauses.clone());
        let help = "Whether this process gives the transport letters: 1, or 0 while it is in trouble";
        registry.register("transport_open", help, standing.transport_open.clone());
        let help = "Whether a person paused the transport: 1 or 0";
        registry.register("transport_paused", help, standing.transport_paused.clone());
        let help = "Open connections to the store";
        registry.register("pool_connections", help, standing.connections.clone());
        let help = "How many connections may be open";
        registry.register("pool_max_connections", help, standing.most_connections.clone());
        standing
    }

    /// Asks the store, unless somebody just did.
    pub(super) async fn read(&self, store: &Store, clock: &dyn Clock) {
        let mut asked = self.asked.lock().await;
        if asked.is_some_and(|at| clock.elapsed().saturating_sub(at) < FRESH) {
            return;
        }
        let answer = timeout(PATIENCE, ask(store)).await;
        *asked = Some(clock.elapsed());
        match answer {
            Ok(Ok((summary, pauses))) => self.known(&summary, &pauses),
            Ok(Err(error)) => {
                tracing::debug!(%error, "the store has no figures");
                self.unknown();
            }
            Err(_) => self.unknown(),
        }
    }

    fn known(&self, summary: &Summary, pauses: &[Pause]) {
        let oldest = summary.oldest_due_at.map_or(Duration::ZERO, |due| summary.now.since(due));
        self.store_up.set(1.0);
        self.queue_oldest_age.set(oldest.as_secs_f64());
        for (gauge, count) in [
            (&self.queue_depth, summary.due),
            (&self.queue_waiting, summary.waiting),
            (&self.in_flight, summary.in_flight),
            (&self.in_doubt, summary.in_doubt),
            (&self.dead_letters, summary.dead_letters),
        ] {
            gauge.set(number(count));
        }
        for kind in Paused::KINDS {
            let count = pauses.iter().filter(|pause| pause.what.kind() == kind).count();
            self.pauses.get_or_create(&KindLabel { kind }).set(number(u64::try_from(count).unwrap_or(u64::MAX)));
        }
    }

    fn unknown(&self) {
        self.store_up.set(0.0);
        for gauge in [
            &self.queue_depth,
            &self.queue_waiting,
            &self.queue_oldest_age,
            &self.in_flight,
            &self.in_doubt,
            &self.dead_letters,
        ] {
            gauge.set(f64::NAN);
        }
        for kind in Paused::KINDS {
            self.pauses.get_or_create(&KindLabel { kind }).set(f64::NAN);
        }
    }

    /// The worker of this process, where it has one.
    pub(super) fn worker(&self, condition: Option<Condition>) {
        self.worker_beating.set(match condition {
            None => f64::NAN,
            Some(Condition::Beating) => 1.0,
            Some(Condition::Silent) => 0.0,
        });
    }

    pub(super) fn pools(&self, pools: &[PoolUse]) {
        for used in pools {
            let pool = used.pool;
            for (state, count) in [("idle", used.idle), ("in_use", used.in_use)] {
                self.connections.get_or_create(&ConnectionLabels { pool, state }).set(number(count));
            }
            self.most_connections.get_or_create(&PoolLabel { pool }).set(number(used.most));
        }
    }

    pub(super) fn ways(&self, ways: &Ways) {
        for name in &ways.names {
            let label = ProviderLabel { provider: name.as_str().to_owned() };
            self.transport_open.get_or_create(&label).set(f64::from(!ways.health.is_resting(name)));
            self.transport_paused.get_or_create(&label).set(f64::from(ways.health.is_paused(name)));
        }
    }
}

/// How the queue stands, which a summary says whatever its window: an empty one costs next to nothing beside.
async fn ask(store: &Store) -> Result<(Summary, Vec<Pause>), PortError> {
    let window = Window { from: Timestamp::EPOCH, until: Timestamp::EPOCH, tenant_id: None };
    tokio::try_join!(store.statistics.summary(&window), store.pauses.paused())
}

#[expect(clippy::cast_precision_loss, reason = "the format knows no other numbers")]
const fn number(count: u64) -> f64 {
    count as f64
}
