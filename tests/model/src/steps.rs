//! What may happen next, and what follows from it.

use std::time::Duration;

use postroom_domain::feedback::Feedback;
use postroom_domain::lifecycle::{Context, DeliveryState, Event, Evidence, Resolution, Transition, apply};
use postroom_domain::policy::{InDoubtPolicy, WorkflowPolicy};
use postroom_domain::retry::{Backoff, Jitter, RetryPolicy};
use postroom_domain::status::{Stage, Status};
use postroom_domain::time::Timestamp;
use stateright::{Model, Property};

use crate::Flaw;
use crate::properties;
use crate::world::{Answer, Hand, Lease, Phase, WORKERS, World};

/// What the provider does with what is on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// Takes it and says so.
    Accepted,
    /// Takes it, and the answer is lost.
    AcceptedUnheard,
    /// Never gets it, and no answer comes.
    Lost,
    /// Says: later.
    Deferred,
    /// Says: later, to everybody.
    ProviderDeferred,
    /// Says: never.
    Rejected,
}

const REPLIES: [Reply; 6] =
    [Reply::Accepted, Reply::AcceptedUnheard, Reply::Lost, Reply::Deferred, Reply::ProviderDeferred, Reply::Rejected];

/// One thing that happens. Workers and letters are named by their number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A worker claims a letter.
    Claim(usize, usize),
    /// The store records the handover, and the worker hears of it.
    Ready(usize),
    /// The store records the handover, and the answer is lost: the worker gives the letter back.
    ReadyUnheard(usize),
    /// The worker stops and gives back what it has not sent.
    GiveBack(usize),
    /// Bytes leave.
    Send(usize),
    /// The provider does something with them.
    Reply(usize, Reply),
    /// The worker settles what it knows.
    Settle(usize),
    /// It does, and the answer is lost: it will do it again.
    SettleUnheard(usize),
    /// The worker is gone with all that it knew. Another starts in its place.
    Crash(usize),
    /// The same, with its letter on the wire, which the provider takes.
    CrashTaken(usize),
    /// A lease ends, whoever holds it.
    Lapse(usize),
    /// A worker takes over a letter whose lease is over.
    TakeOver(usize, usize),
    /// A worker asks about a letter in doubt, and this is the answer.
    Ask(usize, usize, Evidence),
    /// The provider reports by itself that it has a letter.
    Report(usize),
    /// A person wants something of a letter.
    Wish(usize, Event),
}

/// The model: workers and letters under one policy for doubt.
#[derive(Clone, Debug)]
pub struct Post {
    /// What the workflow wants.
    pub policy: WorkflowPolicy,
    /// What is wrong with it.
    pub flaw: Flaw,
    /// How many claims there are at most, of all letters together: where the stories end.
    pub most_claims: u8,
    /// How many wishes people have.
    pub wishes: u8,
}

impl Post {
    /// Letters that may be tried twice, and that are quarantined after two crashes.
    ///
    /// # Panics
    /// Never: the policy is a valid one.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the policy is written here")]
    pub fn new(in_doubt: InDoubtPolicy, flaw: Flaw) -> Self {
        let waits = Backoff::Schedule(vec![Duration::from_secs(1)]);
        let retry = RetryPolicy::new(waits, 2, Duration::from_hours(1)).expect("a valid policy");
        let policy = WorkflowPolicy { in_doubt, max_crashes: 2, ..WorkflowPolicy::with_retry(retry) };
        Self { policy, flaw, most_claims: 2, wishes: 1 }
    }

    /// The same with longer stories and without people: three claims.
    #[must_use]
    pub fn longer(self) -> Self {
        Self { most_claims: 3, wishes: 0, ..self }
    }

    /// What the domain makes of it.
    pub(crate) fn decide(&self, state: &DeliveryState, event: &Event) -> Option<Transition> {
        let context = Context { now: Timestamp::EPOCH, policy: &self.policy, jitter: Jitter::NONE };
        apply(state, event, &context).ok()
    }

    fn claim(&self, world: &mut World, worker: usize, letter: usize) -> Option<()> {
        let mut transition = self.decide(&world.rows[letter].state, &Event::Claimed)?;
        if self.flaw == Flaw::AttemptCountedAtSettle {
            transition.next.attempts -= 1;
        }
        world.commit(letter, &transition);
        world.rows[letter].account.claims += 1;
        take(world, worker, letter, Phase::Claimed, Flaw::None);
        Some(())
    }

    fn ready(&self, world: &mut World, worker: usize) -> Option<()> {
        let hand = world.hands[worker].clone()?;
        if !world.is_held(&hand) && self.flaw != Flaw::NoFence {
            world.hands[worker] = None;
            return Some(());
        }
        if self.flaw != Flaw::StageNotRecorded {
            world.rows[hand.letter].state.stage = Stage::Handover;
        }
        let state = DeliveryState { stage: Stage::Handover, ..hand.state.clone() };
        world.hands[worker] = Some(Hand { state, phase: Phase::Handover, ..hand });
        Some(())
    }

    fn settle(&self, world: &mut World, worker: usize) -> Option<()> {
        let hand = world.hands[worker].clone()?;
        let Phase::Answered(answer) = hand.phase else { return None };
        let held = world.is_held(&hand);
        if held || self.flaw == Flaw::NoFence {
            let mut transition = self.decide(&hand.state, &answer.event())?;
            self.spoil(answer, &mut transition);
            world.commit(hand.letter, &transition);
            world.rows[hand.letter].account.stale_effect |= !held;
        }
        Some(())
    }

    /// What a flaw makes of a decision.
    fn spoil(&self, answer: Answer, transition: &mut Transition) {
        match self.flaw {
            Flaw::AttemptCountedAtSettle if transition.from == Status::InProgress && answer != Answer::Lapsed => {
                transition.next.attempts += 1;
            }
            Flaw::GivenBackForgotten if answer == Answer::GivenBack => transition.due_in = None,
            Flaw::ResentUnderHold if answer == Answer::Told(Evidence::Unknown) => {
                transition.next.status = Status::Retrying;
                transition.due_in = Some(Duration::ZERO);
            }
            _ => {}
        }
    }

    /// What people may want of a letter, as far as the domain allows it.
    fn wishes(&self, state: &DeliveryState) -> Vec<Event> {
        let resolved = [Resolution::Sent, Resolution::Resend, Resolution::GiveUp].map(Event::Resolved);
        let all = [Event::Cancelled, Event::Redriven].into_iter().chain(resolved);
        all.filter(|event| self.decide(state, event).is_some()).collect()
    }

    fn wish(&self, world: &mut World, letter: usize, event: &Event) -> Option<()> {
        let transition = self.decide(&world.rows[letter].state, event)?;
        world.commit(letter, &transition);
        world.wishes -= 1;
        let account = &mut world.rows[letter].account;
        match event {
            Event::Resolved(Resolution::Resend) | Event::Redriven => account.resends += 1,
            Event::Resolved(Resolution::Sent) => account.vouched = true,
            _ => {}
        }
        Some(())
    }

    /// What follows from a step; `None` where it is not possible.
    pub(crate) fn follow(&self, world: &mut World, step: Step) -> Option<()> {
        match step {
            Step::Claim(worker, letter) => self.claim(world, worker, letter)?,
            Step::Ready(worker) => self.ready(world, worker)?,
            Step::ReadyUnheard(worker) => {
                let hand = world.hands[worker].clone()?;
                self.ready(world, worker)?;
                world.hands[worker] = Some(Hand { phase: Phase::Answered(Answer::GivenBack), ..hand });
            }
            Step::GiveBack(worker) => world.hands[worker].as_mut()?.phase = Phase::Answered(Answer::GivenBack),
            Step::Send(worker) => world.hands[worker].as_mut()?.phase = Phase::OnWire,
            Step::Reply(worker, said) => reply(world, worker, said)?,
            Step::Settle(worker) => {
                self.settle(world, worker)?;
                world.hands[worker] = None;
            }
            Step::SettleUnheard(worker) => self.settle(world, worker)?,
            Step::Crash(worker) => world.hands[worker] = None,
            Step::CrashTaken(worker) => {
                let hand = world.hands[worker].take()?;
                world.rows[hand.letter].account.taken += 1;
            }
            Step::Lapse(letter) => world.rows[letter].lease = Lease::Over,
            Step::TakeOver(worker, letter) => {
                take(world, worker, letter, Phase::Answered(Answer::Lapsed), self.flaw);
            }
            Step::Ask(worker, letter, evidence) => {
                take(world, worker, letter, Phase::Answered(Answer::Told(evidence)), self.flaw);
            }
            Step::Report(letter) => {
                let reported = Event::Reported(Feedback::Delivered);
                let transition = self.decide(&world.rows[letter].state, &reported)?;
                world.commit(letter, &transition);
            }
            Step::Wish(letter, event) => self.wish(world, letter, &event)?,
        }
        Some(())
    }

    /// What a worker may do with what it has in hand, and what may happen to it.
    fn with_a_hand(worker: usize, hand: &Hand, steps: &mut Vec<Step>) {
        steps.push(Step::Crash(worker));
        match hand.phase {
            Phase::Claimed => {
                steps.extend([Step::Ready(worker), Step::ReadyUnheard(worker), Step::GiveBack(worker)]);
            }
            Phase::Handover => steps.push(Step::Send(worker)),
            Phase::OnWire => {
                steps.push(Step::CrashTaken(worker));
                steps.extend(REPLIES.map(|reply| Step::Reply(worker, reply)));
            }
            Phase::Answered(_) => steps.extend([Step::Settle(worker), Step::SettleUnheard(worker)]),
        }
    }

    /// What a worker with nothing in hand may take.
    fn without(&self, world: &World, worker: usize, steps: &mut Vec<Step>) {
        for (letter, row) in world.rows.iter().enumerate() {
            match row.state.status {
                Status::Queued | Status::Retrying if row.is_due => steps.push(Step::Claim(worker, letter)),
                Status::InProgress if row.lease == Lease::Over => steps.push(Step::TakeOver(worker, letter)),
                Status::InDoubt if row.is_due && row.lease != Lease::Live => {
                    steps.push(Step::Ask(worker, letter, Evidence::Unknown));
                    let early = self.flaw == Flaw::EvidenceTooEarly;
                    if row.account.taken > 0 {
                        steps.push(Step::Ask(worker, letter, Evidence::Accepted));
                    } else if early || !world.may_travel(letter, worker) {
                        // "It does not have it and never will": as long as nobody else may still bring it.
                        steps.push(Step::Ask(worker, letter, Evidence::NotAccepted));
                    }
                }
                _ => {}
            }
        }
    }
}

/// Puts a letter into a worker's hand, under a new fence.
fn take(world: &mut World, worker: usize, letter: usize, phase: Phase, flaw: Flaw) {
    let row = &mut world.rows[letter];
    if flaw != Flaw::FenceShared {
        row.fence += 1;
    }
    row.lease = Lease::Live;
    world.hands[worker] = Some(Hand { letter, fence: row.fence, state: row.state.clone(), phase });
}

fn reply(world: &mut World, worker: usize, reply: Reply) -> Option<()> {
    let hand = world.hands[worker].as_mut()?;
    let answer = match reply {
        Reply::Accepted => Answer::Accepted,
        Reply::AcceptedUnheard | Reply::Lost => Answer::Lost,
        Reply::Deferred => Answer::Deferred,
        Reply::ProviderDeferred => Answer::ProviderDeferred,
        Reply::Rejected => Answer::Rejected,
    };
    hand.phase = Phase::Answered(answer);
    let taken = matches!(reply, Reply::Accepted | Reply::AcceptedUnheard);
    world.rows[hand.letter].account.taken += u8::from(taken);
    Some(())
}

impl Model for Post {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(self.wishes)]
    }

    fn actions(&self, world: &World, steps: &mut Vec<Step>) {
        for worker in 0..WORKERS {
            match &world.hands[worker] {
                Some(hand) => Self::with_a_hand(worker, hand, steps),
                None => self.without(world, worker, steps),
            }
        }
        for (letter, row) in world.rows.iter().enumerate() {
            if row.lease == Lease::Live {
                steps.push(Step::Lapse(letter));
            }
            if row.account.taken > 0 && matches!(row.state.status, Status::Retrying | Status::InDoubt) {
                steps.push(Step::Report(letter));
            }
            if world.wishes > 0 {
                steps.extend(self.wishes(&row.state).into_iter().map(|event| Step::Wish(letter, event)));
            }
        }
    }

    fn next_state(&self, before: &World, step: Step) -> Option<World> {
        let mut world = before.clone();
        self.follow(&mut world, step)?;
        Some(world.canonical())
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }

    fn within_boundary(&self, world: &World) -> bool {
        world.rows.iter().map(|row| row.account.claims).sum::<u8>() <= self.most_claims
    }
}
