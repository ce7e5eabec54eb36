//! What figures are told apart by. Each label has few values, whatever callers send.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use postroom_domain::id::Workflow;
use prometheus_client::encoding::EncodeLabelSet;

/// How many workflows have figures of their own in one process; the rest share `other`.
pub(super) const MOST_WORKFLOWS: usize = 200;
/// What stands for all that has no label of its own.
pub(super) const OTHER: &str = "other";

/// The workflows that have figures of their own: those of the configuration, then those that were seen first.
#[derive(Debug, Default)]
pub(super) struct KnownWorkflows(Mutex<BTreeSet<String>>);

impl KnownWorkflows {
    /// Its own name, or `other` where there are too many.
    pub(super) fn label(&self, workflow: &Workflow) -> String {
        // Each name is whole at every moment.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.contains(workflow.as_str()) {
            if known.len() >= MOST_WORKFLOWS {
                return OTHER.to_owned();
            }
            known.insert(workflow.as_str().to_owned());
        }
        workflow.as_str().to_owned()
    }
}

/// What a letter became.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct DeliveryLabels {
    pub(super) workflow: String,
    pub(super) status: &'static str,
    /// The transport that answered; `none` where none did.
    pub(super) provider: String,
}

/// What a transport answered.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct AttemptLabels {
    pub(super) provider: String,
    pub(super) outcome: &'static str,
}

/// A transport.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct ProviderLabel {
    pub(super) provider: String,
}

/// A workflow.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct WorkflowLabel {
    pub(super) workflow: String,
}

/// A step of the pipeline.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct StepLabel {
    pub(super) step: &'static str,
}

/// An alarm, and whether somebody could be told.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct AlarmLabels {
    pub(super) alarm: &'static str,
    pub(super) outcome: &'static str,
}

/// What is paused.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct KindLabel {
    pub(super) kind: &'static str,
}

/// Connections by what they do.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct ConnectionLabels {
    pub(super) pool: &'static str,
    pub(super) state: &'static str,
}

/// A pool.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct PoolLabel {
    pub(super) pool: &'static str,
}

/// A request.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct RequestLabels {
    pub(super) route: String,
    pub(super) method: &'static str,
    /// `2xx`, `4xx` and so on.
    pub(super) status: &'static str,
}

/// Where a request went.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct RouteLabels {
    pub(super) route: String,
    pub(super) method: &'static str,
}

/// The method, where it is one that somebody serves.
pub(super) fn method(name: &str) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    known.into_iter().find(|known| *known == name).unwrap_or(OTHER)
}

/// The class of a status.
pub(super) const fn class(status: u16) -> &'static str {
    match status / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}
