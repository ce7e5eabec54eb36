//! Which way a letter goes out.

use std::sync::Arc;
use std::time::Duration;

use postroom_domain::failure::{Code, Failure, FailureClass, Scope};
use postroom_domain::id::{TransportName, Workflow};
use postroom_ports::transport::MailTransport;

use super::Dispatcher;

impl Dispatcher {
    /// Whether no letter of any workflow could go out now.
    pub(super) fn all_rest(&self) -> bool {
        self.room.transports.iter().all(|transport| self.rest(transport).is_some())
    }

    /// The first way out on the workflow's route that takes a message of `size` bytes and does
    /// not rest.
    ///
    /// # Errors
    /// None of them takes such a message: the letter's own fault, found before it travels. Or all
    /// that do rest, or the mailroom has none of them: the letter waits, by no fault of its own,
    /// until the first may be tried again.
    pub(super) fn way_out(&self, workflow: &Workflow, size: usize) -> Result<Arc<dyn MailTransport>, Failure> {
        let mut route = self.route(workflow);
        let most = route.iter().filter_map(|transport| transport.capabilities().max_size).max();
        route.retain(|transport| takes(transport, size));
        if route.is_empty()
            && let Some(most) = most
        {
            let detail =
                format!("the message is {size} bytes; no transport of this workflow's route takes over {most}");
            return Err(Failure::new(FailureClass::Rejected, Code::TOO_LARGE, &detail));
        }
        if let Some(open) = route.iter().find(|transport| self.rest(transport).is_none()) {
            return Ok(Arc::clone(open));
        }
        let retry_after = route.iter().filter_map(|transport| self.rest(transport)).min();
        let detail = match retry_after {
            Some(_) => "every transport of this workflow's route rests until somebody has acted",
            None => "this worker has none of the transports of this workflow's route",
        };
        Err(Failure::new(FailureClass::Deferred { scope: Scope::Provider, retry_after }, "NO_TRANSPORT", detail))
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

    fn rest(&self, transport: &Arc<dyn MailTransport>) -> Option<Duration> {
        self.pauses.rest(&transport.name(), self.room.clock.elapsed())
    }
}

/// Whether a transport takes a message of that many bytes, as far as it says.
fn takes(transport: &Arc<dyn MailTransport>, size: usize) -> bool {
    let size = u64::try_from(size).unwrap_or(u64::MAX);
    transport.capabilities().max_size.is_none_or(|most| size <= most)
}
