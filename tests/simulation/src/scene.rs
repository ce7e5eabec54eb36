//! What is on stage: workflows, letters, ports, processes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use postroom::dispatcher::Limits;
use postroom::mailroom::{Mailroom, WorkflowSettings, Workflows};
use postroom::testing::TestRoom;
use postroom::worker::{Signals, Worker, WorkerSettings};
use postroom_domain::address::{EmailAddress, Mailbox};
use postroom_domain::id::{DeliveryId, TemplateName, TransportName, Workflow};
use postroom_domain::policy::{InDoubtPolicy, WorkflowPolicy};
use postroom_domain::retry::{Backoff, RetryPolicy};
use postroom_ports::composer::{ComposeError, Draft, MessageComposer};
use postroom_ports::letter::{Data, FrozenLetter, Letter, NewDelivery};
use postroom_ports::memory::{ManualClock, MemoryStore, PlainComposer, SeededChance};
use postroom_ports::queue::Retention;
use postroom_ports::transport::MailTransport;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::task::JoinHandle;

use crate::Bug;
use crate::broken::Broken;
use crate::ledger::Ledger;
use crate::provider::Provider;
use crate::stage::Stage;
use crate::watched::Watched;

/// How many attempts may count.
pub(crate) const MAX_ATTEMPTS: u32 = 4;
const LEASE: Duration = Duration::from_secs(20);

/// A workflow is named after what it wants in doubt.
#[expect(clippy::expect_used, reason = "the names are written in the domain")]
pub(crate) fn workflow_of(policy: InDoubtPolicy) -> Workflow {
    Workflow::parse(policy.as_str()).expect("a name")
}

/// What a workflow wants in doubt.
pub(crate) fn doubt_of(workflow: &Workflow) -> InDoubtPolicy {
    InDoubtPolicy::parse(workflow.as_str()).unwrap_or_default()
}

/// Everything that outlives a process.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) clock: ManualClock,
    pub(crate) store: MemoryStore,
    pub(crate) stage: Arc<Stage>,
    pub(crate) ledger: Arc<Ledger>,
    broken: Arc<Broken>,
    chance: Arc<SeededChance>,
    dice: Arc<Mutex<StdRng>>,
    bug: Option<Bug>,
}

/// One start of one worker.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) number: usize,
    pub(crate) signals: Signals,
    pub(crate) work: JoinHandle<()>,
}

impl Scene {
    pub(crate) fn new(seed: u64, bug: Option<Bug>) -> Self {
        let clock = ManualClock::default();
        let store = MemoryStore::new(clock.clone());
        let stage = Arc::new(Stage::default());
        Self {
            ledger: Arc::new(Ledger::new(stage.clone())),
            broken: Arc::new(Broken::new(store.clone(), bug)),
            chance: Arc::new(SeededChance::new(seed, clock.clone())),
            dice: Arc::new(Mutex::new(StdRng::seed_from_u64(seed ^ 0xD1CE))),
            clock,
            store,
            stage,
            bug,
        }
    }

    /// The store as a process, or somebody who is none, reaches it.
    pub(crate) fn door(&self, process: usize) -> Watched {
        Watched {
            process,
            inner: self.broken.clone(),
            stage: self.stage.clone(),
            ledger: self.ledger.clone(),
            clock: self.clock.clone(),
        }
    }

    pub(crate) fn start(&self, number: usize) -> Process {
        let door = self.door(number);
        let worker = Worker::new(self.room(&door), Arc::new(door), settings(number));
        let signals = Signals::default();
        let heard = signals.clone();
        let work = tokio::spawn(async move {
            // A worker ends with an error only where the schema is missing.
            let _ = worker.run(&heard).await;
        });
        Process { number, signals, work }
    }

    fn room(&self, door: &Watched) -> Mailroom {
        let provider = |name: &str| -> Arc<dyn MailTransport> {
            Arc::new(Provider {
                name: named(name),
                process: door.process,
                stage: self.stage.clone(),
                ledger: self.ledger.clone(),
                dice: self.dice.clone(),
                bug: self.bug,
            })
        };
        Mailroom {
            queue: Arc::new(door.clone()),
            workers: Arc::new(door.clone()),
            transports: vec![provider("alpha"), provider("beta")],
            composer: Arc::new(DatedComposer),
            clock: Arc::new(self.clock.clone()),
            chance: self.chance.clone(),
            workflows: Arc::new(workflows(self.bug)),
            ..TestRoom::new().mailroom
        }
    }
}

#[expect(clippy::expect_used, reason = "what is parsed is written here")]
fn named(name: &str) -> TransportName {
    TransportName::parse(name).expect("a name")
}

#[expect(clippy::expect_used, reason = "what is parsed is written here")]
fn mailbox(address: &str) -> Mailbox {
    Mailbox::new(None, EmailAddress::parse(address).expect("an address")).expect("a mailbox")
}

#[expect(clippy::expect_used, reason = "the policy is written here")]
fn workflows(bug: Option<Bug>) -> Workflows {
    let waits = [0, 3, 10, 20].map(Duration::from_secs);
    let backoff = Backoff::Schedule(waits.to_vec());
    let retry = RetryPolicy::new(backoff, MAX_ATTEMPTS, Duration::from_hours(1)).expect("a valid policy");
    let settings = |in_doubt| {
        let spoiled = bug == Some(Bug::ResentUnderHold) && in_doubt == InDoubtPolicy::Hold;
        let in_doubt = if spoiled { InDoubtPolicy::Resend } else { in_doubt };
        let provider_wait = Duration::from_secs(10);
        let policy = WorkflowPolicy { in_doubt, provider_wait, ..WorkflowPolicy::with_retry(retry.clone()) };
        WorkflowSettings::new(policy, mailbox("post@example.org"))
    };
    let own = InDoubtPolicy::ALL.map(|in_doubt| (workflow_of(in_doubt), settings(in_doubt)));
    Workflows { default: settings(InDoubtPolicy::Resend), own: own.into(), held_tenants: Vec::new() }
}

fn settings(number: usize) -> WorkerSettings {
    WorkerSettings {
        label: format!("process {number}"),
        batch_size: 3,
        concurrency: 2,
        limits: Limits { lane_share: 10, lease: LEASE, pause: Duration::from_secs(10), ..Limits::default() },
        poll_every: Duration::from_secs(5),
        janitor_every: Duration::from_secs(2),
        retention: Retention { payloads: Duration::from_hours(24), workers: Duration::from_hours(1) },
        drain: Duration::from_secs(5),
    }
}

/// A letter of that workflow.
#[expect(clippy::expect_used, reason = "what is parsed is written here")]
pub(crate) fn letter(number: usize, policy: InDoubtPolicy) -> NewDelivery {
    let template = TemplateName::parse("notice").expect("a template");
    let id = DeliveryId::parse(format!("letter-{number}")).expect("an id");
    let letter = Letter::new(workflow_of(policy), template, mailbox("someone@example.org"), Data::new());
    NewDelivery::now(id, letter)
}

/// Writes the date into the message, so that a letter that is composed twice is not the same.
#[derive(Debug)]
struct DatedComposer;

impl MessageComposer for DatedComposer {
    fn compose(&self, draft: Draft<'_>) -> Result<FrozenLetter, ComposeError> {
        let mut bytes = format!("X-Date: {}\r\n", draft.date.as_micros()).into_bytes();
        let letter = PlainComposer.compose(draft)?;
        bytes.extend(&letter.bytes);
        Ok(FrozenLetter { bytes, ..letter })
    }
}
