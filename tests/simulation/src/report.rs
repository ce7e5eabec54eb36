//! What a run came to.

/// What one run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What the dice were.
    pub seed: u64,
    /// The promise that was broken, and the story of its letter.
    pub violation: Option<String>,
    /// Everything that happened, in order.
    pub log: Vec<String>,
    /// What was counted.
    pub tally: Tally,
}

/// What happened in one run or in many: whether the faults were there at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Letters that were enqueued.
    pub letters: usize,
    /// Decisions of the director.
    pub steps: usize,
    /// Processes that were killed.
    pub crashes: usize,
    /// Processes that were told to stop.
    pub stops: usize,
    /// Processes that froze.
    pub freezes: usize,
    /// Calls that failed without effect.
    pub refused: usize,
    /// Calls that had their effect, and whose answer was lost.
    pub unheard: usize,
    /// How often a provider took a letter.
    pub taken: usize,
    /// Letters that were in doubt.
    pub doubtful: usize,
    /// Letters that a provider took more than once.
    pub duplicates: usize,
}

impl Tally {
    /// Both together.
    pub fn add(&mut self, other: &Self) {
        self.letters += other.letters;
        self.steps += other.steps;
        self.crashes += other.crashes;
        self.stops += other.stops;
        self.freezes += other.freezes;
        self.refused += other.refused;
        self.unheard += other.unheard;
        self.taken += other.taken;
        self.doubtful += other.doubtful;
        self.duplicates += other.duplicates;
    }
}
