//! Why a letter that waits is held back: by configuration, or by a person.

use postroom_domain::id::{TenantId, TransportName};
use postroom_domain::status::Status;
use postroom_ports::pauses::{Pause, Paused};
use postroom_ports::tracker::Delivery;

use crate::config::{Config, Switch};
use crate::documents::time;
use crate::mailroom::Workflows;

/// What this host's configuration holds back, and by which ways its letters go.
#[derive(Clone, Debug)]
pub struct Held {
    email: Switch,
    tenants: Vec<TenantId>,
    workflows: Option<Workflows>,
}

impl Held {
    /// What `config` says of it.
    #[must_use]
    pub fn by(config: &Config) -> Self {
        Self { email: config.email, tenants: config.held_tenants.clone(), workflows: config.workflows.clone() }
    }

    /// Why `delivery` waits though it may be due, in a sentence; `None` where nothing holds it.
    #[must_use]
    pub fn why(&self, delivery: &Delivery, pauses: &[Pause]) -> Option<String> {
        if !matches!(delivery.status, Status::Queued | Status::Retrying) {
            return None;
        }
        if self.email == Switch::Off {
            return Some("EMAIL_ENABLED is false: letters are accepted and wait".to_owned());
        }
        if let Some(tenant) = delivery.tenant_id.as_ref().filter(|tenant| self.tenants.contains(tenant)) {
            return Some(format!("[tenants.{tenant}] enabled is false: its letters are accepted and wait"));
        }
        // Without a sender, this host does not know the routes.
        let route = self.workflows.as_ref().map(|workflows| workflows.of(&delivery.workflow).route.as_slice());
        holding(delivery, route.unwrap_or_default(), pauses)
    }
}

/// Which pauses hold a waiting letter back: that of its tenant, that of its workflow, or those of
/// all ways out on its `route`.
fn holding(delivery: &Delivery, route: &[TransportName], pauses: &[Pause]) -> Option<String> {
    let of = |what: Paused| pauses.iter().find(|pause| pause.what == what).map(sentence);
    let tenant = delivery.tenant_id.clone().map(Paused::Tenant);
    let own = tenant.into_iter().chain([Paused::Workflow(delivery.workflow.clone())]).find_map(of);
    let ways = || -> Option<Vec<String>> { route.iter().cloned().map(|name| of(Paused::Transport(name))).collect() };
    own.or_else(|| ways().filter(|ways| !ways.is_empty()).map(|ways| ways.join("; ")))
}

/// A pause, for people.
#[must_use]
pub fn sentence(pause: &Pause) -> String {
    let until = pause.until.map(|until| format!(" until {}", time(until))).unwrap_or_default();
    let reason = pause.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("the {} is paused{until}{reason}", pause.what)
}
