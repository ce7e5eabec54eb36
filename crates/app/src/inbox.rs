//! Where letters are caught that are to go nowhere else: for development, on this machine alone.

pub use postroom_dev_inbox::{Captured, DevInbox as Inbox, InboxError};

/// Starts an inbox on a free port of the loopback; letters are kept in memory.
///
/// # Errors
/// No port can be had.
pub async fn start() -> Result<Inbox, InboxError> {
    Inbox::start(postroom_dev_inbox::Config::default()).await
}
