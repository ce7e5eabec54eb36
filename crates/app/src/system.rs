//! The system's own time and chance, and a log for those who want to hear.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use postroom_domain::failure::Code;
use postroom_domain::id::{DeliveryId, TransportName, WorkerId, Workflow};
use postroom_domain::lifecycle::Transition;
use postroom_domain::retry::Jitter;
use postroom_domain::status::Status;
use postroom_domain::time::Timestamp;
use postroom_ports::clock::{Chance, Clock};
use postroom_ports::error::PortError;
use postroom_ports::sinks::{Alert, Notifier, Observer};
use uuid::Uuid;

/// The system's clock.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock that counts from now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "here time enters the program")]
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }
}

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "here time enters the program")]
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(jiff::Timestamp::now().as_microsecond())
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// The system's randomness.
#[derive(Debug, Default)]
pub struct SystemChance;

impl Chance for SystemChance {
    #[expect(clippy::disallowed_methods, reason = "here chance enters the program")]
    fn jitter(&self) -> Jitter {
        Jitter::new(rand::random::<f64>())
    }

    fn delivery_id(&self) -> DeliveryId {
        DeliveryId::from(Uuid::now_v7())
    }

    fn worker_id(&self) -> WorkerId {
        WorkerId::new(Uuid::new_v4())
    }
}

/// Fresh bytes that nobody can guess: the generator is seeded by the operating system, and fit for secrets.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "here chance enters the program")]
pub fn random<const N: usize>() -> [u8; N] {
    rand::random()
}

/// Every committed transition as one line: at level warn what went wrong, at debug what went
/// well.
#[derive(Debug, Default)]
pub struct LogObserver;

impl Observer for LogObserver {
    fn committed(
        &self,
        delivery: &DeliveryId,
        workflow: &Workflow,
        _: Option<&TransportName>,
        transition: &Transition,
    ) {
        let (from, to) = (transition.from.as_str(), transition.next.status.as_str());
        let attempt = transition.next.attempts;
        let (code, detail) = (transition.code.as_ref().map(Code::as_str), transition.detail.as_str());
        match transition.next.status {
            Status::Queued | Status::InProgress | Status::Sent => {
                tracing::debug!(delivery.id = %delivery, %workflow, from, to, attempt, code, "letter");
            }
            Status::Cancelled => tracing::info!(delivery.id = %delivery, %workflow, from, to, attempt, code, "letter"),
            Status::Retrying | Status::InDoubt | Status::Failed | Status::DeadLetter => {
                tracing::warn!(delivery.id = %delivery, %workflow, from, to, attempt, code, detail, "letter");
            }
        }
    }
}

/// Alarms into the log, at level error: whoever watches the log hears of them, and no mail
/// has to travel for it.
#[derive(Debug, Default)]
pub struct LogNotifier;

#[async_trait]
impl Notifier for LogNotifier {
    async fn alert(&self, alert: &Alert) -> Result<(), PortError> {
        tracing::error!(
            alarm = alert.alarm.as_str(),
            delivery.id = %alert.delivery_id,
            workflow = %alert.workflow,
            transport = alert.transport.as_ref().map(TransportName::as_str),
            code = alert.code.as_ref().map(Code::as_str),
            "a person has to look at this"
        );
        Ok(())
    }
}
