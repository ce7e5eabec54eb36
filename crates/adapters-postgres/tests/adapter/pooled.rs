//! Everything once more through a pooler in transaction mode that knows no prepared statements.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use postroom_ports::access::TokenBook;
use postroom_ports::contract::StoreHarness;
use postroom_ports::pauses::PauseBoard;
use postroom_ports::queue::DeliveryQueue;
use postroom_ports::statistics::Statistics;
use postroom_ports::tracker::DeliveryTracker;
use postroom_ports::worker::WorkerRegistry;
use postroom_test_database::Pooler;

use crate::scene::Scene;
use crate::storm::everybody_at_once;

/// A store behind a pooler.
struct Pooled {
    scene: Scene,
    _pooler: Pooler,
}

#[async_trait]
impl StoreHarness for Pooled {
    async fn fresh() -> Self {
        let (scene, pooler) = Scene::behind_a_pooler().await;
        Self { scene, _pooler: pooler }
    }

    fn queue(&self) -> Arc<dyn DeliveryQueue> {
        StoreHarness::queue(&self.scene)
    }

    fn tracker(&self) -> Arc<dyn DeliveryTracker> {
        StoreHarness::tracker(&self.scene)
    }

    fn workers(&self) -> Arc<dyn WorkerRegistry> {
        StoreHarness::workers(&self.scene)
    }

    fn pauses(&self) -> Arc<dyn PauseBoard> {
        StoreHarness::pauses(&self.scene)
    }

    fn tokens(&self) -> Arc<dyn TokenBook> {
        StoreHarness::tokens(&self.scene)
    }

    fn statistics(&self) -> Arc<dyn Statistics> {
        StoreHarness::statistics(&self.scene)
    }

    async fn advance(&self, by: Duration) {
        self.scene.advance(by).await;
    }
}

postroom_ports::queue_contract!(Pooled);
postroom_ports::tracker_contract!(Pooled);
postroom_ports::worker_contract!(Pooled);
postroom_ports::pauses_contract!(Pooled);
postroom_ports::tokens_contract!(Pooled);
postroom_ports::statistics_contract!(Pooled);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_workers_at_once_meet_no_error() {
    let (scene, _pooler) = Scene::behind_a_pooler().await;
    everybody_at_once(scene, 8).await;
}
