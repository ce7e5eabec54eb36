//! What a mailroom is wired from: the ports, and what the workflows want.

use std::collections::BTreeMap;
use std::sync::Arc;

use postroom_domain::address::Mailbox;
use postroom_domain::id::{TenantId, TransportName, Workflow};
use postroom_domain::locale::Locale;
use postroom_domain::policy::WorkflowPolicy;
use postroom_ports::clock::{Chance, Clock};
use postroom_ports::composer::MessageComposer;
use postroom_ports::pauses::PauseBoard;
use postroom_ports::queue::DeliveryQueue;
use postroom_ports::sinks::{Notifier, Observer};
use postroom_ports::template::TemplateRenderer;
use postroom_ports::transport::MailTransport;
use postroom_ports::worker::WorkerRegistry;

use crate::unsubscribe::Unsubscribe;

/// Every port that the pipeline uses. Cloning shares them.
#[derive(Clone, Debug)]
pub struct Mailroom {
    /// Undone letters.
    pub queue: Arc<dyn DeliveryQueue>,
    /// Who is at work.
    pub workers: Arc<dyn WorkerRegistry>,
    /// What people hold back.
    pub pauses: Arc<dyn PauseBoard>,
    /// Words.
    pub renderer: Arc<dyn TemplateRenderer>,
    /// Bytes.
    pub composer: Arc<dyn MessageComposer>,
    /// The ways out, in order of preference where a workflow has none of its own.
    pub transports: Vec<Arc<dyn MailTransport>>,
    /// Hears of every committed transition.
    pub observer: Arc<dyn Observer>,
    /// The way to a person.
    pub notifier: Arc<dyn Notifier>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub chance: Arc<dyn Chance>,
    /// What the workflows want.
    pub workflows: Arc<Workflows>,
}

/// What one workflow wants.
#[derive(Clone, Debug)]
pub struct WorkflowSettings {
    /// Retries, doubt, quarantine.
    pub policy: WorkflowPolicy,
    /// Who writes: one identity, whatever the provider, because the bytes are frozen.
    pub sender: Mailbox,
    /// Its ways out by name, in order of preference; empty: all that the mailroom has.
    pub route: Vec<TransportName>,
    /// The language of letters that name none.
    pub locale: Option<Locale>,
    /// Where a reader leaves, where the letter's header says so.
    pub unsubscribe: Option<Unsubscribe>,
}

impl WorkflowSettings {
    /// This policy and sender, by any way out, in the templates' own language.
    #[must_use]
    pub const fn new(policy: WorkflowPolicy, sender: Mailbox) -> Self {
        Self { policy, sender, route: Vec::new(), locale: None, unsubscribe: None }
    }
}

/// What all workflows want, and whose letters wait.
#[derive(Clone, Debug)]
pub struct Workflows {
    /// For every workflow that has no settings of its own.
    pub default: WorkflowSettings,
    /// Those that have.
    pub own: BTreeMap<Workflow, WorkflowSettings>,
    /// Tenants whose letters are accepted and wait.
    pub held_tenants: Vec<TenantId>,
}

impl Workflows {
    /// The same settings for every workflow.
    #[must_use]
    pub fn all_alike(policy: WorkflowPolicy, sender: Mailbox) -> Self {
        Self { default: WorkflowSettings::new(policy, sender), own: BTreeMap::new(), held_tenants: Vec::new() }
    }

    /// What `workflow` wants.
    #[must_use]
    pub fn of(&self, workflow: &Workflow) -> &WorkflowSettings {
        self.own.get(workflow).unwrap_or(&self.default)
    }

    /// The languages of their letters.
    #[must_use]
    pub fn languages(&self) -> Languages {
        let own = self.own.iter().map(|(workflow, wanted)| (workflow.clone(), wanted.locale.clone()));
        Languages { default: self.default.locale.clone(), own: own.collect() }
    }
}

/// The languages of letters that name none themselves: all that the door needs to know of workflows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Languages {
    /// For every workflow that has no settings of its own; `None`: the templates' own language.
    pub default: Option<Locale>,
    /// Those that have.
    pub own: BTreeMap<Workflow, Option<Locale>>,
}

impl Languages {
    /// The language of `workflow`.
    #[must_use]
    pub fn of(&self, workflow: &Workflow) -> Option<&Locale> {
        self.own.get(workflow).unwrap_or(&self.default).as_ref()
    }

    /// The language of `workflow`, or that of every one without settings of its own.
    #[must_use]
    pub fn for_preview(&self, workflow: Option<&Workflow>) -> Option<&Locale> {
        workflow.map_or(self.default.as_ref(), |workflow| self.of(workflow))
    }
}
