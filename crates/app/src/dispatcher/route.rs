//! Which way a letter goes out.

use std::sync::Arc;
use std::time::Duration;

use postroom_domain::failure::{Code, Failure, FailureClass, Scope};
use postroom_domain::id::{PauseReason, TransportName, Workflow};
use postroom_ports::error::PortError;
use postroom_ports::pauses::{Pause, Paused};
use postroom_ports::queue::Among;
use postroom_ports::transport::MailTransport;

use super::Dispatcher;
use crate::health::{Heeded, Slot};
use crate::mailroom::WorkflowSettings;

/// A transport, and a letter's place on it.
pub(super) type WayOut = (Arc<dyn MailTransport>, Slot);

impl Dispatcher {
    /// Reads what people paused, says in the log what is new about it, and heeds the pauses of
    /// transports from here on; those of tenants and workflows the queue heeds by itself.
    ///
    /// # Errors
    /// Those of the board: then what was known before stays so.
    pub async fn heed_pauses(&self) -> Result<Heeded, PortError> {
        let heeded = self.health.heed(self.room.pauses.paused().await?);
        for pause in &heeded.began {
            let reason = pause.reason.as_ref().map_or("", PauseReason::as_str);
            tracing::warn!(paused = shown(pause), reason, "paused by a person; letters wait");
        }
        for pause in &heeded.ended {
            tracing::info!(paused = shown(pause), "no longer paused");
        }
        Ok(heeded)
    }

    /// Of which workflows letters may go out, as far as people let them: one whose whole route is
    /// paused is not claimed, so that waiting costs it nothing.
    pub(super) fn among(&self) -> Among {
        let workflows = &self.room.workflows;
        let is_open = |settings: &WorkflowSettings| {
            let route = self.route_of(settings);
            route.is_empty() || route.iter().any(|transport| !self.health.is_paused(&transport.name()))
        };
        let (open, closed): (Vec<_>, Vec<_>) = workflows.own.iter().partition(|(_, settings)| is_open(settings));
        let names = |own: Vec<(&Workflow, _)>| own.into_iter().map(|(workflow, _)| workflow.clone()).collect();
        if is_open(&workflows.default) { Among::AllBut(names(closed)) } else { Among::Only(names(open)) }
    }

    /// How many more letters the transports could take between them now.
    pub(super) fn room_outside(&self) -> u32 {
        let now = self.room.clock.elapsed();
        let room = |transport: &Arc<dyn MailTransport>| self.health.room(&transport.name(), now);
        self.room.transports.iter().map(room).fold(0, u32::saturating_add)
    }

    /// How long no letter at all can go out; `None` where one can.
    #[must_use]
    pub fn rest(&self) -> Option<Duration> {
        let rests: Option<Vec<Duration>> =
            self.room.transports.iter().map(|transport| self.rest_of(transport)).collect();
        rests?.into_iter().min()
    }

    /// The first way out on the workflow's route that takes a message of `size` bytes and has
    /// room, and a place on it.
    ///
    /// # Errors
    /// None of them takes such a message: the letter's own fault, found before it travels. Or all
    /// that do rest, or the mailroom has none of them: the letter waits, by no fault of its own,
    /// until the first may be tried again.
    pub(super) fn way_out(&self, workflow: &Workflow, size: usize) -> Result<WayOut, Failure> {
        let (mut route, now) = (self.route(workflow), self.room.clock.elapsed());
        let most = route.iter().filter_map(|transport| transport.capabilities().max_size).max();
        route.retain(|transport| takes(transport, size));
        if route.is_empty()
            && let Some(most) = most
        {
            let detail =
                format!("the message is {size} bytes; no transport of this workflow's route takes over {most}");
            return Err(Failure::new(FailureClass::Rejected, Code::TOO_LARGE, &detail));
        }
        let place = |transport: &Arc<dyn MailTransport>| {
            Some((Arc::clone(transport), self.health.take(&transport.name(), now)?))
        };
        if let Some(open) = route.iter().find_map(place) {
            return Ok(open);
        }
        let retry_after = route.iter().filter_map(|transport| self.rest_of(transport)).min();
        let detail = match retry_after {
            Some(_) => "every transport of this workflow's route is paused, or rests until it works again",
            None => "this worker has none of the transports of this workflow's route",
        };
        Err(Failure::new(FailureClass::Deferred { scope: Scope::Provider, retry_after }, "NO_TRANSPORT", detail))
    }

    /// The first other way out on the workflow's route that is not in trouble.
    pub(super) fn detour(&self, workflow: &Workflow, around: &TransportName) -> Option<TransportName> {
        let mut names = self.route(workflow).into_iter().map(|transport| transport.name());
        names.find(|name| name != around && !self.health.is_troubled(name))
    }

    fn route(&self, workflow: &Workflow) -> Vec<Arc<dyn MailTransport>> {
        self.route_of(self.room.workflows.of(workflow))
    }

    fn route_of(&self, settings: &WorkflowSettings) -> Vec<Arc<dyn MailTransport>> {
        let wanted = &settings.route;
        if wanted.is_empty() {
            return self.room.transports.clone();
        }
        let by_name =
            |name: &TransportName| self.room.transports.iter().find(|transport| transport.name() == *name).cloned();
        wanted.iter().filter_map(by_name).collect()
    }

    fn rest_of(&self, transport: &Arc<dyn MailTransport>) -> Option<Duration> {
        self.health.rest(&transport.name(), self.room.clock.elapsed())
    }
}

/// What is paused, for the log: a tenant may be called by an address.
fn shown(pause: &Pause) -> String {
    match &pause.what {
        Paused::Tenant(_) => "a tenant".to_owned(),
        what => what.to_string(),
    }
}

/// Whether a transport takes a message of that many bytes, as far as it says.
fn takes(transport: &Arc<dyn MailTransport>, size: usize) -> bool {
    let size = u64::try_from(size).unwrap_or(u64::MAX);
    transport.capabilities().max_size.is_none_or(|most| size <= most)
}
