use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use postroom_ports::access::TokenBook;
use postroom_ports::contract::StoreHarness;
use postroom_ports::memory::{ManualClock, MemoryStore};
use postroom_ports::pauses::PauseBoard;
use postroom_ports::queue::DeliveryQueue;
use postroom_ports::statistics::Statistics;
use postroom_ports::tracker::DeliveryTracker;
use postroom_ports::worker::WorkerRegistry;

/// The memory store under its manual clock.
pub(crate) struct MemoryHarness {
    store: Arc<MemoryStore>,
    clock: ManualClock,
}

#[async_trait]
impl StoreHarness for MemoryHarness {
    async fn fresh() -> Self {
        let clock = ManualClock::default();
        Self { store: Arc::new(MemoryStore::new(clock.clone())), clock }
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
