//! Waking waiting workers. A notice is a hint and may be lost; polling is the truth.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use postroom_domain::id::WorkerId;
use postroom_ports::worker::Woken;
use sqlx::Executor;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

/// What email.wake notifies.
const CHANNEL: &str = "postroom";
/// How long after a lost connection the next one is tried.
const AGAIN: Duration = Duration::from_secs(1);
/// After so much silence the connection is asked whether it is still there: one that died without a word would be
/// silent for ever.
const SILENCE: Duration = Duration::from_secs(60);

/// One connection that listens, once the first worker waits, and everybody who waits for it.
#[derive(Debug)]
pub(crate) struct Listener {
    options: PgConnectOptions,
    bell: watch::Sender<()>,
    /// What each worker has heard: a notice between two waits ends the second one at once.
    ears: Mutex<HashMap<WorkerId, watch::Receiver<()>>>,
    task: OnceLock<AbortHandle>,
}

impl Listener {
    pub(crate) fn new(options: PgConnectOptions) -> Self {
        Self { options, bell: watch::Sender::new(()), ears: Mutex::default(), task: OnceLock::new() }
    }

    pub(crate) async fn wait(&self, worker: WorkerId, longest: Duration) -> Woken {
        self.task.get_or_init(|| tokio::spawn(listen(self.options.clone(), self.bell.clone())).abort_handle());
        let mut ear = self.ears().remove(&worker).unwrap_or_else(|| self.bell.subscribe());
        let woken = match timeout(longest, ear.changed()).await {
            Ok(Ok(())) => Woken::ByEnqueue,
            Ok(Err(_)) | Err(_) => Woken::ByTime,
        };
        self.ears().insert(worker, ear);
        woken
    }

    pub(crate) fn forget(&self, worker: WorkerId) {
        self.ears().remove(&worker);
    }

    pub(crate) fn stop(&self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }

    fn ears(&self) -> MutexGuard<'_, HashMap<WorkerId, watch::Receiver<()>>> {
        // A map of receivers is whole at every moment.
        self.ears.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Listens, and listens again. Whatever was notified meanwhile is lost, so everybody looks once after each gap.
async fn listen(options: PgConnectOptions, bell: watch::Sender<()>) {
    loop {
        if let Err(error) = hear(options.clone(), &bell).await {
            tracing::warn!(error = %error, "not listening for new letters; workers poll until that is possible");
        }
        sleep(AGAIN).await;
    }
}

async fn hear(options: PgConnectOptions, bell: &watch::Sender<()>) -> sqlx::Result<()> {
    let pool = PgPoolOptions::new().max_connections(1).connect_with(options).await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        bell.send_replace(());
        loop {
            match timeout(SILENCE, listener.try_recv()).await {
                Ok(Ok(Some(_))) => break,
                Ok(Ok(None)) => return Ok(()),
                Ok(Err(error)) => return Err(error),
                Err(_) => {
                    let alive = timeout(SILENCE, listener.execute("SELECT 1")).await;
                    alive.map_err(|_| sqlx::Error::PoolTimedOut)??;
                }
            }
        }
    }
}
