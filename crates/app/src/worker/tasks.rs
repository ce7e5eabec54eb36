//! What runs beside the worker's loop.

use std::sync::Arc;
use std::time::Duration;

use postroom_domain::id::WorkerId;
use postroom_ports::clock::Clock;
use postroom_ports::tracker::DeliveryTracker;
use postroom_ports::worker::{BEAT_EVERY, BEAT_STALE};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::dispatcher::Dispatcher;
use crate::health::HEED_EVERY;
use crate::janitor::Janitor;
use crate::mailroom::Mailroom;
use crate::trouble::Trouble;

const SWEEP_EVERY: Duration = Duration::from_mins(1);
const REPORT_EVERY: Duration = Duration::from_mins(1);

/// Waits; false if it is over.
async fn again(clock: &dyn Clock, wait: Duration, ending: &CancellationToken) -> bool {
    tokio::select! {
        biased;
        () = ending.cancelled() => false,
        () = clock.sleep(wait) => true,
    }
}

/// Says every two seconds that the worker lives.
pub(super) async fn heartbeat(room: Mailroom, worker: WorkerId, ending: CancellationToken) {
    let mut trouble = Trouble::default();
    while again(&*room.clock, BEAT_EVERY, &ending).await {
        match room.workers.beat(worker).await {
            Ok(()) => trouble.over(),
            Err(error) => {
                trouble.failed(&error, room.chance.jitter());
            }
        }
    }
}

/// Reads every two seconds what people paused. Where a pause is over, letters may be there that
/// nobody was woken for.
pub(super) async fn pauses(dispatcher: Dispatcher, look: Arc<Notify>, ending: CancellationToken) {
    let mut trouble = Trouble::default();
    let room = dispatcher.room();
    while again(&*room.clock, HEED_EVERY, &ending).await {
        match dispatcher.heed_pauses().await {
            Ok(heeded) => {
                trouble.over();
                if !heeded.ended.is_empty() {
                    look.notify_one();
                }
            }
            Err(error) => {
                trouble.failed(&error, room.chance.jitter());
            }
        }
    }
}

/// What a beat that is missing tells a janitor.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Silence {
    /// Its worker is gone.
    Telling,
    /// Nothing: the store was out of reach or this process stood still, and whoever is silent may have met the same.
    Doubtful,
    /// Its worker is gone, because since then everybody had the time for a beat.
    Waited,
}

/// Takes over what nobody holds any more; once a minute forgets what is past its time.
///
/// When the store comes back after it was away, the beats of all workers are old. The first janitor to reach it must not
/// take that for their end: letters that are on their way would be in doubt, and be sent again. So it reaches for the
/// store as often as a worker beats, however seldom its rounds are.
pub(super) async fn janitor(janitor: Janitor, room: Mailroom, every: Duration, ending: CancellationToken) {
    let mut trouble = Trouble::default();
    let (mut looked, mut swept): (Option<Duration>, Option<Duration>) = (None, None);
    let (mut wait, mut silence) = (Duration::ZERO, Silence::Telling);
    loop {
        let planned = room.clock.elapsed().saturating_add(wait);
        if !again(&*room.clock, wait, &ending).await {
            return;
        }
        let done = async {
            // Its own worker comes first: that one is alive.
            room.workers.beat(janitor.worker()).await?;
            let now = room.clock.elapsed();
            let late = now.saturating_sub(planned) >= BEAT_EVERY;
            if silence == Silence::Doubtful || (late && silence == Silence::Telling) {
                return Ok(Silence::Waited);
            }
            if looked.is_some_and(|at| now.saturating_sub(at) < every) {
                return Ok(Silence::Telling);
            }
            janitor.round().await?;
            looked = Some(now);
            if swept.is_none_or(|at| now.saturating_sub(at) >= SWEEP_EVERY.min(every.saturating_mul(30))) {
                janitor.sweep().await?;
                swept = Some(now);
            }
            trouble.over();
            Ok(Silence::Telling)
        };
        (silence, wait) = match done.await {
            Ok(Silence::Waited) => (Silence::Waited, BEAT_STALE),
            Ok(silence) => (silence, every.min(BEAT_EVERY)),
            Err(error) => (Silence::Doubtful, trouble.failed(&error, room.chance.jitter())),
        };
    }
}

/// Logs once a minute how the queue stands.
pub(super) async fn report(tracker: Arc<dyn DeliveryTracker>, clock: Arc<dyn Clock>, ending: CancellationToken) {
    while again(&*clock, REPORT_EVERY, &ending).await {
        match tracker.counts().await {
            Ok(counts) => {
                let oldest = counts.now.zip(counts.oldest_due_at).map_or(0, |(now, due)| now.since(due).as_secs());
                tracing::info!(
                    queue.depth = counts.due,
                    queue.oldest_s = oldest,
                    queue.in_flight = counts.in_flight,
                    "the queue"
                );
            }
            Err(error) => tracing::warn!(%error, "the queue could not be counted"),
        }
    }
}
