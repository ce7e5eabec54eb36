//! The end of a claim: the domain decides, the queue commits, everybody concerned hears.

use postroom_domain::failure::Code;
use postroom_domain::id::TransportName;
use postroom_domain::lifecycle::{Alarm, Context, Effect, Transition, apply};
use postroom_ports::error::PortError;
use postroom_ports::queue::{Claim, Fenced, Settlement};
use postroom_ports::sinks::Alert;
use serde_json::Value;

use super::{Dispatcher, Outcome};
use crate::faults::{self, Point};

impl Dispatcher {
    /// Commits what happened, each letter on its own account, and then carries out what
    /// follows. Returns how many were committed; the rest had lost their claim.
    ///
    /// # Errors
    /// Those of the queue: then nothing of the batch is known to be committed, and calling
    /// again is safe, because every write is fenced.
    pub async fn settle(&self, outcomes: Vec<Outcome>) -> Result<usize, PortError> {
        self.settle_all(&outcomes).await
    }

    /// [`Dispatcher::settle`] for a caller that keeps the outcomes to try again.
    ///
    /// # Errors
    /// As there.
    pub async fn settle_all(&self, outcomes: &[Outcome]) -> Result<usize, PortError> {
        let decided: Vec<(&Outcome, Transition)> = outcomes.iter().filter_map(|o| Some((o, self.decide(o)?))).collect();
        if decided.is_empty() {
            return Ok(0);
        }
        let settlements: Vec<Settlement> = decided
            .iter()
            .map(|(outcome, transition)| Settlement {
                fence: outcome.claim.fence.clone(),
                transition: transition.clone(),
                transport: outcome.transport.clone(),
                receipt: outcome.receipt.clone(),
                payload: Value::Object(outcome.remembered()),
            })
            .collect();
        faults::pass(Point::Settling);
        let answers = self.room.queue.settle(&settlements).await?;
        faults::pass(Point::Settled);
        let mut done = 0;
        for ((outcome, transition), fenced) in decided.iter().zip(answers) {
            match fenced {
                Fenced::Done => {
                    done += 1;
                    self.committed(outcome, transition).await;
                }
                Fenced::Stale => tracing::warn!(
                    delivery.id = %outcome.claim.fence.delivery_id,
                    event = outcome.event.name(),
                    "the claim was lost: this result changes nothing"
                ),
            }
        }
        Ok(done)
    }

    fn decide(&self, outcome: &Outcome) -> Option<Transition> {
        let context = Context {
            now: outcome.time.now(&*self.room.clock),
            policy: &self.room.workflows.of(&outcome.claim.letter.workflow).policy,
            jitter: self.room.chance.jitter(),
        };
        match apply(&outcome.claim.state, &outcome.event, &context) {
            Ok(transition) => Some(transition),
            Err(invalid) => {
                // The lease will lapse and the letter be judged anew: nothing is lost by it.
                tracing::error!(delivery.id = %outcome.claim.fence.delivery_id, error = %invalid, "a step that the lifecycle refuses");
                None
            }
        }
    }

    async fn committed(&self, outcome: &Outcome, transition: &Transition) {
        let (id, workflow) = (&outcome.claim.fence.delivery_id, &outcome.claim.letter.workflow);
        self.room.observer.committed(id, workflow, outcome.transport.as_ref(), transition);
        for effect in &transition.effects {
            match effect {
                // Both were done when the answer came, once for all letters.
                Effect::PauseTransport | Effect::Raise(Alarm::Misconfigured) => {}
                Effect::Raise(alarm) => {
                    self.alert(*alarm, &outcome.claim, outcome.transport.clone(), transition.code.clone()).await;
                }
            }
        }
    }

    pub(super) async fn alert(
        &self,
        alarm: Alarm,
        claim: &Claim,
        transport: Option<TransportName>,
        code: Option<Code>,
    ) {
        let (delivery_id, workflow) = (claim.fence.delivery_id.clone(), claim.letter.workflow.clone());
        let alert = Alert { alarm, delivery_id, workflow, transport, code };
        if let Err(error) = self.room.notifier.alert(&alert).await {
            tracing::error!(alarm = alarm.as_str(), %error, "nobody could be told");
        }
    }
}
