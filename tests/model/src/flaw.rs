//! Mistakes, one at a time, that a sound proof must not overlook.

/// What is wrong with this variant of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing: the model as the code is.
    None,
    /// A write counts whoever holds the letter by now.
    NoFence,
    /// Who takes a letter over does so under the fence of the worker before.
    FenceShared,
    /// A letter that a person should decide about is sent again.
    ResentUnderHold,
    /// The attempt is counted when it ends, so that a crash costs none.
    AttemptCountedAtSettle,
    /// The handover is not on record before the first byte leaves.
    StageNotRecorded,
    /// A letter that was given back is never due again.
    GivenBackForgotten,
    /// The provider is believed that it has no letter while a worker may still hand it over.
    EvidenceTooEarly,
}
