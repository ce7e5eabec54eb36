//! The rules of [`Statistics`](crate::statistics::Statistics): those of a summary, and those of a series.

mod series;
mod summary;

pub use series::*;
pub use summary::*;

use std::time::Duration;

use postroom_domain::failure::{Failure, FailureClass};
use postroom_domain::lifecycle::Event;
use postroom_domain::time::Timestamp;

use super::desk::Desk;
use crate::statistics::{Bucket, Summary, Window};

const HOUR: Duration = Duration::from_hours(1);
/// Long enough for a letter to be behind, and for its claim not to lapse.
const MOMENT: Duration = Duration::from_secs(10);

/// A failure for now under a code of one's own.
fn deferred_with(code: &str) -> Event {
    Event::Failed(Failure::new(FailureClass::DEFERRED, code, "try again"))
}

/// All time.
fn always() -> Window {
    between(Timestamp::from_micros(-1_000_000), Timestamp::from_micros(64_000_000_000_000_000))
}

const fn between(from: Timestamp, until: Timestamp) -> Window {
    Window { from, until, tenant_id: None }
}

impl Desk {
    async fn summary(&self, window: &Window) -> Summary {
        self.statistics.summary(window).await.expect("the store has a summary")
    }

    async fn series(&self, window: &Window, buckets: u32) -> Vec<Bucket> {
        self.statistics.series(window, buckets).await.expect("the store has a series")
    }

    /// The time of so long ago.
    async fn ago(&self, by: Duration) -> Timestamp {
        self.now().await.minus(by)
    }
}
