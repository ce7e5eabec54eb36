//! What a watcher who sees every call knows, and the rules that it can judge at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use postroom_domain::id::{DeliveryId, LeaseToken};
use postroom_domain::status::Status;
use postroom_domain::time::Timestamp;
use postroom_ports::queue::{Claim, Fence};
use postroom_ports::worker::BEAT_STALE;

use crate::stage::Stage;

/// Who holds a letter.
#[derive(Clone, Copy, Debug)]
struct Holder {
    process: usize,
    token: LeaseToken,
    until: Timestamp,
}

/// What is known of one letter.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// When the application wanted it sent at the earliest.
    pub(crate) wanted_at: Option<Timestamp>,
    /// How often it was claimed.
    pub(crate) claims: u32,
    /// The bytes of each acceptance.
    pub(crate) taken: Vec<Vec<u8>>,
    holder: Option<Holder>,
    /// Who was told that it may be sent, and may still do so.
    under_way: BTreeSet<usize>,
}

#[derive(Debug, Default)]
struct Books {
    accounts: BTreeMap<DeliveryId, Account>,
    tokens: BTreeSet<LeaseToken>,
    /// Which claims were settled, and as what.
    settled: BTreeSet<(LeaseToken, &'static str)>,
    beats: BTreeMap<usize, Timestamp>,
    gone: BTreeSet<usize>,
    violation: Option<String>,
}

/// The watcher.
#[derive(Debug)]
pub(crate) struct Ledger {
    stage: Arc<Stage>,
    books: Mutex<Books>,
}

impl Ledger {
    pub(crate) fn new(stage: Arc<Stage>) -> Self {
        Self { stage, books: Mutex::default() }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first broken promise stands.
    pub(crate) fn broken(&self, what: impl FnOnce() -> String) {
        self.books().broken(what);
    }

    pub(crate) fn violation(&self) -> Option<String> {
        self.books().violation.clone()
    }

    pub(crate) fn enqueued(&self, id: &DeliveryId, wanted_at: Option<Timestamp>) {
        self.books().accounts.insert(id.clone(), Account { wanted_at, ..Account::default() });
    }

    /// Every letter that was ever enqueued.
    pub(crate) fn letters(&self) -> Vec<DeliveryId> {
        self.books().accounts.keys().cloned().collect()
    }

    /// What is known of a letter, for the audit.
    pub(crate) fn read<T>(&self, id: &DeliveryId, read: impl FnOnce(&Account) -> T) -> Option<T> {
        self.books().accounts.get(id).map(read)
    }

    /// A worker was handed a letter to send.
    pub(crate) fn claimed(
        &self,
        process: usize,
        claim: &Claim,
        due_at: Option<Timestamp>,
        now: Timestamp,
        until: Timestamp,
    ) {
        let mut books = self.books();
        let id = &claim.fence.delivery_id;
        books.new_token(&claim.fence);
        let Some(account) = books.accounts.get_mut(id) else { return };
        account.claims += 1;
        let early = account.wanted_at.is_some_and(|at| at > now) || due_at.is_none_or(|at| at > now);
        let held = account.holder.replace(Holder { process, token: claim.fence.token, until }).is_some();
        let (counted, claims) = (claim.state.attempts, account.claims);
        if early {
            books.broken(|| format!("{id} was claimed before it was due"));
        }
        if held {
            books.broken(|| format!("{id} was claimed although somebody held it"));
        }
        if counted != claims {
            books.broken(|| format!("{id} was claimed {claims} times and counts {counted} attempts"));
        }
    }

    /// A letter was taken from whoever held it: justified only where that one was gone.
    pub(crate) fn taken_over(&self, process: usize, claim: &Claim, now: Timestamp, until: Timestamp) {
        let mut books = self.books();
        let id = &claim.fence.delivery_id;
        books.new_token(&claim.fence);
        let before = books.accounts.get(id).and_then(|account| account.holder);
        if let Some(before) = before {
            let beat = books.beats.get(&before.process).copied();
            let silent = beat.is_none_or(|at| now.since(at) >= BEAT_STALE);
            let gone = books.gone.contains(&before.process) || self.stage.is_dead(before.process);
            if before.until > now && !silent && !gone {
                books.broken(|| format!("{id} was taken from process {}, which lives and holds it", before.process));
            }
        }
        if let Some(account) = books.accounts.get_mut(id) {
            account.holder = Some(Holder { process, token: claim.fence.token, until });
        }
    }

    /// The store took a write under this fence: right only where it is the latest.
    pub(crate) fn written(&self, fence: &Fence, what: &str) {
        let mut books = self.books();
        let holder = books.accounts.get(&fence.delivery_id).and_then(|account| account.holder);
        if holder.is_none_or(|holder| holder.token != fence.token) {
            books.broken(|| format!("a stale token took effect: {what} of {}", fence.delivery_id));
        }
    }

    /// Notes the end of a claim; false where it was noted before, by a call whose answer was lost: nothing changes then.
    pub(crate) fn settles(&self, fence: &Fence, status: Status) -> bool {
        self.books().settled.insert((fence.token, status.as_str()))
    }

    pub(crate) fn extended(&self, fence: &Fence, until: Timestamp) {
        if let Some(holder) = self.books().accounts.get_mut(&fence.delivery_id).and_then(|a| a.holder.as_mut()) {
            holder.until = until;
        }
    }

    /// A worker may send the letter from now on.
    pub(crate) fn ready(&self, process: usize, id: &DeliveryId) {
        if let Some(account) = self.books().accounts.get_mut(id) {
            account.under_way.insert(process);
        }
    }

    /// A worker has no more to do with the sending of a letter.
    pub(crate) fn arrived(&self, process: usize, id: &DeliveryId) {
        if let Some(account) = self.books().accounts.get_mut(id) {
            account.under_way.remove(&process);
        }
    }

    /// Nobody holds the letter any more.
    pub(crate) fn released(&self, id: &DeliveryId) {
        if let Some(account) = self.books().accounts.get_mut(id) {
            account.holder = None;
        }
    }

    /// The provider took the letter.
    pub(crate) fn accepted(&self, id: &DeliveryId, bytes: &[u8]) {
        if let Some(account) = self.books().accounts.get_mut(id) {
            account.taken.push(bytes.to_vec());
        }
    }

    /// What an honest provider says of a letter: yes where it has it, no where it never will.
    pub(crate) fn never_comes(&self, id: &DeliveryId) -> bool {
        let books = self.books();
        let Some(account) = books.accounts.get(id) else { return false };
        account.taken.is_empty() && account.under_way.iter().all(|process| self.stage.is_dead(*process))
    }

    pub(crate) fn beat(&self, process: usize, now: Timestamp) {
        self.books().beats.insert(process, now);
    }

    pub(crate) fn retired(&self, process: usize) {
        self.books().gone.insert(process);
    }
}

impl Books {
    fn broken(&mut self, what: impl FnOnce() -> String) {
        self.violation.get_or_insert_with(what);
    }

    /// Tokens are new each time, whoever they are for.
    fn new_token(&mut self, fence: &Fence) {
        if !self.tokens.insert(fence.token) {
            self.broken(|| format!("two owners at the same fence: {}", fence.delivery_id));
        }
    }
}
