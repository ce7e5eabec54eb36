//! Tells the story as it is committed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use postroom_domain::id::{DeliveryId, TransportName, Workflow};
use postroom_domain::lifecycle::Transition;
use postroom_domain::status::Status;
use postroom_ports::sinks::Observer;

use super::cast::Role;
use crate::cli::{Format, print};

/// Knows the letters by their recipients, which is how people know letters.
#[derive(Debug)]
pub(super) struct Narrator {
    format: Format,
    names: Arc<Mutex<BTreeMap<DeliveryId, &'static str>>>,
}

/// What hears of transitions.
#[derive(Debug)]
struct Listener {
    format: Format,
    names: Arc<Mutex<BTreeMap<DeliveryId, &'static str>>>,
}

impl Narrator {
    /// A narrator; a silent one where a JSON document is wanted.
    #[must_use]
    pub(super) fn new(format: Format) -> Self {
        Self { format, names: Arc::default() }
    }

    /// One line.
    pub(super) fn tell(&self, text: &str) {
        if self.format == Format::Text {
            print(text);
        }
    }

    /// A letter enters.
    pub(super) fn meet(&self, id: &DeliveryId, role: &Role) {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), role.recipient);
        self.tell(&format!("  {:<27} {}", role.recipient, role.story));
    }

    /// The observer that tells of every committed transition.
    #[must_use]
    pub(super) fn observer(&self) -> Arc<dyn Observer> {
        Arc::new(Listener { format: self.format, names: self.names.clone() })
    }
}

impl Observer for Listener {
    fn committed(&self, delivery: &DeliveryId, _: &Workflow, _: Option<&TransportName>, transition: &Transition) {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Format::Text, Some(name)) = (self.format, names.get(delivery)) {
            print(&format!("  {name:<27} {}", sentence(transition)));
        }
    }
}

fn sentence(transition: &Transition) -> String {
    let said = if transition.detail.is_empty() { String::new() } else { format!(": {}", transition.detail) };
    let attempt = transition.next.attempts;
    match transition.next.status {
        Status::Queued => "is queued".to_owned(),
        Status::InProgress => format!("is on its way, attempt {attempt}"),
        Status::Retrying => {
            let wait = transition.due_in.unwrap_or_default().as_secs_f32();
            format!("was put off, goes again in {wait:.1} s{said}")
        }
        Status::InDoubt => format!("may or may not have arrived{said}"),
        Status::Sent => "was accepted: sent".to_owned(),
        Status::Failed => format!("was refused for good: failed{said}"),
        Status::DeadLetter => format!("was given up after {attempt} attempts: dead letter{said}"),
        Status::Cancelled => "was called off: cancelled".to_owned(),
    }
}
