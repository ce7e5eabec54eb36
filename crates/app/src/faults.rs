//! Points at which a test may end or freeze the process, as a crash or a machine that sleeps
//! would: no goodbye, no destructor.
//!
//! Only a build with the feature `faults` looks at the environment; in all others a point is
//! nothing. `POSTROOM_FAULT=ready:3` ends the process when it passes the point `ready` for the
//! third time; `ready:3:freeze` stops it there until somebody sends SIGCONT.

/// Where the pipeline can be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// Letters are claimed, and nothing else has happened to them.
    Claimed,
    /// Letters are rendered and composed, and nothing of that is on record.
    Prepared,
    /// Letters are on record as about to leave, and none has left.
    Ready,
    /// One letter is about to be given to its transport.
    Handover,
    /// One letter was answered, and nobody knows but us.
    Answered,
    /// Results are decided, and not on record.
    Settling,
    /// Results are on record, and nobody was told.
    Settled,
}

impl Point {
    /// All of them, in the order in which a letter passes them.
    pub const ALL: [Self; 7] =
        [Self::Claimed, Self::Prepared, Self::Ready, Self::Handover, Self::Answered, Self::Settling, Self::Settled];

    /// The name, as the environment spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Prepared => "prepared",
            Self::Ready => "ready",
            Self::Handover => "handover",
            Self::Answered => "answered",
            Self::Settling => "settling",
            Self::Settled => "settled",
        }
    }
}

/// Passes a point.
#[cfg(not(feature = "faults"))]
pub(crate) const fn pass(_point: Point) {}

#[cfg(feature = "faults")]
pub(crate) use self::armed::pass;

#[cfg(feature = "faults")]
mod armed {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::Point;

    struct Fault {
        point: String,
        /// At which time of passing it.
        turn: u32,
        kind: Kind,
    }

    enum Kind {
        End,
        Freeze,
    }

    /// What the environment asks for, and how often the point was passed.
    static FAULT: LazyLock<Option<Fault>> = LazyLock::new(|| {
        #[expect(clippy::disallowed_methods, reason = "a test says in the environment where the process is to end")]
        let wish = std::env::var("POSTROOM_FAULT").ok()?;
        let mut parts = wish.split(':');
        let (point, turn) = (parts.next()?.to_owned(), parts.next()?.parse().ok()?);
        let kind = if parts.next() == Some("freeze") { Kind::Freeze } else { Kind::End };
        Some(Fault { point, turn, kind })
    });
    static PASSED: AtomicU32 = AtomicU32::new(0);

    /// Passes a point, or ends or freezes there.
    pub(crate) fn pass(point: Point) {
        let Some(fault) = FAULT.as_ref().filter(|fault| fault.point == point.as_str()) else { return };
        if PASSED.fetch_add(1, Ordering::SeqCst) + 1 != fault.turn {
            return;
        }
        match fault.kind {
            Kind::End => std::process::abort(),
            Kind::Freeze => freeze(),
        }
    }

    /// The whole process stops while it waits for the program that stops it.
    fn freeze() {
        let us = std::process::id().to_string();
        // Where there is no such program, nothing freezes, and the test that waits for it says so.
        drop(std::process::Command::new("kill").args(["-STOP", &us]).status());
    }
}
