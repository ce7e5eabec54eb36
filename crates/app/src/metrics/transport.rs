//! A way out, whose answers are counted and timed.

use std::sync::Arc;

use async_trait::async_trait;
use postroom_domain::failure::Failure;
use postroom_domain::id::TransportName;
use postroom_domain::lifecycle::Evidence;
use postroom_ports::transport::{MailTransport, Outgoing, Receipt, TransportCapabilities};

use super::Metrics;
use super::labels::{AttemptLabels, ProviderLabel};

#[derive(Debug)]
pub(super) struct CountingTransport {
    pub(super) metrics: Metrics,
    pub(super) next: Arc<dyn MailTransport>,
}

#[async_trait]
impl MailTransport for CountingTransport {
    fn name(&self) -> TransportName {
        self.next.name()
    }

    fn capabilities(&self) -> TransportCapabilities {
        self.next.capabilities()
    }

    async fn send<'a>(&self, outgoing: Outgoing<'a>) -> Result<Receipt, Failure> {
        let began = self.metrics.elapsed();
        let answer = self.next.send(outgoing).await;
        let took = self.metrics.elapsed().saturating_sub(began);
        let provider = self.next.name().as_str().to_owned();
        let outcome = answer.as_ref().err().map_or("accepted", |failure| failure.class.as_str());
        let counted = self.metrics.counted();
        counted.attempts.get_or_create(&AttemptLabels { provider: provider.clone(), outcome }).inc();
        counted.send_seconds.get_or_create(&ProviderLabel { provider }).observe(took.as_secs_f64());
        answer
    }

    async fn reconcile<'a>(&self, outgoing: Outgoing<'a>) -> Result<Evidence, Failure> {
        self.next.reconcile(outgoing).await
    }
}
