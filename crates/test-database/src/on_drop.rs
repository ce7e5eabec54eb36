//! Asynchronous work at the end of a value, which may come inside of a runtime or outside.

use std::future::Future;

/// Runs `work` to its end on a thread and a runtime of its own. Waits for it: a test process that exits would cut it
/// short.
pub(crate) fn finish(work: impl Future<Output = ()> + Send + 'static) {
    let thread = std::thread::spawn(move || {
        if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
            runtime.block_on(work);
        }
    });
    // A panic in there must not become a second one, and an abort, here.
    drop(thread.join());
}
