//! One moment: what the store has, what workers have in hand, what a watcher counted.

use std::hash::{DefaultHasher, Hash, Hasher};

use postroom_domain::failure::{Failure, FailureClass};
use postroom_domain::lifecycle::{DeliveryState, Event, Evidence, Transition};
use postroom_domain::status::Status;
use postroom_domain::time::Timestamp;

/// How many letters there are.
pub const LETTERS: usize = 2;
/// How many workers there are.
pub const WORKERS: usize = 2;

/// Who holds a row, as the store sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lease {
    /// Nobody.
    Free,
    /// Somebody, under the row's fence.
    Live,
    /// Somebody held it: the lease ran out or the worker stopped beating, and nobody took over yet.
    Over,
}

/// What a worker's attempt, or its look after a letter that nobody holds, came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// The provider took it and said so.
    Accepted,
    /// No answer came.
    Lost,
    /// Later, for this letter.
    Deferred,
    /// Later, for every letter.
    ProviderDeferred,
    /// Never.
    Rejected,
    /// Nothing of it left.
    GivenBack,
    /// Its worker is gone.
    Lapsed,
    /// The provider was asked about it.
    Told(Evidence),
}

impl Answer {
    /// What the domain calls it.
    #[must_use]
    pub fn event(self) -> Event {
        let failed = |class| Event::Failed(Failure::new(class, "MODEL", ""));
        match self {
            Self::Accepted => Event::Accepted,
            Self::Lost => failed(FailureClass::InDoubt),
            Self::Deferred => failed(FailureClass::DEFERRED),
            Self::ProviderDeferred => failed(FailureClass::PROVIDER_DEFERRED),
            Self::Rejected => failed(FailureClass::Rejected),
            Self::GivenBack => Event::GivenBack,
            Self::Lapsed => Event::LeaseLapsed,
            Self::Told(evidence) => Event::Reconciled(evidence),
        }
    }
}

/// How far a worker has come with the letter in its hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Claimed, and nothing else.
    Claimed,
    /// The store said that it may be sent.
    Handover,
    /// Bytes have left; the provider may take it at any moment.
    OnWire,
    /// It has an answer, to be settled.
    Answered(Answer),
}

/// What a worker remembers of the one letter that it works on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hand {
    /// Which letter.
    pub letter: usize,
    /// Under which fence.
    pub fence: u8,
    /// The state that the store returned: what the worker decides from.
    pub state: DeliveryState,
    /// How far it has come.
    pub phase: Phase,
}

/// What a watcher who sees everything counted about one letter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Account {
    /// How often it was claimed.
    pub claims: u8,
    /// How often the provider took it.
    pub taken: u8,
    /// How often it went into doubt.
    pub doubts: u8,
    /// How often a person had it sent again.
    pub resends: u8,
    /// Whether a person, and no provider, said that it arrived.
    pub vouched: bool,
    /// Whether a write by somebody who no longer held it had an effect.
    pub stale_effect: bool,
    /// Whether it left a final status although nobody put it back.
    pub reopened: bool,
}

/// One letter in the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Row {
    /// Its state.
    pub state: DeliveryState,
    /// The latest fence that was handed out for it.
    pub fence: u8,
    /// Who holds it.
    pub lease: Lease,
    /// Whether it is looked at again by itself.
    pub is_due: bool,
    /// What the watcher counted.
    pub account: Account,
}

/// One moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    /// The letters.
    pub rows: [Row; LETTERS],
    /// What each worker has in hand.
    pub hands: [Option<Hand>; WORKERS],
    /// How many wishes people have left.
    pub wishes: u8,
}

impl World {
    /// Letters that were just enqueued, workers that just started, people with `wishes` wishes.
    #[must_use]
    pub fn new(wishes: u8) -> Self {
        let row = Row {
            state: DeliveryState::queued(Timestamp::EPOCH),
            fence: 0,
            lease: Lease::Free,
            is_due: true,
            account: Account::default(),
        };
        Self { rows: [row.clone(), row], hands: [None, None], wishes }
    }

    /// Whether the store would take a write of this hand.
    pub(crate) fn is_held(&self, hand: &Hand) -> bool {
        let row = &self.rows[hand.letter];
        row.fence == hand.fence && row.lease != Lease::Free
    }

    /// Whether somebody who is not `worker` may still bring this letter to the provider.
    pub(crate) fn may_travel(&self, letter: usize, worker: usize) -> bool {
        let others = self.hands.iter().enumerate().filter(|(other, _)| *other != worker);
        others
            .filter_map(|(_, hand)| hand.as_ref())
            .any(|hand| hand.letter == letter && matches!(hand.phase, Phase::Handover | Phase::OnWire))
    }

    /// The store's write: state, due time and the end of the claim, at once.
    pub(crate) fn commit(&mut self, letter: usize, transition: &Transition) {
        let row = &mut self.rows[letter];
        let doubtful = |status| status == Status::InDoubt;
        let put_back = transition.next.status == Status::Queued;
        row.account.reopened |= row.state.status.is_final() && row.state.status != transition.next.status && !put_back;
        row.account.doubts += u8::from(doubtful(transition.next.status) && !doubtful(row.state.status));
        row.state = transition.next.clone();
        row.is_due = transition.due_in.is_some();
        row.lease = Lease::Free;
    }

    /// The one of all moments that differ in names alone: workers are alike, letters are alike,
    /// and of fences only their order matters. So a story counts once, however it is told.
    pub(crate) fn canonical(mut self) -> Self {
        self.rename_fences();
        let mut least = (digest(&self), self.clone());
        for swap in [Self::swap_workers, Self::swap_letters, Self::swap_workers] {
            swap(&mut self);
            let digest = digest(&self);
            if digest < least.0 {
                least = (digest, self.clone());
            }
        }
        least.1
    }

    fn swap_workers(&mut self) {
        self.hands.swap(0, 1);
    }

    fn swap_letters(&mut self) {
        self.rows.swap(0, 1);
        for hand in self.hands.iter_mut().flatten() {
            hand.letter = 1 - hand.letter;
        }
    }

    fn rename_fences(&mut self) {
        for letter in 0..LETTERS {
            let hands = self.hands.iter_mut().flatten().filter(|hand| hand.letter == letter);
            let mut fences: Vec<&mut u8> = hands.map(|hand| &mut hand.fence).collect();
            fences.push(&mut self.rows[letter].fence);
            let mut order: Vec<u8> = fences.iter().map(|fence| **fence).collect();
            order.sort_unstable();
            order.dedup();
            for fence in fences {
                let rank = order.iter().position(|known| known == fence).unwrap_or_default();
                *fence = u8::try_from(rank).unwrap_or(u8::MAX);
            }
        }
    }
}

/// The same moment gives the same number in every run.
fn digest(world: &World) -> u64 {
    let mut hasher = DefaultHasher::new();
    world.hash(&mut hasher);
    hasher.finish()
}
