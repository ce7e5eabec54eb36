//! A whole mailroom: a store, the binary, and a mail server on this machine.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use postroom_dev_inbox::{Config, DevInbox};
use serde_json::{Value, json};

use crate::binary::Postroom;
use crate::letter::Letter;
use crate::process::Process;
use crate::store::{Kind, Store};
use crate::wait::until;

/// Retries that nobody has to wait for.
const HASTE: &str = "[defaults]\nschedule = [\"0s\", \"100ms\"]\nmax_attempts = 5\n";

/// A mailroom that works, and works fast.
#[derive(Debug)]
pub struct Room {
    /// Where letters are kept.
    pub store: Store,
    /// The binary, configured for this store and this mail server.
    pub postroom: Postroom,
    /// The mail server.
    pub inbox: DevInbox,
}

impl Room {
    /// A mailroom on an empty store.
    ///
    /// # Errors
    /// One of its parts is missing or does not start.
    pub async fn open(kind: Kind) -> Result<Self> {
        Self::with_inbox(kind, Config::default()).await
    }

    /// A mailroom with a mail server of this kind.
    ///
    /// # Errors
    /// As [`Room::open`].
    pub async fn with_inbox(kind: Kind, config: Config) -> Result<Self> {
        Self::over(Store::migrated(kind).await?, config).await
    }

    /// A mailroom over this store.
    ///
    /// # Errors
    /// As [`Room::open`].
    pub async fn over(store: Store, config: Config) -> Result<Self> {
        let inbox = DevInbox::start(config).await?;
        let postroom = Postroom::new()?
            .configured(HASTE)?
            .with("DATABASE_URL", store.url())
            .with("SMTP_HOST", inbox.addr().ip().to_string())
            .with("SMTP_PORT", inbox.addr().port().to_string())
            .with("SMTP_FROM_ADDRESS", "post@example.org")
            .with("EMAIL_WORKER_POLL_INTERVAL", "100ms")
            .with("EMAIL_WORKER_JANITOR_INTERVAL", "100ms");
        Ok(Self { store, postroom, inbox })
    }

    /// With one more environment variable for the binary.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.postroom = self.postroom.with(name, value);
        self
    }

    /// With this `postroom.toml` in addition to quick retries, which it may not name again.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn configured(self, text: &str) -> Result<Self> {
        let postroom = self.postroom.configured(&format!("{HASTE}{text}"))?;
        Ok(Self { postroom, ..self })
    }

    /// Hands in an invitation for this address and gives its id.
    ///
    /// # Errors
    /// It is refused.
    pub async fn invite(&self, recipient: &str) -> Result<String> {
        self.enqueue(&[invitation(recipient)]).await?.pop().context("no id was printed")
    }

    /// Hands in invitations for so many readers of this name, and gives their addresses.
    ///
    /// # Errors
    /// One is refused.
    pub async fn invite_many(&self, name: &str, letters: usize) -> Result<BTreeSet<String>> {
        let readers: BTreeSet<String> = (0..letters).map(|number| format!("{name}-{number:03}@example.org")).collect();
        self.enqueue(&readers.iter().map(|reader| invitation(reader)).collect::<Vec<_>>()).await?;
        Ok(readers)
    }

    /// Hands in letters and gives their ids, in order.
    ///
    /// # Errors
    /// One is refused.
    pub async fn enqueue(&self, letters: &[Value]) -> Result<Vec<String>> {
        let mut lines = letters.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
        lines.push('\n');
        let done = self.postroom.feed(&["enqueue", "--file", "-"], lines.as_bytes()).await?.expect(0)?;
        Ok(done.stdout.lines().map(str::to_owned).collect())
    }

    /// Starts a worker and waits until it is at work.
    ///
    /// # Errors
    /// It does not start.
    pub async fn worker(&self) -> Result<Process> {
        self.postroom.worker(&[]).await
    }

    /// What `status --json` says of a letter.
    ///
    /// # Errors
    /// There is no such letter.
    pub async fn status(&self, id: &str) -> Result<Value> {
        self.postroom.run(&["status", id, "--json"]).await?.expect(0)?.json()
    }

    /// Waits until a letter has this status, and gives what `status --json` says of it then.
    ///
    /// # Errors
    /// It never has.
    pub async fn becomes(&self, id: &str, status: &str) -> Result<Value> {
        self.shows(id, "SELECT status FROM deliveries WHERE delivery_id = $1", status).await
    }

    /// Waits until the last error of a letter has this code, and gives what `status --json` says of it then.
    ///
    /// # Errors
    /// It never has.
    pub async fn comes_to(&self, id: &str, code: &str) -> Result<Value> {
        self.shows(id, "SELECT last_error_code FROM deliveries WHERE delivery_id = $1", code).await
    }

    async fn shows(&self, id: &str, question: &'static str, wanted: &str) -> Result<Value> {
        let look = || async { Ok((self.store.text(question, id).await?.as_deref() == Some(wanted)).then_some(())) };
        let found = until(wanted, look).await;
        let document = self.status(id).await?;
        found.with_context(|| document.to_string())?;
        Ok(document)
    }

    /// Waits until no letter is left undone.
    ///
    /// # Errors
    /// One stays.
    pub async fn is_done(&self) -> Result<()> {
        let undone = || self.store.number("SELECT count(*) FROM outbox");
        until("the end of all letters", || async { Ok((undone().await? == 0).then_some(())) }).await
    }

    /// One run of a worker over everything that is there, and who got a letter by it, in order of address.
    ///
    /// # Errors
    /// The worker fails, or a letter cannot be read.
    pub async fn delivered(&self) -> Result<Vec<String>> {
        let mut worker = self.worker().await?;
        self.is_done().await?;
        worker.finish().await?.expect(0)?;
        let mut recipients: Vec<String> = self.received()?.into_iter().map(|letter| letter.recipient).collect();
        recipients.sort();
        Ok(recipients)
    }

    /// How many letters have which status.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn counts(&self) -> Result<BTreeMap<String, usize>> {
        let mut counts = BTreeMap::new();
        for status in self.store.texts("SELECT status FROM deliveries").await? {
            *counts.entry(status).or_default() += 1;
        }
        Ok(counts)
    }

    /// The letters that the mail server holds.
    ///
    /// # Errors
    /// One cannot be read.
    pub fn received(&self) -> Result<Vec<Letter>> {
        self.inbox.letters().iter().map(Letter::read).collect()
    }
}

/// The fields of an invitation, as a line of `enqueue --file` holds them.
#[must_use]
pub fn invitation(recipient: &str) -> Value {
    json!({
        "workflow": "invite",
        "template": "invitation",
        "recipient": recipient,
        "data": {
            "inviter_name": "Robin Example",
            "organization_name": "Example Press",
            "role": "editor",
            "accept_url": "https://app.example.org/invitations/accept",
        },
    })
}

/// The statuses of a letter's events, in order, from what `status --json` says.
#[must_use]
pub fn statuses(document: &Value) -> Vec<&str> {
    each_event(document, "status")
}

/// The codes of a letter's events, in order, from what `status --json` says; events without one are left out.
#[must_use]
pub fn codes(document: &Value) -> Vec<&str> {
    each_event(document, "error_code")
}

fn each_event<'a>(document: &'a Value, field: &str) -> Vec<&'a str> {
    let events = document["events"].as_array().map(Vec::as_slice).unwrap_or_default();
    events.iter().filter_map(|event| event[field].as_str()).collect()
}
