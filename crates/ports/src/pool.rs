//! How far a store's connections are used, for whoever watches.

/// One pool of connections, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUse {
    /// What it is for: a word of the adapter's own, the same for each process.
    pub pool: &'static str,
    /// How many connections are open and do nothing.
    pub idle: u64,
    /// How many are at work.
    pub in_use: u64,
    /// How many may be open.
    pub most: u64,
}

impl PoolUse {
    /// A pool with so many open connections, of which so many do nothing.
    #[must_use]
    pub fn new(pool: &'static str, open: u32, idle: usize, most: u32) -> Self {
        let idle = u64::try_from(idle).unwrap_or(u64::MAX);
        Self { pool, idle, in_use: u64::from(open).saturating_sub(idle), most: u64::from(most) }
    }
}
