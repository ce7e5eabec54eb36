//! What is paused by people.

use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::id::PauseReason;
use postroom_domain::time::Timestamp;

use super::MemoryStore;
use super::store::{Record, Tables};
use crate::error::PortError;
use crate::pauses::{LONGEST, Pause, PauseBoard, Paused, Resumed};

#[async_trait]
impl PauseBoard for MemoryStore {
    async fn pause(
        &self,
        what: &Paused,
        lasting: Option<Duration>,
        reason: Option<PauseReason>,
    ) -> Result<Pause, PortError> {
        let (mut tables, now) = self.begin();
        let pause =
            Pause { what: what.clone(), since: now, until: lasting.map(|time| now.plus(time.min(LONGEST))), reason };
        tables.pauses.insert(what.clone(), pause.clone());
        Ok(pause)
    }

    async fn resume(&self, what: &Paused) -> Result<Resumed, PortError> {
        let (mut tables, now) = self.begin();
        let was = tables.is_paused(what, now);
        tables.pauses.remove(what);
        tables.ring();
        Ok(if was { Resumed::Done } else { Resumed::WasNot })
    }

    async fn paused(&self) -> Result<Vec<Pause>, PortError> {
        let (tables, now) = self.begin();
        Ok(tables.pauses.values().filter(|pause| is_in_force(pause, now)).cloned().collect())
    }
}

impl Tables {
    /// Whether a person paused the letter's tenant or workflow.
    pub(super) fn is_held_back(&self, record: &Record, now: Timestamp) -> bool {
        let tenant = record.delivery.tenant_id.clone().map(Paused::Tenant);
        let workflow = Paused::Workflow(record.delivery.workflow.clone());
        !self.pauses.is_empty() && tenant.iter().chain([&workflow]).any(|what| self.is_paused(what, now))
    }

    fn is_paused(&self, what: &Paused, now: Timestamp) -> bool {
        self.pauses.get(what).is_some_and(|pause| is_in_force(pause, now))
    }
}

fn is_in_force(pause: &Pause, now: Timestamp) -> bool {
    pause.until.is_none_or(|until| until > now)
}
