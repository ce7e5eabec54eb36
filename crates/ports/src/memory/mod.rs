//! Adapters that live in memory: the reference that every contract is first proven on, and the
//! doubles that tests of the application are built from.
//!
//! | adapter | stands for |
//! |---|---|
//! | [`MemoryStore`] | all that a database does for us, over one table of letters |
//! | [`ManualClock`], [`SeededChance`] | time that moves when told, chance that repeats |
//! | [`CapturingTransport`] | a provider that answers as scripted and keeps what it took |
//! | [`PlainRenderer`], [`PlainComposer`] | a template engine of one line per part, and the smallest message |
//! | [`RecordingObserver`], [`RecordingNotifier`], [`RecordingDeadLetters`] | those who hear of it |
//!
//! What the store does to a letter it asks the domain about
//! ([`apply`](postroom_domain::lifecycle::apply)), so it shows what a database's statements
//! have to come to. It keeps everything until the process ends, and nothing longer.

mod chance;
mod clock;
mod composer;
mod pauses;
mod queue;
mod renderer;
mod sinks;
mod statistics;
mod store;
mod tokens;
mod tracker;
mod transport;
mod workers;

pub use chance::SeededChance;
pub use clock::ManualClock;
pub use composer::PlainComposer;
pub use renderer::PlainRenderer;
pub use sinks::{RecordingDeadLetters, RecordingNotifier, RecordingObserver};
pub use store::MemoryStore;
pub use transport::{Answer, CapturingTransport, Sent};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What stands behind `mutex`. A panic elsewhere leaves it as it is: every write below is
/// complete before anything can panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
