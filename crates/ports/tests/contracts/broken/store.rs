//! A store over the memory store, broken in one way.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use postroom_domain::attachment::Attachment;
use postroom_domain::feedback::Feedback;
use postroom_domain::id::{DeliveryId, IdempotencyKey, WorkerId};
use postroom_ports::access::TokenBook;
use postroom_ports::contract::StoreHarness;
use postroom_ports::letter::FrozenLetter;
use postroom_ports::memory::{ManualClock, MemoryStore};
use postroom_ports::pauses::PauseBoard;
use postroom_ports::queue::{Claim, DeliveryQueue, Fence};
use postroom_ports::statistics::Statistics;
use postroom_ports::tracker::DeliveryTracker;
use postroom_ports::worker::WorkerRegistry;

/// In which way the store is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    /// In none: what stands around the faults breaks nothing.
    None,
    AlwaysAnotherPage,
    AnswersForgetAttempts,
    AnswersInReverse,
    AnswersWithoutCode,
    AsManyBucketsAsAskedFor,
    AttachmentsIgnoreFence,
    AttemptsOfAll,
    BatchIgnoresItsOwnKeys,
    BatchIsAllOrNothing,
    BeatIsIgnored,
    BeatsForEverybody,
    CancelOnlySaysSo,
    CancelsAnything,
    ChecksNothing,
    ClaimSaysItsOwnTime,
    ClaimsWhatIsPaused,
    ComparesNoContent,
    CountsScheduledAsDue,
    CountsTwoAttempts,
    CountsWhereItBegan,
    CursorForgetsTheId,
    DeadTokensAreUsed,
    DecisionsAreErrors,
    DoubtfulFindsNothing,
    EventsIgnoreTheWindow,
    EveryQuestionIsAnAttempt,
    ExtendIgnoresFence,
    FailureDropsAttachments,
    FiguresOfEverybody,
    FindIsAUse,
    FindsTheNearestToken,
    ForgetsBytes,
    ForgetsContentAtOnce,
    ForgetsDueTime,
    ForgetsExpiry,
    ForgetsSettlements,
    ForgetsWhoAsked,
    HandoverIsAnEvent,
    HandsOutTwice,
    HardShares,
    HeldIsDue,
    HeldStaysHeld,
    HistoryOfEverybody,
    HistoryRunsBackwards,
    IgnoresHolds,
    IgnoresKeys,
    IgnoresLanes,
    IgnoresLimit,
    IgnoresPriority,
    IgnoresSourceId,
    IgnoresWorkflows,
    JanitorRetiresTheLiving,
    KeepsAttachments,
    KeyGoesWithContent,
    KeysAreGlobal,
    LapsedForgetsStage,
    LastReportWins,
    LatencyFromEnqueue,
    LeavesOutEmptyBuckets,
    ListsEveryCode,
    ListsGoodTokensAlone,
    LosesLocale,
    LosesMaxAttempts,
    LosesMetadata,
    LosesReceipts,
    MedianIsTheWorst,
    MissingIsAFailure,
    NeverStale,
    NeverSweeps,
    NotesNoUse,
    NothingIsZero,
    OldestFirst,
    PausedWorkflowsHoldTheirLane,
    PauseForgetsItsReason,
    PausesEndOfThemselves,
    PausesHoldNoTenant,
    PausesHoldNoWorkflow,
    PausesNeverEnd,
    PutOffIsRefused,
    RarestFirst,
    ReadyIgnoresFence,
    ReadyOnce,
    RecordForgetsTemplate,
    RedriveForgetsAge,
    RedriveKeepsTheOldBudget,
    RedriveNeedsBytes,
    RedrivenLettersAreFailed,
    RedrivesWithoutContent,
    RemembersUnknownReports,
    RepeatsReports,
    RepeatsTokens,
    ReplacesBytes,
    ReportClearsCode,
    ReportsAreAnswers,
    ReportsLeaveNoEvent,
    ReportsMoveNoStatus,
    ResolvesAnything,
    ResolvesAsSent,
    ResumeEndsAllOfThatName,
    ResumeOnlySaysSo,
    RetireIsIgnored,
    RetriesAnything,
    RetriesAtOnce,
    RetryOnlySaysSo,
    ReversesAttachments,
    ReversesBatches,
    RevivesFinalLetters,
    RevokeOnlySaysSo,
    RevokeSaysDone,
    RingsNobody,
    RoundsToMilliseconds,
    SettleForgetsFeedback,
    SettleIgnoresFence,
    StaleSpoilsBatch,
    TakenIdIsSuccess,
    TakenTokenIsSuccess,
    TakesOverOnce,
    TheFirstPauseStands,
    TokensEndOfThemselves,
    TokensLoseScopes,
    TokensNeverEnd,
    UntilIsIncluded,
    UsesCollide,
    UsesOfEverybody,
    WaitsForEver,
    WaitsInTheLastBucketOnly,
    WaitsLongerThanTold,
    WritesTwoEvents,
}

/// A memory store with a fault, and what the fault needs to remember.
#[derive(Debug)]
pub(crate) struct BrokenStore {
    pub(super) inner: MemoryStore,
    pub(super) fault: Fault,
    notes: Mutex<Notes>,
}

#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) ids: Vec<DeliveryId>,
    pub(super) keys: HashMap<IdempotencyKey, DeliveryId>,
    pub(super) attachments: HashMap<DeliveryId, Vec<Attachment>>,
    pub(super) failed: HashSet<DeliveryId>,
    pub(super) claims: Vec<Claim>,
    pub(super) fences: HashMap<DeliveryId, Fence>,
    pub(super) frozen: HashMap<DeliveryId, FrozenLetter>,
    pub(super) handed: HashSet<DeliveryId>,
    pub(super) settled: HashSet<Fence>,
    pub(super) taken_over: HashSet<DeliveryId>,
    pub(super) workers: HashSet<WorkerId>,
    pub(super) reports: HashSet<String>,
    pub(super) last_report: Option<Feedback>,
    pub(super) has_swept: Option<()>,
    pub(super) dead_use: Option<()>,
}

impl BrokenStore {
    pub(super) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }
}

/// The harness of a broken store.
pub(crate) struct BrokenHarness {
    store: Arc<BrokenStore>,
    clock: ManualClock,
}

impl BrokenHarness {
    pub(crate) fn with(fault: Fault) -> Self {
        let clock = ManualClock::default();
        let inner = MemoryStore::new(clock.clone());
        Self { store: Arc::new(BrokenStore { inner, fault, notes: Mutex::default() }), clock }
    }
}

#[async_trait]
impl StoreHarness for BrokenHarness {
    async fn fresh() -> Self {
        Self::with(Fault::None)
    }

    fn queue(&self) -> Arc<dyn DeliveryQueue> {
        Arc::clone(&self.store) as Arc<dyn DeliveryQueue>
    }

    fn tracker(&self) -> Arc<dyn DeliveryTracker> {
        Arc::clone(&self.store) as Arc<dyn DeliveryTracker>
    }

    fn workers(&self) -> Arc<dyn WorkerRegistry> {
        Arc::clone(&self.store) as Arc<dyn WorkerRegistry>
    }

    fn pauses(&self) -> Arc<dyn PauseBoard> {
        Arc::clone(&self.store) as Arc<dyn PauseBoard>
    }

    fn tokens(&self) -> Arc<dyn TokenBook> {
        Arc::clone(&self.store) as Arc<dyn TokenBook>
    }

    fn statistics(&self) -> Arc<dyn Statistics> {
        Arc::clone(&self.store) as Arc<dyn Statistics>
    }

    async fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }
}
