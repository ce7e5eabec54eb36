//! Transitions and alarms, counted on their way to those who hear of them.

use std::sync::Arc;

use async_trait::async_trait;
use postroom_domain::failure::Code;
use postroom_domain::id::{DeliveryId, TransportName, Workflow};
use postroom_domain::lifecycle::Transition;
use postroom_domain::status::Status;
use postroom_ports::error::PortError;
use postroom_ports::sinks::{Alert, Notifier, Observer};

use super::Metrics;
use super::labels::{AlarmLabels, DeliveryLabels, WorkflowLabel};

#[derive(Debug)]
pub(super) struct CountingObserver {
    pub(super) metrics: Metrics,
    pub(super) next: Arc<dyn Observer>,
}

impl Observer for CountingObserver {
    fn committed(
        &self,
        delivery: &DeliveryId,
        workflow: &Workflow,
        provider: Option<&TransportName>,
        transition: &Transition,
    ) {
        let (name, status) = (self.metrics.workflow(workflow), transition.next.status);
        let is_template = transition.code.as_ref().is_some_and(|code| code.as_str() == Code::TEMPLATE);
        // They begin at zero with the first letter of the workflow, so that the first error is seen as a rise.
        let errors =
            self.metrics.counted().template_errors.get_or_create_owned(&WorkflowLabel { workflow: name.clone() });
        if status == Status::Failed && is_template {
            errors.inc();
        }
        let provider_name = provider.map_or("none", TransportName::as_str).to_owned();
        let labels = DeliveryLabels { workflow: name, status: status.as_str(), provider: provider_name };
        self.metrics.counted().deliveries.get_or_create(&labels).inc();
        self.next.committed(delivery, workflow, provider, transition);
    }
}

#[derive(Debug)]
pub(super) struct CountingNotifier {
    pub(super) metrics: Metrics,
    pub(super) next: Arc<dyn Notifier>,
}

#[async_trait]
impl Notifier for CountingNotifier {
    async fn alert(&self, alert: &Alert) -> Result<(), PortError> {
        let told = self.next.alert(alert).await;
        let outcome = if told.is_ok() { "told" } else { "failed" };
        let labels = AlarmLabels { alarm: alert.alarm.as_str(), outcome };
        self.metrics.counted().alarms.get_or_create(&labels).inc();
        told
    }
}
