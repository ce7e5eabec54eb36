//! A mailroom whose every port lives in memory.

use std::sync::Arc;
use std::time::Duration;

use postroom::dispatcher::{Dispatcher, Limits};
use postroom::mailroom::{Mailroom, Workflows};
use postroom::worker::WorkerSettings;
use postroom_domain::address::{EmailAddress, Mailbox};
use postroom_domain::attachment::Attachment;
use postroom_domain::failure::{Failure, FailureClass};
use postroom_domain::id::{DeliveryId, TemplateName, TransportName, Workflow};
use postroom_domain::letter::HeaderField;
use postroom_domain::policy::WorkflowPolicy;
use postroom_domain::retry::{Backoff, RetryPolicy};
use postroom_domain::status::Status;
use postroom_domain::time::Timestamp;
use postroom_ports::clock::Clock;
use postroom_ports::composer::{ComposeError, Draft, MessageComposer};
use postroom_ports::letter::{Data, FrozenLetter, Letter, NewDelivery};
use postroom_ports::memory::{
    CapturingTransport, ManualClock, MemoryStore, PlainRenderer, RecordingNotifier, RecordingObserver, SeededChance,
};
use postroom_ports::queue::{DeliveryQueue, Retention};
use postroom_ports::tracker::DeliveryTracker;
use postroom_ports::transport::MailTransport;
use postroom_ports::worker::WorkerRegistry;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Writes the Date into the bytes, so that a second composition would be seen.
#[derive(Debug)]
struct DatedComposer;

impl MessageComposer for DatedComposer {
    fn compose(&self, draft: Draft<'_>) -> Result<FrozenLetter, ComposeError> {
        Ok(FrozenLetter {
            mail_from: draft.from.address().clone(),
            rcpt_to: draft.to.address().clone(),
            bytes: message(&draft).into_bytes(),
            message_id: format!("{}@example.org", draft.delivery_id),
            subject: draft.rendered.subject.clone(),
            template_version: draft.rendered.version.clone(),
            locale: draft.rendered.locale.clone(),
        })
    }
}

fn message(draft: &Draft<'_>) -> String {
    let header = |header: &HeaderField| format!("{}: {}\r\n", header.name(), header.value());
    let extra = draft.headers.iter().map(header).collect::<Vec<_>>().concat();
    let file = |file: &Attachment| format!("\r\n{}: {} bytes", file.filename(), file.bytes().len());
    let files = draft.attachments.iter().map(file).collect::<Vec<_>>().concat();
    format!("Date: {}\r\n{extra}\r\n{}{files}", draft.date.as_micros(), draft.rendered.text)
}

pub(crate) struct House {
    pub(crate) clock: ManualClock,
    pub(crate) store: MemoryStore,
    pub(crate) transport: Arc<CapturingTransport>,
    pub(crate) observer: Arc<RecordingObserver>,
    pub(crate) notifier: Arc<RecordingNotifier>,
    pub(crate) room: Mailroom,
}

impl House {
    pub(crate) fn new(policy: WorkflowPolicy) -> Self {
        let clock = ManualClock::at(Timestamp::from_micros(1_900_000_000_000_000));
        Self::with_clock(policy, clock.clone(), Arc::new(clock))
    }

    /// The store's time is `clock`'s; the worker's is `own`.
    pub(crate) fn with_clock(policy: WorkflowPolicy, clock: ManualClock, own: Arc<dyn Clock>) -> Self {
        let store = MemoryStore::new(clock.clone());
        let transport = Arc::new(CapturingTransport::new(TransportName::parse("smtp").unwrap()));
        let observer = Arc::new(RecordingObserver::default());
        let notifier = Arc::new(RecordingNotifier::default());
        let sender = Mailbox::new(Some("Post"), EmailAddress::parse("post@example.org").unwrap()).unwrap();
        let template = TemplateName::parse("greeting").unwrap();
        let renderer = PlainRenderer::default().with(template, ["Hello {name}", "<p>{name}</p>", "{name}"], data());
        let room = Mailroom {
            queue: Arc::new(store.clone()),
            workers: Arc::new(store.clone()),
            pauses: Arc::new(store.clone()),
            renderer: Arc::new(renderer),
            composer: Arc::new(DatedComposer),
            transports: vec![transport.clone() as Arc<dyn MailTransport>],
            observer: observer.clone(),
            notifier: notifier.clone(),
            clock: own,
            chance: Arc::new(SeededChance::new(7, clock.clone())),
            workflows: Arc::new(Workflows::all_alike(policy, sender)),
        };
        Self { clock, store, transport, observer, notifier, room }
    }

    pub(crate) fn dispatcher(&self) -> Dispatcher {
        let limits = Limits { lane_share: 100, ..Limits::default() };
        Dispatcher::new(self.room.clone(), self.room.chance.worker_id(), limits)
    }

    pub(crate) async fn enqueue(&self, delivery: NewDelivery) -> DeliveryId {
        let id = delivery.delivery_id.clone();
        DeliveryQueue::enqueue(&self.store, &[delivery]).await.unwrap();
        id
    }

    pub(crate) async fn status(&self, id: &DeliveryId) -> Status {
        self.store.find(id).await.unwrap().unwrap().status
    }

    /// The code of the last event.
    pub(crate) async fn code(&self, id: &DeliveryId) -> Option<String> {
        self.store.find(id).await.unwrap().unwrap().last_error_code.map(|code| code.as_str().to_owned())
    }

    pub(crate) async fn statuses(&self, id: &DeliveryId) -> Vec<Status> {
        self.store.history(id).await.unwrap().into_iter().map(|event| event.status).collect()
    }

    pub(crate) async fn beat(&self, dispatcher: &Dispatcher) {
        self.store.register(dispatcher.worker(), "test").await.unwrap();
    }
}

pub(crate) fn data() -> Data {
    serde_json::from_str(r#"{"name": "Someone"}"#).unwrap()
}

pub(crate) fn delivery(id: &str) -> NewDelivery {
    let recipient = Mailbox::new(None, EmailAddress::parse("someone@example.org").unwrap()).unwrap();
    let (workflow, template) = (Workflow::parse("invite").unwrap(), TemplateName::parse("greeting").unwrap());
    NewDelivery::now(DeliveryId::parse(id).unwrap(), Letter::new(workflow, template, recipient, data()))
}

/// Three attempts, a second and two seconds apart.
pub(crate) fn policy() -> WorkflowPolicy {
    let waits = vec![Duration::ZERO, SECOND, 2 * SECOND];
    WorkflowPolicy::with_retry(RetryPolicy::new(Backoff::Schedule(waits), 3, 3600 * SECOND).unwrap())
}

pub(crate) fn failure(class: FailureClass, code: &str) -> Failure {
    Failure::new(class, code, "as scripted")
}

pub(crate) fn settings() -> WorkerSettings {
    WorkerSettings {
        label: "test".to_owned(),
        batch_size: 10,
        concurrency: 2,
        limits: Limits { lane_share: 100, ..Limits::default() },
        poll_every: Duration::from_millis(20),
        janitor_every: Duration::from_millis(20),
        retention: Retention { payloads: 3600 * SECOND, workers: 3600 * SECOND },
        drain: SECOND / 5,
    }
}
