//! What can go wrong between a test (or the demo) and its inbox.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Why the inbox could not start, or did not get what was waited for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InboxError {
    /// The address to bind can be reached from other machines.
    #[error(
        "the dev inbox takes letters from this machine only, and {0} is not a loopback address; bind 127.0.0.1 or ::1"
    )]
    NotLoopback(SocketAddr),
    /// The port is taken, or may not be bound.
    #[error("the dev inbox cannot listen on {addr}")]
    Bind {
        /// The address that was asked for.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The folder for `.eml` files cannot be made, read or written.
    #[error("the dev inbox cannot keep letters in {}", path.display())]
    Folder {
        /// The folder that was asked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A wait ended without what it waited for.
    #[error("waited {timeout:?} for {wanted} {what}, and there are {have}")]
    Waited {
        /// `letters` or `open connections`.
        what: &'static str,
        /// How many were waited for.
        wanted: usize,
        /// How many there were at the end.
        have: usize,
        /// How long the wait was.
        timeout: Duration,
    },
}
