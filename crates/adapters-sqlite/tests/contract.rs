//! The embedded store keeps the rules that every store keeps.
#![expect(clippy::unwrap_used, reason = "a test states what must hold")]

mod home;
mod older;

use std::sync::Arc;
use std::time::Duration;

use home::Home;
use postroom_adapters_sqlite::store::SqliteStore;
use postroom_ports::access::TokenBook;
use postroom_ports::contract::StoreHarness;
use postroom_ports::pauses::PauseBoard;
use postroom_ports::queue::DeliveryQueue;
use postroom_ports::statistics::Statistics;
use postroom_ports::tracker::DeliveryTracker;
use postroom_ports::worker::WorkerRegistry;

struct Harness {
    home: Home,
    store: SqliteStore,
}

#[async_trait::async_trait]
impl StoreHarness for Harness {
    async fn fresh() -> Self {
        let home = Home::migrated().await;
        let store = home.store().await;
        Self { home, store }
    }

    fn queue(&self) -> Arc<dyn DeliveryQueue> {
        Arc::new(self.store.queue())
    }

    fn tracker(&self) -> Arc<dyn DeliveryTracker> {
        Arc::new(self.store.tracker())
    }

    fn workers(&self) -> Arc<dyn WorkerRegistry> {
        Arc::new(self.store.workers())
    }

    fn pauses(&self) -> Arc<dyn PauseBoard> {
        Arc::new(self.store.pauses())
    }

    fn tokens(&self) -> Arc<dyn TokenBook> {
        Arc::new(self.store.tokens())
    }

    fn statistics(&self) -> Arc<dyn Statistics> {
        Arc::new(self.store.statistics())
    }

    async fn advance(&self, by: Duration) {
        older::advance(&self.home, by).await;
    }
}

postroom_ports::queue_contract!(Harness);
postroom_ports::tracker_contract!(Harness);
postroom_ports::worker_contract!(Harness);
postroom_ports::pauses_contract!(Harness);
postroom_ports::tokens_contract!(Harness);
postroom_ports::statistics_contract!(Harness);
