//! Postroom inside of another program: the domain, the dispatcher and adapters in memory. No database, no network, no
//! waiting: the first attempt is put off, the clock is moved, the second one arrives.
use std::{sync::Arc, time::Duration};

use postroom::dispatcher::{Dispatcher, Limits};
use postroom::mailroom::{Mailroom, Workflows};
use postroom_domain::address::{EmailAddress, Mailbox};
use postroom_domain::failure::{Failure, FailureClass};
use postroom_domain::id::{DeliveryId, TemplateName, TransportName, Workflow};
use postroom_domain::{lifecycle::Transition, policy::WorkflowPolicy, retry::RetryPolicy};
use postroom_ports::letter::{Data, Letter, NewDelivery};
use postroom_ports::memory::{Answer, CapturingTransport, ManualClock, MemoryStore};
use postroom_ports::memory::{PlainComposer, PlainRenderer, RecordingNotifier, SeededChance};
use postroom_ports::{clock::Chance, queue::DeliveryQueue, sinks::Observer};

#[derive(Debug)]
struct Storyteller;

impl Observer for Storyteller {
    #[expect(clippy::print_stdout, reason = "the story is what this program is for")]
    fn committed(&self, delivery: &DeliveryId, workflow: &Workflow, _: Option<&TransportName>, change: &Transition) {
        let (from, to) = (change.from.as_str(), change.next.status.as_str());
        println!("{workflow} {delivery}: {from} → {to} {}", change.detail);
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let clock = ManualClock::default();
    let (store, chance) = (MemoryStore::new(clock.clone()), Arc::new(SeededChance::new(1, clock.clone())));
    let transport = Arc::new(CapturingTransport::new(TransportName::parse("memory")?));
    transport.then(Answer::Refuse(Failure::new(FailureClass::DEFERRED, "SMTP_451", "greylisted, come back later")));
    let (template, data) = (TemplateName::parse("greeting")?, Data::from_iter([("name".to_owned(), "Reader".into())]));
    let parts = ["Hello {name}", "<p>Hello {name}</p>", "Hello {name}"];
    let sender = Mailbox::new(Some("Example"), EmailAddress::parse("post@example.org")?)?;
    let room = Mailroom {
        queue: Arc::new(store.clone()),
        workers: Arc::new(store.clone()),
        pauses: Arc::new(store.clone()),
        renderer: Arc::new(PlainRenderer::default().with(template.clone(), parts, data.clone())),
        composer: Arc::new(PlainComposer),
        transports: vec![transport.clone()],
        observer: Arc::new(Storyteller),
        notifier: Arc::new(RecordingNotifier::default()),
        clock: Arc::new(clock.clone()),
        chance: chance.clone(),
        workflows: Arc::new(Workflows::all_alike(WorkflowPolicy::with_retry(RetryPolicy::standard()), sender)),
    };
    let limits = Limits { lane_share: 10, ..Limits::default() };
    let dispatcher = Dispatcher::new(room, chance.worker_id(), limits);
    let recipient = Mailbox::new(None, EmailAddress::parse("reader@example.org")?)?;
    let letter = Letter::new(Workflow::parse("welcome")?, template, recipient, data);
    store.enqueue(&[NewDelivery::now(DeliveryId::parse("greeting-1")?, letter)]).await?;
    while transport.taken().is_empty() {
        dispatcher.run_once(10).await?;
        clock.advance(Duration::from_mins(5));
    }
    Ok(())
}
