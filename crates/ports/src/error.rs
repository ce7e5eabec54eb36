//! What can go wrong with a port, by meaning: never a driver's own type.

use std::fmt;

/// What the caller should do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PortErrorKind {
    /// The other side is not there or too busy for now: wait with jitter and go on.
    Unavailable,
    /// The schema is missing or older than the program: migrate first.
    NotMigrated,
    /// A stored row does not decode: somebody has to look at it.
    Corrupt,
    /// The adapter declares that it cannot do this.
    Unsupported,
    /// Anything else: a bug, or something new.
    Other,
}

/// A failed call of a port.
#[derive(Debug)]
pub struct PortError {
    kind: PortErrorKind,
    operation: &'static str,
    detail: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl PortError {
    /// A failure of `operation` (`queue.claim`, `tracker.find`). `detail` MUST NOT hold
    /// addresses, bodies or secrets: it is logged.
    #[must_use]
    pub fn new(kind: PortErrorKind, operation: &'static str, detail: impl Into<String>) -> Self {
        Self { kind, operation, detail: detail.into(), source: None }
    }

    /// A stored value that does not decode.
    #[must_use]
    pub fn corrupt(operation: &'static str, table: &str, column: &str, row: impl fmt::Display) -> Self {
        Self::new(PortErrorKind::Corrupt, operation, format!("{table}.{column} of row {row} does not decode"))
    }

    /// The same error with what caused it.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What the caller should do about it.
    #[must_use]
    pub const fn kind(&self) -> PortErrorKind {
        self.kind
    }

    /// Whether the same call may succeed later without anybody acting.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self.kind, PortErrorKind::Unavailable)
    }
}

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation, self.detail)
    }
}

impl std::error::Error for PortError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn std::error::Error + 'static))
    }
}
