//! Where calls wait for their turn.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// Which half of a call waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Half {
    /// Nothing of it was done yet.
    Begin,
    /// It was done; the caller has not heard.
    End,
}

/// What becomes of the half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It goes on.
    Go,
    /// The connection is gone: not done, or done and not heard.
    Fail,
}

/// One call that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) number: u64,
    pub(crate) process: usize,
    pub(crate) call: &'static str,
    pub(crate) half: Half,
}

#[derive(Debug)]
struct Ticket {
    waiting: Waiting,
    go: oneshot::Sender<Verdict>,
}

/// Whether calls wait at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Weather {
    #[default]
    Stormy,
    Calm,
}

#[derive(Debug, Default)]
struct Calls {
    tickets: BTreeMap<u64, Ticket>,
    dead: BTreeSet<usize>,
    serial: u64,
    weather: Weather,
}

/// Every call of every process that waits for its turn.
#[derive(Debug, Default)]
pub(crate) struct Stage(Mutex<Calls>);

impl Stage {
    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the director. A process that is dead waits for ever: it does nothing more and
    /// hears of nothing more.
    pub(crate) async fn turn(&self, process: usize, call: &'static str, half: Half) -> Verdict {
        let turn = {
            let mut calls = self.calls();
            if calls.dead.contains(&process) {
                None
            } else if calls.weather == Weather::Calm {
                return Verdict::Go;
            } else {
                calls.serial += 1;
                let (number, (go, turn)) = (calls.serial, oneshot::channel());
                calls.tickets.insert(number, Ticket { waiting: Waiting { number, process, call, half }, go });
                Some(turn)
            }
        };
        if let Some(turn) = turn
            && let Ok(verdict) = turn.await
        {
            return verdict;
        }
        std::future::pending().await
    }

    /// The calls that wait, in the order in which they came. Those that nobody waits for any
    /// more are forgotten.
    pub(crate) fn waiting(&self) -> Vec<Waiting> {
        let mut calls = self.calls();
        calls.tickets.retain(|_, ticket| !ticket.go.is_closed());
        calls.tickets.values().map(|ticket| ticket.waiting).collect()
    }

    /// Lets one half of a call happen.
    pub(crate) fn release(&self, number: u64, verdict: Verdict) {
        if let Some(ticket) = self.calls().tickets.remove(&number) {
            // Who gave up waiting need not hear of it.
            let _ = ticket.go.send(verdict);
        }
    }

    /// Whether a process was killed.
    pub(crate) fn is_dead(&self, process: usize) -> bool {
        self.calls().dead.contains(&process)
    }

    /// A process is no more.
    pub(crate) fn kill(&self, process: usize) {
        let mut calls = self.calls();
        calls.dead.insert(process);
        calls.tickets.retain(|_, ticket| ticket.waiting.process != process);
    }

    /// The storm is over: nothing waits from now on.
    pub(crate) fn calm(&self) {
        let mut calls = self.calls();
        calls.weather = Weather::Calm;
        for ticket in std::mem::take(&mut calls.tickets).into_values() {
            let _ = ticket.go.send(Verdict::Go);
        }
    }

    /// Whether the storm is over.
    pub(crate) fn is_calm(&self) -> bool {
        self.calls().weather == Weather::Calm
    }
}
