use postroom_domain::id::DeliveryId;
use postroom_domain::lifecycle::{DeliveryState, Transition};
use postroom_domain::status::Status;

use super::labels::MOST_WORKFLOWS;
use super::*;
use crate::system::SystemClock;

fn metrics() -> Metrics {
    Metrics::new(Arc::new(SystemClock::start()))
}

fn text(metrics: &Metrics) -> String {
    let mut text = String::new();
    encode(&mut text, &metrics.0.registry).unwrap();
    text
}

#[test]
fn workflows_beyond_the_bound_share_one_label() {
    let metrics = metrics();
    let workflow = |number: usize| Workflow::parse(format!("flow-{number}")).unwrap();
    for number in 0..MOST_WORKFLOWS {
        assert_eq!(metrics.workflow(&workflow(number)), format!("flow-{number}"));
    }
    assert_eq!(metrics.workflow(&workflow(MOST_WORKFLOWS)), "other");
    assert_eq!(metrics.workflow(&workflow(0)), "flow-0", "those that are known keep theirs");
}

#[test]
fn requests_are_told_apart_by_route_and_class_and_nothing_that_callers_choose() {
    let metrics = metrics();
    metrics.request("/api/deliveries/{id}", "GET", 404, Duration::from_millis(3));
    metrics.request("none", "BREW-reader@example.org", 405, Duration::ZERO);
    let text = text(&metrics);
    assert!(
        text.contains("postroom_http_requests_total{route=\"/api/deliveries/{id}\",method=\"GET\",status=\"4xx\"} 1")
    );
    assert!(text.contains("postroom_http_requests_total{route=\"none\",method=\"other\",status=\"4xx\"} 1"), "{text}");
    assert!(!text.contains('@'));
}

#[test]
fn a_transition_is_counted_by_what_answered_and_handed_on() {
    let metrics = metrics();
    let heard = Arc::new(postroom_ports::memory::RecordingObserver::default());
    let observer = metrics.observer(heard.clone());
    let (id, workflow) = (DeliveryId::parse("letter-1").unwrap(), Workflow::parse("invite").unwrap());
    let transition = Transition {
        from: Status::InProgress,
        next: DeliveryState { status: Status::Sent, ..DeliveryState::queued(postroom_domain::time::Timestamp::EPOCH) },
        due_in: None,
        code: None,
        detail: postroom_domain::detail::Detail::default(),
        effects: Vec::new(),
    };
    observer.committed(&id, &workflow, Some(&TransportName::parse("smtp").unwrap()), &transition);
    assert_eq!(heard.committed().len(), 1);
    let text = text(&metrics);
    let line = "postroom_deliveries_total{workflow=\"invite\",status=\"sent\",provider=\"smtp\"} 1";
    assert!(text.contains(line), "{text}");
    assert!(!text.contains("letter-1"));
}

#[test]
fn every_registry_is_its_own() {
    let (one, other) = (metrics(), metrics());
    one.request("none", "GET", 200, Duration::ZERO);
    assert!(!text(&other).contains("postroom_http_requests_total{"));
}
