//! A mailroom in memory, by one call.

use std::sync::Arc;
use std::time::Duration;

use postroom_domain::address::{EmailAddress, Mailbox};
use postroom_domain::id::TransportName;
use postroom_domain::policy::WorkflowPolicy;
use postroom_domain::retry::RetryPolicy;
use postroom_ports::composer::MessageComposer;
use postroom_ports::memory::{
    CapturingTransport, ManualClock, MemoryStore, PlainComposer, RecordingNotifier, RecordingObserver, SeededChance,
};
use postroom_ports::queue::DeliveryQueue;
use postroom_ports::template::TemplateRenderer;
use postroom_ports::tracker::DeliveryTracker;

use super::{DataRenderer, SentLetter};
use crate::accept::Door;
use crate::dispatcher::{Dispatcher, Limits};
use crate::mailroom::{Mailroom, Workflows};

/// A whole mailroom whose every port lives in memory. Letters go nowhere and can be looked at; time stands still until
/// it is [advanced](TestRoom::advance).
#[derive(Debug)]
pub struct TestRoom {
    /// The ports, for a `Worker` or a `Dispatcher` of your own.
    pub mailroom: Mailroom,
    /// The time of all of it.
    pub clock: ManualClock,
    /// The way out: accepts every letter and keeps it, unless it is told otherwise.
    pub transport: Arc<CapturingTransport>,
    /// Every transition that was committed.
    pub observer: Arc<RecordingObserver>,
    /// Every alarm that was raised.
    pub notifier: Arc<RecordingNotifier>,
    store: MemoryStore,
}

impl TestRoom {
    /// A mailroom where every template renders, as the data that it is given ([`DataRenderer`]), and where letters are
    /// tried again as the standard policy has it.
    #[must_use]
    pub fn new() -> Self {
        let clock = ManualClock::default();
        let store = MemoryStore::new(clock.clone());
        let transport = Arc::new(CapturingTransport::new(name()));
        let observer = Arc::new(RecordingObserver::default());
        let notifier = Arc::new(RecordingNotifier::default());
        let mailroom = Mailroom {
            queue: Arc::new(store.clone()),
            workers: Arc::new(store.clone()),
            pauses: Arc::new(store.clone()),
            renderer: Arc::new(DataRenderer),
            composer: Arc::new(PlainComposer),
            transports: vec![transport.clone()],
            observer: observer.clone(),
            notifier: notifier.clone(),
            clock: Arc::new(clock.clone()),
            chance: Arc::new(SeededChance::new(7, clock.clone())),
            workflows: Arc::new(Workflows::all_alike(WorkflowPolicy::with_retry(RetryPolicy::standard()), sender())),
        };
        Self { mailroom, clock, transport, observer, notifier, store }
    }

    /// With templates of your own, so that what a letter says is tested too.
    #[must_use]
    pub fn with_renderer(mut self, renderer: Arc<dyn TemplateRenderer>) -> Self {
        self.mailroom.renderer = renderer;
        self
    }

    /// With the composer that writes your letters, so that their bytes are tested too.
    #[must_use]
    pub fn with_composer(mut self, composer: Arc<dyn MessageComposer>) -> Self {
        self.mailroom.composer = composer;
        self
    }

    /// With what your workflows want: retries, doubt, senders.
    #[must_use]
    pub fn with_workflows(mut self, workflows: Workflows) -> Self {
        self.mailroom.workflows = Arc::new(workflows);
        self
    }

    /// The queue, for what the application under test enqueues into.
    #[must_use]
    pub fn queue(&self) -> Arc<dyn DeliveryQueue> {
        self.mailroom.queue.clone()
    }

    /// What is on record.
    #[must_use]
    pub fn tracker(&self) -> Arc<dyn DeliveryTracker> {
        Arc::new(self.store.clone())
    }

    /// The door that renders first and takes then.
    #[must_use]
    pub fn door(&self) -> Door {
        let Mailroom { queue, renderer, chance, workflows, .. } = self.mailroom.clone();
        Door::new(queue, renderer, chance).in_languages(workflows.languages())
    }

    /// Sends whatever is due now, and says how many attempts that took. What is put off stays until the time has been
    /// [advanced](Self::advance) far enough.
    ///
    /// # Panics
    /// Only a store in trouble could fail, and memory is none.
    #[expect(clippy::panic, reason = "a test helper reports by panicking")]
    pub async fn work(&self) -> usize {
        let limits = Limits { lane_share: 100, ..Limits::default() };
        let dispatcher = Dispatcher::new(self.mailroom.clone(), self.mailroom.chance.worker_id(), limits);
        if let Err(error) = dispatcher.heed_pauses().await {
            panic!("the mailroom does not know what is paused: {error}");
        }
        let mut attempts = 0;
        loop {
            match dispatcher.run_once(100).await {
                Ok(0) => return attempts,
                Ok(more) => attempts += more,
                Err(error) => panic!("the mailroom does not work: {error}"),
            }
        }
    }

    /// Lets time pass, without waiting for it.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// The letters that the transport took, in order.
    ///
    /// # Panics
    /// A composer of yours wrote what is no MIME message.
    #[must_use]
    #[expect(clippy::panic, reason = "a test helper reports by panicking")]
    pub fn sent(&self) -> Vec<SentLetter> {
        let read = |sent| SentLetter::read(sent).unwrap_or_else(|error| panic!("a message cannot be read: {error}"));
        self.transport.taken().into_iter().map(read).collect()
    }
}

impl Default for TestRoom {
    fn default() -> Self {
        Self::new()
    }
}

fn name() -> TransportName {
    TransportName::parse("memory").unwrap_or_else(|_| unreachable!("it is a transport's name"))
}

fn sender() -> Mailbox {
    let address = EmailAddress::parse("post@example.org").and_then(|address| Mailbox::new(Some("Post"), address));
    address.unwrap_or_else(|_| unreachable!("it is a mailbox"))
}
