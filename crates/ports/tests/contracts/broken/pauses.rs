use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::id::PauseReason;
use postroom_ports::error::PortError;
use postroom_ports::pauses::{Pause, PauseBoard, Paused, Resumed};
use postroom_ports::queue::{Batch, ClaimRequest, DeliveryQueue};

use super::store::{BrokenStore, Fault};

#[async_trait]
impl PauseBoard for BrokenStore {
    async fn pause(
        &self,
        what: &Paused,
        lasting: Option<Duration>,
        reason: Option<PauseReason>,
    ) -> Result<Pause, PortError> {
        let (mut lasting, mut reason) = (lasting, reason);
        match self.fault {
            Fault::PauseForgetsItsReason => reason = None,
            Fault::PausesNeverEnd => lasting = None,
            Fault::PausesEndOfThemselves => lasting = lasting.or(Some(Duration::from_hours(24))),
            Fault::TheFirstPauseStands => {
                if let Some(first) = self.paused().await?.into_iter().find(|pause| pause.what == *what) {
                    return Ok(first);
                }
            }
            _ => {}
        }
        let pause = self.inner.pause(what, lasting, reason).await?;
        match (self.fault, what) {
            (Fault::PausesHoldNoTenant, Paused::Tenant(_)) | (Fault::PausesHoldNoWorkflow, Paused::Workflow(_)) => {
                self.inner.resume(what).await?;
            }
            _ => {}
        }
        Ok(pause)
    }

    async fn resume(&self, what: &Paused) -> Result<Resumed, PortError> {
        match self.fault {
            Fault::ResumeOnlySaysSo => return Ok(Resumed::Done),
            Fault::ResumeEndsAllOfThatName => {
                for pause in self.paused().await?.into_iter().filter(|pause| pause.what.name() == what.name()) {
                    self.inner.resume(&pause.what).await?;
                }
                return Ok(Resumed::Done);
            }
            _ => {}
        }
        self.inner.resume(what).await
    }

    async fn paused(&self) -> Result<Vec<Pause>, PortError> {
        self.inner.paused().await
    }
}

impl BrokenStore {
    /// A claim that takes what is paused and then does not hand it out.
    pub(super) async fn claimed_and_kept_back(&self, request: &ClaimRequest) -> Result<Batch, PortError> {
        let paused = self.inner.paused().await?;
        for pause in &paused {
            self.inner.resume(&pause.what).await?;
        }
        let mut batch = self.inner.claim(request).await?;
        for pause in paused {
            self.inner.pause(&pause.what, None, pause.reason).await?;
            batch.claims.retain(|claim| pause.what != Paused::Workflow(claim.letter.workflow.clone()));
        }
        Ok(batch)
    }
}
