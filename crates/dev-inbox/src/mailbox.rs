//! Where accepted letters are kept, and how to wait for them.

use std::io;
use std::sync::{Arc, Mutex as PlainMutex};
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard, watch};
use tokio::task::spawn_blocking;

use crate::error::InboxError;
use crate::guard::lock;
use crate::journal::Journal;
use crate::letter::Captured;

/// The letters that are held, in the order of their acceptance.
#[derive(Debug)]
pub(crate) struct Mailbox {
    letters: PlainMutex<Vec<Captured>>,
    held: watch::Sender<usize>,
    journal: Option<Journal>,
    /// Held while a letter is saved, so that numbers, files and the list agree.
    last: Arc<Mutex<u64>>,
}

impl Mailbox {
    pub(crate) fn new(journal: Option<Journal>, last: u64) -> Self {
        Self { letters: PlainMutex::default(), held: watch::Sender::new(0), journal, last: Arc::new(Mutex::new(last)) }
    }

    /// Numbers the letter, saves it if there is a folder, and keeps it. On an
    /// error nothing is kept, and the letter must not be accepted.
    ///
    /// Once begun it runs to its end even if the caller is dropped: a letter is
    /// saved and listed, or neither.
    pub(crate) async fn keep(self: &Arc<Self>, letter: Captured) -> io::Result<()> {
        let last = Arc::clone(&self.last).lock_owned().await;
        if self.journal.is_none() {
            return self.enter(last, letter);
        }
        let mailbox = Arc::clone(self);
        spawn_blocking(move || mailbox.enter(last, letter)).await?
    }

    fn enter(&self, mut last: OwnedMutexGuard<u64>, mut letter: Captured) -> io::Result<()> {
        letter.sequence = *last + 1;
        if let Some(journal) = &self.journal {
            journal.save(&letter)?;
        }
        *last = letter.sequence;
        let mut letters = lock(&self.letters);
        letters.push(letter);
        self.held.send_replace(letters.len());
        Ok(())
    }

    /// Waits until no letter is being saved.
    pub(crate) async fn settled(&self) {
        drop(self.last.lock().await);
    }

    pub(crate) fn letters(&self) -> Vec<Captured> {
        lock(&self.letters).clone()
    }

    pub(crate) fn count(&self) -> usize {
        lock(&self.letters).len()
    }

    pub(crate) fn clear(&self) {
        let mut letters = lock(&self.letters);
        letters.clear();
        self.held.send_replace(0);
    }

    /// Waits until at least `wanted` letters are held, and returns them all.
    pub(crate) async fn wait_for(&self, wanted: usize, timeout: Duration) -> Result<Vec<Captured>, InboxError> {
        let mut held = self.held.subscribe();
        let outcome = tokio::time::timeout(timeout, held.wait_for(|count| *count >= wanted)).await;
        if matches!(outcome, Ok(Ok(_))) {
            return Ok(self.letters());
        }
        let have = self.count();
        Err(InboxError::Waited { what: "letters", wanted, have, timeout })
    }
}
