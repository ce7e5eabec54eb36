//! Mistakes, one at a time, built into the parts around the worker. The simulation finds each.

/// What is wrong in this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// The store takes a settle of whoever once held the letter.
    NoFence,
    /// A crash costs no attempt: it is counted when the attempt ends.
    AttemptCountedAtSettle,
    /// A letter that a person should decide about is sent again.
    ResentUnderHold,
    /// Where the answer is lost, the next provider is tried at once.
    FailoverAfterTheDot,
    /// A letter that was given back is never due again.
    GiveBackLost,
    /// The handover is recorded when the letter is settled.
    StageWrittenLate,
    /// Workers do not beat.
    HeartbeatForgotten,
    /// A settle is acknowledged before it is stored.
    SettleAcknowledgedEarly,
    /// Whoever takes over a letter overlooks that it was in handover.
    HandoverOverlooked,
    /// A letter that failed is due again at once.
    RetryWithoutWait,
    /// A letter that somebody holds is handed out again.
    ClaimedTwice,
    /// A letter is sent before its time.
    DueTimeIgnored,
    /// A letter that is on its way is cancelled.
    CancelledInFlight,
    /// Nobody looks after letters in doubt.
    DoubtForgotten,
    /// Nobody looks after letters whose worker is gone.
    LapsedForgotten,
    /// Each attempt composes the letter anew.
    ComposedAnew,
    /// The provider says that it never had a letter while somebody may still bring it.
    EvidenceTooEarly,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::NoFence,
        Self::AttemptCountedAtSettle,
        Self::ResentUnderHold,
        Self::FailoverAfterTheDot,
        Self::GiveBackLost,
        Self::StageWrittenLate,
        Self::HeartbeatForgotten,
        Self::SettleAcknowledgedEarly,
        Self::HandoverOverlooked,
        Self::RetryWithoutWait,
        Self::ClaimedTwice,
        Self::DueTimeIgnored,
        Self::CancelledInFlight,
        Self::DoubtForgotten,
        Self::LapsedForgotten,
        Self::ComposedAnew,
        Self::EvidenceTooEarly,
    ];
}
