//! What is counted as it happens.

use std::time::Duration;

use postroom_domain::lifecycle::Alarm;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::labels::{
    AlarmLabels, AttemptLabels, DeliveryLabels, ProviderLabel, RequestLabels, RouteLabels, StepLabel, WorkflowLabel,
    class, method,
};

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// How long a provider takes with one letter: from a fast server next door to the longest time-outs.
fn sending() -> Histogram {
    Histogram::new([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 600.0])
}

/// How long a letter waits: an idle worker is woken in milliseconds, an outage takes hours.
fn waiting() -> Histogram {
    Histogram::new([0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 21600.0, 86400.0])
}

/// How many letters go through one statement.
fn batches() -> Histogram {
    Histogram::new([0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0])
}

/// How long a request takes.
fn answering() -> Histogram {
    Histogram::new([0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0])
}

/// Counters and histograms.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) deliveries: Family<DeliveryLabels, Counter>,
    pub(super) attempts: Family<AttemptLabels, Counter>,
    pub(super) send_seconds: Histograms<ProviderLabel>,
    pub(super) queue_seconds: Histogram,
    pub(super) batch_letters: Histograms<StepLabel>,
    pub(super) template_errors: Family<WorkflowLabel, Counter>,
    pub(super) alarms: Family<AlarmLabels, Counter>,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Histograms<RouteLabels>,
}

impl Counted {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let counted = Self {
            deliveries: Family::default(),
            attempts: Family::default(),
            send_seconds: Family::new_with_constructor(sending),
            queue_seconds: waiting(),
            batch_letters: Family::new_with_constructor(batches),
            template_errors: Family::default(),
            alarms: Family::default(),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(answering),
        };
        registry.register("deliveries", "Changes of status that were committed", counted.deliveries.clone());
        registry.register("attempts", "Letters handed to a transport, by its answer", counted.attempts.clone());
        let help = "How long a transport took with a letter";
        registry.register_with_unit("send", help, Unit::Seconds, counted.send_seconds.clone());
        let help = "How long a letter waited for its first claim";
        registry.register_with_unit("queue", help, Unit::Seconds, counted.queue_seconds.clone());
        registry.register("batch_letters", "Letters in one claim or settle", counted.batch_letters.clone());
        let help = "Letters that failed because they could not be rendered";
        registry.register("template_errors", help, counted.template_errors.clone());
        let help = "Alarms that were raised, and whether somebody could be told";
        registry.register("alarms", help, counted.alarms.clone());
        // They begin at zero, so that the first of its kind is seen as a rise.
        for alarm in [Alarm::DeadLetter, Alarm::Poison, Alarm::Misconfigured, Alarm::Outage, Alarm::Held] {
            for outcome in ["told", "failed"] {
                drop(counted.alarms.get_or_create(&AlarmLabels { alarm: alarm.as_str(), outcome }));
            }
        }
        registry.register("http_requests", "Requests that were answered", counted.requests.clone());
        let help = "How long it took to answer a request";
        registry.register_with_unit("http_request", help, Unit::Seconds, counted.request_seconds.clone());
        counted
    }

    pub(super) fn request(&self, route: &str, verb: &str, status: u16, took: Duration) {
        let (route, method) = (route.to_owned(), method(verb));
        let labels = RequestLabels { route: route.clone(), method, status: class(status) };
        self.requests.get_or_create(&labels).inc();
        self.request_seconds.get_or_create(&RouteLabels { route, method }).observe(took.as_secs_f64());
    }
}
