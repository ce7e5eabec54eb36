//! Connections, shared: never more at once than allowed, and only sound ones kept.
//!
//! ```text
//!   lease ─▶ a slot is free ─▶ idle session? ─ yes ─▶ quiet? ─▶ Lease
//!                                   │ no               │ no: closed, next
//!                                   └─────▶ dial ──────┘
//!   Lease ── release ─▶ fit and not spent ─▶ idle
//!      └──── dropped ─▶ closed
//! ```
//!
//! A session comes back through [`Lease::release`] and in no other way: whoever is cancelled,
//! or returns early, closes the connection by doing so. Spent idle sessions are closed when the
//! next letter comes by; there is no reaper, because an unused connection is closed by the
//! server in its own time and is found out by `is_quiet`.

use std::sync::{Mutex, MutexGuard, PoisonError};

use postroom_domain::failure::{Failure, FailureClass};
use postroom_ports::letter::FrozenLetter;
use postroom_ports::transport::Receipt;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;
use tracing::debug;

use crate::session::{Deadline, Session, Setback, Settings};

/// All sessions with one mail server.
pub(crate) struct Pool {
    settings: Settings,
    slots: Semaphore,
    /// The most recently used last, so that surplus sessions grow old and go.
    idle: Mutex<Vec<Session>>,
}

impl Pool {
    pub(crate) fn new(settings: Settings) -> Self {
        let slots = usize::try_from(settings.config.pool.connections).unwrap_or(Semaphore::MAX_PERMITS);
        let slots = Semaphore::new(slots.min(Semaphore::MAX_PERMITS));
        Self { settings, slots, idle: Mutex::default() }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A session for one letter: an idle one, or else a new one. A session is opened only
    /// where none is idle, so that idle and leased ones together never exceed the slots.
    pub(crate) async fn lease(&self, deadline: Deadline) -> Result<Lease<'_>, Failure> {
        let slot = self.slot(deadline).await?;
        let session = match self.take_idle().await {
            Some(session) => session,
            None => Session::open(&self.settings, deadline).await?,
        };
        Ok(Lease { session, pool: self, slot })
    }

    async fn slot(&self, deadline: Deadline) -> Result<SemaphorePermit<'_>, Failure> {
        let patience = deadline.allow(self.settings.config.timeouts.whole);
        let slot = timeout(patience, self.slots.acquire()).await;
        slot.ok().and_then(Result::ok).ok_or_else(|| {
            let detail = "no connection became free in time; all of them are busy with other letters";
            Failure::new(FailureClass::PROVIDER_DEFERRED, "TIMEOUT", detail)
        })
    }

    async fn take_idle(&self) -> Option<Session> {
        for spent in self.remove_spent() {
            spent.farewell().await;
        }
        loop {
            let mut session = self.idle().pop()?;
            if session.is_quiet().await {
                return Some(session);
            }
            debug!("an idle connection was closed by the mail server");
        }
    }

    fn remove_spent(&self) -> Vec<Session> {
        let limits = &self.settings.config.pool;
        self.idle().extract_if(.., |session| session.is_spent(limits)).collect()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One session, and the right to have it open. Fields are dropped in order: the connection is
/// closed before its slot is free.
pub(crate) struct Lease<'p> {
    session: Session,
    pool: &'p Pool,
    slot: SemaphorePermit<'p>,
}

impl Lease<'_> {
    pub(crate) async fn deliver(&mut self, letter: &FrozenLetter, deadline: Deadline) -> Result<Receipt, Setback> {
        self.session.deliver(letter, &self.pool.settings.config.timeouts, deadline).await
    }

    /// The same slot with a fresh connection.
    pub(crate) async fn redial(self, deadline: Deadline) -> Result<Self, Failure> {
        let Self { session, pool, slot } = self;
        drop(session);
        debug!("a reused connection was stale; trying a fresh one");
        let session = Session::open(&pool.settings, deadline).await?;
        Ok(Self { session, pool, slot })
    }

    /// Gives the session back, or closes it if it is broken or spent.
    pub(crate) async fn release(self) {
        let Self { mut session, pool, slot } = self;
        session.park();
        if !session.is_fit() {
            drop(session);
        } else if session.is_spent(&pool.settings.config.pool) {
            session.farewell().await;
        } else {
            pool.idle().push(session);
        }
        drop(slot);
    }
}
