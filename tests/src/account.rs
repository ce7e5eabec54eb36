//! What became of many letters: the receiver's own journal held against what Postroom believes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::process::Process;
use crate::room::Room;

/// Letters as the receiver has them and as Postroom has them, by recipient.
#[derive(Debug)]
pub struct Account {
    /// How often which recipient's letter arrived.
    pub arrived: BTreeMap<String, usize>,
    /// Where each letter stands.
    pub statuses: BTreeMap<String, String>,
    /// Whose letter was in doubt at some time.
    pub doubted: BTreeSet<String>,
    /// Whose letter was sent again for that.
    pub resent: BTreeSet<String>,
}

/// One line of what a fault did, for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Toll {
    /// Letters of which nobody was sure.
    pub in_doubt: usize,
    /// Letters that were sent again for that.
    pub resent: usize,
    /// Letters that arrived more than once.
    pub duplicates: usize,
}

const STATUSES: &str = "SELECT recipient || ' ' || status FROM deliveries";
const DOUBTED: &str = "SELECT DISTINCT d.recipient FROM deliveries d JOIN delivery_events e \
                       ON e.delivery_id = d.delivery_id WHERE e.status = 'in_doubt'";
const RESENT: &str = "SELECT DISTINCT d.recipient FROM deliveries d JOIN delivery_events e \
                      ON e.delivery_id = d.delivery_id WHERE e.error_code = 'RESENT'";

impl Account {
    /// As things are now.
    ///
    /// # Errors
    /// The store cannot be asked.
    pub async fn of(room: &Room) -> Result<Self> {
        let mut arrived = BTreeMap::new();
        for recipient in room.inbox.letters().into_iter().flat_map(|letter| letter.recipients) {
            *arrived.entry(recipient).or_default() += 1;
        }
        let statuses = room.store.texts(STATUSES).await?.into_iter();
        let statuses = statuses.filter_map(|line| {
            let (recipient, status) = line.rsplit_once(' ')?;
            Some((recipient.to_owned(), status.to_owned()))
        });
        Ok(Self {
            arrived,
            statuses: statuses.collect(),
            doubted: room.store.texts(DOUBTED).await?.into_iter().collect(),
            resent: room.store.texts(RESENT).await?.into_iter().collect(),
        })
    }

    /// Waits until the worker has done and left, and draws up the account of letters to `expected` that all should be
    /// sent.
    ///
    /// # Errors
    /// It does not come to an end, or as [`Account::settle`].
    pub async fn close(room: &Room, worker: &mut Process, expected: &BTreeSet<String>) -> Result<Toll> {
        room.is_done().await?;
        worker.finish().await?.expect(0)?;
        room.inbox.wait_for_open(0, Duration::from_mins(1)).await?;
        Self::of(room).await?.settle(expected)
    }

    /// Holds the two against each other, for letters to `expected` that all should be sent: none lost, none invented,
    /// no status that the receiver contradicts, and none arrived again that had not been in doubt and sent again.
    ///
    /// # Errors
    /// Names the letters that are not accounted for.
    pub fn settle(&self, expected: &BTreeSet<String>) -> Result<Toll> {
        let known: BTreeSet<&String> = self.statuses.keys().collect();
        ensure!(known == expected.iter().collect(), "the store lost or invented letters");
        let lost: Vec<_> = expected.iter().filter(|to| !self.arrived.contains_key(*to)).collect();
        ensure!(lost.is_empty(), "lost: {lost:?}");
        let phantoms: Vec<_> = self.arrived.keys().filter(|to| !expected.contains(*to)).collect();
        ensure!(phantoms.is_empty(), "invented: {phantoms:?}");
        let contradicted: Vec<_> = self.statuses.iter().filter(|(_, status)| *status != "sent").collect();
        ensure!(contradicted.is_empty(), "arrived, and yet: {contradicted:?}");
        let twice: BTreeSet<&String> = self.arrived.iter().filter(|(_, times)| **times > 1).map(|(to, _)| to).collect();
        let unexplained: Vec<_> = twice.iter().filter(|to| !self.resent.contains(**to)).collect();
        ensure!(unexplained.is_empty(), "arrived again without having been in doubt: {unexplained:?}");
        ensure!(self.resent.is_subset(&self.doubted), "sent again without a doubt");
        Ok(Toll { in_doubt: self.doubted.len(), resent: self.resent.len(), duplicates: twice.len() })
    }
}
