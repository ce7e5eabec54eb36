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
/// How long a worker's start waits until somebody listens: only a network that keeps silent takes so long.
const START: Duration = Duration::from_secs(10);

/// One connection that listens, once the first worker registers, and everybody who waits for it.
#[derive(Debug)]
pub(crate) struct Listener {
    options: PgConnectOptions,
    /// After so much silence the connection is asked whether it is still there, and given up after as much again: one
    /// that died without a word would be silent for ever.
    silence: Duration,
    /// How often it rang.
    bell: watch::Sender<u64>,
    /// What each worker has heard: a notice between two waits ends the second one at once.
    ears: Mutex<HashMap<WorkerId, watch::Receiver<u64>>>,
    task: OnceLock<AbortHandle>,
}

impl Listener {
    pub(crate) fn new(options: PgConnectOptions, silence: Duration) -> Self {
        Self { options, silence, bell: watch::Sender::new(0), ears: Mutex::default(), task: OnceLock::new() }
    }

    /// Begins to listen, so that no notice is missed once a worker has looked and waits. Where that does not work at
    /// once, workers poll meanwhile.
    pub(crate) async fn start(&self) {
        self.spawn();
        // Whether it listens, cannot, or takes too long: the worker goes on.
        drop(timeout(START, self.bell.subscribe().wait_for(|rings| *rings > 0)).await);
    }

    fn spawn(&self) {
        let listening = || tokio::spawn(listen(self.options.clone(), self.silence, self.bell.clone())).abort_handle();
        self.task.get_or_init(listening);
    }

    pub(crate) async fn wait(&self, worker: WorkerId, longest: Duration) -> Woken {
        self.spawn();
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

    fn ears(&self) -> MutexGuard<'_, HashMap<WorkerId, watch::Receiver<u64>>> {
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
async fn listen(options: PgConnectOptions, silence: Duration, bell: watch::Sender<u64>) {
    loop {
        if let Err(error) = hear(options.clone(), silence, &bell).await {
            tracing::warn!(error = %error, "not listening for new letters; workers poll until that is possible");
        }
        ring(&bell);
        sleep(AGAIN).await;
    }
}

fn ring(bell: &watch::Sender<u64>) {
    bell.send_modify(|rings| *rings = rings.wrapping_add(1).max(1));
}

async fn hear(options: PgConnectOptions, silence: Duration, bell: &watch::Sender<u64>) -> sqlx::Result<()> {
    let listening = async {
        let pool = PgPoolOptions::new().max_connections(1).connect_with(options).await?;
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen(CHANNEL).await?;
        Ok(listener)
    };
    let mut listener = within(silence, listening).await?;
    loop {
        ring(bell);
        loop {
            match timeout(silence, listener.try_recv()).await {
                Ok(Ok(Some(_))) => break,
                Ok(Ok(None)) => return Ok(()),
                Ok(Err(error)) => return Err(error),
                Err(_) => {
                    within(silence, listener.execute("SELECT 1")).await?;
                }
            }
        }
    }
}

/// Waits for an answer, but not for ever.
async fn within<T>(longest: Duration, answer: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    timeout(longest, answer).await.unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))
}
