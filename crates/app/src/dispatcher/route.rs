//! Which way a letter goes out.

use std::sync::Arc;
use std::time::Duration;

use postroom_domain::failure::{Code, Failure, FailureClass, Scope};
use postroom_domain::id::{TransportName, Workflow};
use postroom_ports::transport::MailTransport;

use super::Dispatcher;
use crate::health::Slot;

impl Dispatcher {
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
    pub(super) fn way_out(&self, workflow: &Workflow, size: usize) -> Result<(Arc<dyn MailTransport>, Slot), Failure> {
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
            Some(_) => "every transport of this workflow's route rests until it works again",
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
        let wanted = &self.room.workflows.of(workflow).route;
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

/// Whether a transport takes a message of that many bytes, as far as it says.
fn takes(transport: &Arc<dyn MailTransport>, size: usize) -> bool {
    let size = u64::try_from(size).unwrap_or(u64::MAX);
    transport.capabilities().max_size.is_none_or(|most| size <= most)
}
