//! What the server remembers of its connections: how many there were, how many
//! at once, and which verbs each of them spoke.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;

use crate::error::InboxError;
use crate::guard::lock;
use crate::verb::Verb;

/// The verbs of one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// The number of the connection, 1 for the first one accepted.
    pub connection: u64,
    /// The verbs in order, grouped by the read with which they arrived: a
    /// group of three is three commands that were pipelined.
    pub batches: Vec<Vec<Verb>>,
    last_read: u64,
}

impl Conversation {
    /// All verbs in order.
    #[must_use]
    pub fn verbs(&self) -> Vec<Verb> {
        self.batches.concat()
    }

    /// How many commands arrived together at most.
    #[must_use]
    pub fn largest_batch(&self) -> usize {
        self.batches.iter().map(Vec::len).max().unwrap_or(0)
    }

    fn saw(&mut self, verb: Verb, read: u64) {
        match self.batches.last_mut() {
            Some(batch) if self.last_read == read => batch.push(verb),
            _ => self.batches.push(vec![verb]),
        }
        self.last_read = read;
    }
}

/// All connections since the start.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    records: Mutex<Records>,
    open: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Records {
    conversations: Vec<Conversation>,
    opened: u64,
    most_open: usize,
}

impl Connections {
    /// Counts a new connection for as long as the returned value lives.
    pub(crate) fn open(self: &Arc<Self>) -> Presence {
        let mut records = lock(&self.records);
        records.opened += 1;
        let number = records.opened;
        let conversation = Conversation { connection: number, batches: Vec::new(), last_read: 0 };
        records.conversations.push(conversation);
        self.open.send_modify(|open| *open += 1);
        records.most_open = records.most_open.max(*self.open.borrow());
        Presence { number, all: Arc::clone(self) }
    }

    pub(crate) fn opened(&self) -> u64 {
        lock(&self.records).opened
    }

    pub(crate) fn most_open(&self) -> usize {
        lock(&self.records).most_open
    }

    pub(crate) fn open_now(&self) -> usize {
        *self.open.borrow()
    }

    pub(crate) fn transcript(&self) -> Vec<Conversation> {
        lock(&self.records).conversations.clone()
    }

    /// Waits until exactly `wanted` connections are open.
    pub(crate) async fn wait_for_open(&self, wanted: usize, timeout: Duration) -> Result<(), InboxError> {
        let mut open = self.open.subscribe();
        let outcome = tokio::time::timeout(timeout, open.wait_for(|count| *count == wanted)).await;
        if matches!(outcome, Ok(Ok(_))) {
            return Ok(());
        }
        let have = self.open_now();
        Err(InboxError::Waited { what: "open connections", wanted, have, timeout })
    }
}

/// One open connection; dropping it counts the connection as closed.
#[derive(Debug)]
pub(crate) struct Presence {
    pub(crate) number: u64,
    all: Arc<Connections>,
}

impl Presence {
    /// Records a verb that arrived with the given read.
    pub(crate) fn saw(&self, verb: Verb, read: u64) {
        let mut records = lock(&self.all.records);
        let mine = records.conversations.iter_mut().rev().find(|c| c.connection == self.number);
        if let Some(conversation) = mine {
            conversation.saw(verb, read);
        }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.all.open.send_modify(|open| *open -= 1);
    }
}
