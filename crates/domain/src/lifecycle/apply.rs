//! The one match. Pure and total: no clock, no chance, no I/O, and an answer for everything.

use std::time::Duration;

use super::{Alarm, DeliveryState, Effect, Event, Evidence, Resolution, Transition};
use crate::detail::Detail;
use crate::failure::{Code, Failure, FailureClass, Scope};
use crate::feedback::Feedback;
use crate::policy::{InDoubtPolicy, WorkflowPolicy};
use crate::retry::Jitter;
use crate::status::{Stage, Status};
use crate::time::Timestamp;

/// What a decision needs beside the letter and the event.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The database's time: what claim returned, plus what has passed since.
    pub now: Timestamp,
    /// What the letter's workflow wants.
    pub policy: &'a WorkflowPolicy,
    /// One sample of chance for the wait, should there be one.
    pub jitter: Jitter,
}

/// The event cannot happen to a letter in this status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a letter that is {} cannot be {event}", status.as_str())]
pub struct InvalidTransition {
    /// Where the letter stands.
    pub status: Status,
    /// What was to happen to it.
    pub event: &'static str,
}

/// What `event` makes of `state`.
///
/// # Errors
/// [`InvalidTransition`] where the table has no entry. The store's guard refuses the same.
pub fn apply(state: &DeliveryState, event: &Event, ctx: &Context<'_>) -> Result<Transition, InvalidTransition> {
    use Status::{DeadLetter, Failed, InDoubt, InProgress, Queued, Retrying};
    let to = Draft { state, ctx };
    Ok(match (state.status, event) {
        (Queued | Retrying, Event::Claimed) => to.claimed(),
        (Queued | Retrying, Event::Cancelled) => to.coded(Status::Cancelled, Code::CANCELLED),
        (Queued | Retrying | InProgress, Event::Expired) => to.coded(Status::Cancelled, Code::EXPIRED),

        (InProgress, Event::Accepted) if state.stage == Stage::Handover => to.sent(),
        (InProgress, Event::Failed(failure))
            if state.stage == Stage::Handover || failure.class != FailureClass::InDoubt =>
        {
            to.failed(failure)
        }
        (InProgress, Event::Diverted(failure)) if failure.class.may_fail_over() => to.diverted(failure),
        (InProgress, Event::GivenBack) => to.excused().coded(Status::Retrying, Code::GIVEN_BACK).due(Duration::ZERO),
        (InProgress, Event::LeaseLapsed) => to.lapsed(),

        (InDoubt, Event::Reconciled(evidence)) => to.reconciled(*evidence),
        (InDoubt, Event::Postponed(wait)) => to.postponed(*wait),
        (InDoubt, Event::Resolved(resolution)) => to.resolved(*resolution),

        (Failed | DeadLetter, Event::Redriven) => to.redriven(),
        (Retrying, Event::Hastened) => to.coded(Retrying, Code::HASTENED).due(Duration::ZERO),

        (_, Event::Reported(report)) => to.reported(*report),

        (status, event) => return Err(InvalidTransition { status, event: event.name() }),
    })
}

/// A decision in the making: the letter as it was and what decides about it.
#[derive(Clone, Copy)]
struct Draft<'a> {
    state: &'a DeliveryState,
    ctx: &'a Context<'a>,
}

/// A draft of which one more attempt is nobody's fault.
struct Excused(DeliveryState, Status);

impl Draft<'_> {
    /// The letter with another status, and nothing else changed.
    fn plain(&self, status: Status) -> Transition {
        transition(self.state.status, DeliveryState { status, ..self.state.clone() })
    }

    fn coded(&self, status: Status, code: &str) -> Transition {
        self.plain(status).coded(code)
    }

    fn excused(&self) -> Excused {
        let excused = self.state.excused.saturating_add(1).min(self.state.attempts);
        Excused(DeliveryState { excused, crashes: 0, ..self.state.clone() }, self.state.status)
    }

    fn claimed(&self) -> Transition {
        let mut claimed = self.plain(Status::InProgress);
        claimed.next.attempts = self.state.attempts.saturating_add(1);
        claimed.next.stage = Stage::Claimed;
        claimed
    }

    fn sent(&self) -> Transition {
        let mut sent = self.plain(Status::Sent);
        sent.next.crashes = 0;
        sent
    }

    fn failed(&self, failure: &Failure) -> Transition {
        let outcome = match failure.class {
            FailureClass::Rejected => self.plain(Status::Failed),
            FailureClass::InDoubt => self.plain(Status::InDoubt).due(Duration::ZERO),
            FailureClass::Misconfigured => {
                let wait = self.backoff(self.state.attempts).max(self.ctx.policy.provider_wait);
                barred(self.again(self.excused().plain(Status::Retrying), wait))
            }
            FailureClass::Deferred { scope: Scope::Letter, retry_after } => {
                let wait = self.backoff(self.state.spent()).max(retry_after.unwrap_or_default());
                self.again(self.plain(Status::Retrying), wait)
            }
            FailureClass::Deferred { scope: Scope::Provider, retry_after } => {
                // Nobody's fault, so the budget does not count it; and the wait stays short,
                // because the provider's return should not find every letter asleep.
                let wait = self.backoff(self.state.attempts).min(self.ctx.policy.provider_wait);
                self.again(self.excused().plain(Status::Retrying), wait.max(retry_after.unwrap_or_default()))
            }
        };
        outcome.answered(failure)
    }

    /// The next way out is open: there is nothing to wait for.
    fn diverted(&self, failure: &Failure) -> Transition {
        let again = self.again(self.excused().plain(Status::Retrying), Duration::ZERO);
        let again = if failure.class == FailureClass::Misconfigured { barred(again) } else { again };
        again.answered(failure)
    }

    fn lapsed(&self) -> Transition {
        let mut lapsed = match self.state.stage {
            Stage::Handover => self.coded(Status::InDoubt, Code::ANSWER_LOST).due(Duration::ZERO),
            Stage::Claimed => self.coded(Status::Retrying, Code::LEASE_LAPSED),
        };
        lapsed.next.crashes = self.state.crashes.saturating_add(1);
        if self.state.stage == Stage::Claimed { self.survivor(lapsed, Duration::ZERO) } else { lapsed }
    }

    fn reconciled(&self, evidence: Evidence) -> Transition {
        match (evidence, self.ctx.policy.in_doubt) {
            (Evidence::Accepted, _) => self.sent(),
            (Evidence::NotAccepted, _) => {
                self.survivor(self.coded(Status::Retrying, Code::NOT_ACCEPTED), Duration::ZERO)
            }
            (Evidence::Unknown, InDoubtPolicy::Resend) => {
                let again = self.survivor(self.plain(Status::Retrying), self.backoff(self.state.spent()));
                match again.next.status {
                    Status::Retrying => again.coded(Code::RESENT),
                    // Nothing is sent again: what is known of it is that its answer was lost.
                    Status::DeadLetter => again.coded(Code::ANSWER_LOST),
                    _ => again,
                }
            }
            (Evidence::Unknown, InDoubtPolicy::Hold) => {
                self.coded(Status::InDoubt, Code::HELD).with(Effect::Raise(Alarm::Held))
            }
            (Evidence::Unknown, InDoubtPolicy::AssumeSent) => self.coded(Status::Sent, Code::ASSUMED_SENT),
        }
    }

    /// Asked again later, but not for ever: a letter that grows too old meanwhile is left to its
    /// policy.
    fn postponed(&self, wait: Duration) -> Transition {
        let age = self.ctx.now.plus(wait).since(self.state.age_from);
        if age > self.ctx.policy.retry.max_age() {
            return self.reconciled(Evidence::Unknown);
        }
        self.coded(Status::InDoubt, Code::ANSWER_LOST).due(wait)
    }

    fn resolved(&self, resolution: Resolution) -> Transition {
        match resolution {
            Resolution::Sent => self.coded(Status::Sent, Code::RESOLVED),
            Resolution::GiveUp => self.coded(Status::Failed, Code::RESOLVED),
            // A person asked for it: neither the budget nor the age stands in the way.
            Resolution::Resend => {
                let mut again = self.excused().coded(Status::Retrying, Code::RESOLVED).due(Duration::ZERO);
                again.next.age_from = self.ctx.now;
                again
            }
        }
    }

    fn redriven(&self) -> Transition {
        let mut redriven = self.coded(Status::Queued, Code::REDRIVEN).due(Duration::ZERO);
        redriven.next.excused = self.state.attempts;
        redriven.next.crashes = 0;
        redriven.next.age_from = self.ctx.now;
        redriven
    }

    fn reported(&self, report: Feedback) -> Transition {
        let proven = report != Feedback::None && matches!(self.state.status, Status::Retrying | Status::InDoubt);
        let mut reported = self.plain(if proven { Status::Sent } else { self.state.status });
        reported.next.feedback = self.state.feedback.and(report);
        reported
    }

    fn backoff(&self, attempt: u32) -> Duration {
        self.ctx.policy.retry.backoff().after(attempt.max(1), self.ctx.jitter)
    }

    /// Quarantines a letter that took down too many workers; otherwise it goes again.
    fn survivor(&self, retrying: Transition, wait: Duration) -> Transition {
        if retrying.next.crashes >= self.ctx.policy.max_crashes.max(1) {
            return retrying.turned(Status::Failed).coded(Code::POISON).with(Effect::Raise(Alarm::Poison));
        }
        self.again(retrying, wait)
    }

    /// `retrying` after `wait`, or a dead letter where attempts or age are exhausted.
    fn again(&self, retrying: Transition, wait: Duration) -> Transition {
        let policy = &self.ctx.policy.retry;
        let budget = self.state.max_attempts.unwrap_or(policy.max_attempts());
        let too_old = self.ctx.now.plus(wait).since(self.state.age_from) > policy.max_age();
        if retrying.next.spent() >= budget || too_old {
            return retrying.turned(Status::DeadLetter).with(Effect::Raise(Alarm::DeadLetter));
        }
        retrying.due(wait)
    }
}

impl Excused {
    fn plain(self, status: Status) -> Transition {
        transition(self.1, DeliveryState { status, ..self.0 })
    }

    fn coded(self, status: Status, code: &str) -> Transition {
        self.plain(status).coded(code)
    }
}

/// Every letter would meet the same refusal until a person acts.
fn barred(transition: Transition) -> Transition {
    transition.with(Effect::Raise(Alarm::Misconfigured)).with(Effect::PauseTransport)
}

fn transition(from: Status, next: DeliveryState) -> Transition {
    Transition { from, next, due_in: None, code: None, detail: Detail::default(), effects: Vec::new() }
}

impl Transition {
    fn coded(mut self, code: &str) -> Self {
        self.code = Some(Code::new(code));
        self
    }

    fn answered(mut self, failure: &Failure) -> Self {
        self.next.crashes = 0;
        self.code = Some(failure.code.clone());
        self.detail = failure.detail.clone();
        self
    }

    fn due(mut self, wait: Duration) -> Self {
        self.due_in = Some(wait);
        self
    }

    fn turned(mut self, status: Status) -> Self {
        self.next.status = status;
        self.due_in = None;
        self
    }

    fn with(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }
}
