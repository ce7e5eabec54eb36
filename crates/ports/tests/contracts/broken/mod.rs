//! Adapters that are broken on purpose, each in one named way.

pub(crate) mod probe;
pub(crate) mod renderer;
pub(crate) mod store;
pub(crate) mod transport;

mod pauses;
mod queue;
mod statistics;
mod tokens;
mod tracker;
mod workers;

use std::cell::Cell;
use std::sync::Once;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs a rule that is expected to panic, without the panic's text in the output; whether it
/// did.
pub(crate) async fn fails(rule: impl Future<Output = ()> + Send + 'static) -> bool {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                loud(panic);
            }
        }));
    });
    // The runtime of these tests has one thread, so that the flag covers all that the rule spawns.
    QUIET.set(true);
    let ended = tokio::spawn(rule).await;
    QUIET.set(false);
    ended.is_err_and(|error| error.is_panic())
}
