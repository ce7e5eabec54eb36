//! What systemd is told of a service of `Type=notify`: that it is ready, leaves, and lives. Nothing where nobody asked.

use std::time::Duration;

use sd_notify::NotifyState;

use crate::pulse::{Condition, Pulse};

/// It is ready. From now on the watchdog hears that it lives, where there is one: as long as the heart of the worker
/// beats, or just so where the process has none.
pub fn ready(pulse: Option<Pulse>) {
    tell(&[NotifyState::Ready]);
    // Half the time, as systemd's manual wants it.
    if let Some(limit) = sd_notify::watchdog_enabled() {
        tokio::spawn(live(pulse, limit / 2));
    }
}

/// It leaves.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

async fn live(pulse: Option<Pulse>, every: Duration) {
    loop {
        if pulse.as_ref().is_none_or(|pulse| pulse.condition() == Condition::Beating) {
            tell(&[NotifyState::Watchdog]);
        }
        tokio::time::sleep(every).await;
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "systemd could not be told how the service is");
    }
}
