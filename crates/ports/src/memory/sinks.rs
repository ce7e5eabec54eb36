//! Listeners that remember what they heard.

use std::sync::Mutex;

use async_trait::async_trait;
use postroom_domain::id::{DeliveryId, TransportName, Workflow};
use postroom_domain::lifecycle::Transition;

use super::lock;
use crate::error::PortError;
use crate::sinks::{Alert, DeadLetterSink, Notifier, Observer};

/// Remembers every committed transition, in order.
#[derive(Debug, Default)]
pub struct RecordingObserver(Mutex<Vec<(DeliveryId, Transition)>>);

impl RecordingObserver {
    /// What was committed so far.
    #[must_use]
    pub fn committed(&self) -> Vec<(DeliveryId, Transition)> {
        lock(&self.0).clone()
    }
}

impl Observer for RecordingObserver {
    fn committed(&self, delivery: &DeliveryId, _: &Workflow, _: Option<&TransportName>, transition: &Transition) {
        lock(&self.0).push((delivery.clone(), transition.clone()));
    }
}

/// Remembers every alert.
#[derive(Debug, Default)]
pub struct RecordingNotifier(Mutex<Vec<Alert>>);

impl RecordingNotifier {
    /// What was told so far.
    #[must_use]
    pub fn alerts(&self) -> Vec<Alert> {
        lock(&self.0).clone()
    }
}

#[async_trait]
impl Notifier for RecordingNotifier {
    async fn alert(&self, alert: &Alert) -> Result<(), PortError> {
        lock(&self.0).push(alert.clone());
        Ok(())
    }
}

/// Remembers every letter that was given up.
#[derive(Debug, Default)]
pub struct RecordingDeadLetters(Mutex<Vec<Alert>>);

impl RecordingDeadLetters {
    /// What was given up so far.
    #[must_use]
    pub fn letters(&self) -> Vec<Alert> {
        lock(&self.0).clone()
    }
}

#[async_trait]
impl DeadLetterSink for RecordingDeadLetters {
    async fn put(&self, alert: &Alert) -> Result<(), PortError> {
        lock(&self.0).push(alert.clone());
        Ok(())
    }
}
