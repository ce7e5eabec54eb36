//! The contract of the ports.

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

use crate::scene::Scene;

#[async_trait]
impl StoreHarness for Scene {
    async fn fresh() -> Self {
        Self::fresh().await
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
        let by = format!("interval '{} microseconds'", by.as_micros());
        let older = |table: &str, columns: &[&str]| {
            let columns: Vec<String> = columns.iter().map(|column| format!("{column} = {column} - {by}")).collect();
            format!("UPDATE email.{table} SET {};", columns.join(", "))
        };
        let statements = [
            // Nothing happens to the letters: neither events nor updated_at.
            "BEGIN; SET LOCAL session_replication_role = replica;".to_owned(),
            older(
                "deliveries",
                &[
                    "queued_at",
                    "created_at",
                    "updated_at",
                    "sent_at",
                    "last_attempted_at",
                    "due_at",
                    "expires_at",
                    "age_from",
                    "final_at",
                ],
            ),
            older("delivery_events", &["created_at"]),
            older("outbox", &["due_at", "expires_at", "lease_until"]),
            older("payloads", &["created_at"]),
            older("idempotency", &["expires_at"]),
            older("workers", &["started_at", "beat_at"]),
            older("reports", &["created_at"]),
            older("relay", &["due_at"]),
            older("pauses", &["since", "until"]),
            older("tokens", &["created_at", "expires_at", "last_used_at", "revoked_at"]),
            "COMMIT".to_owned(),
        ];
        self.sql(&statements.concat()).await;
    }
}

postroom_ports::queue_contract!(Scene);
postroom_ports::tracker_contract!(Scene);
postroom_ports::worker_contract!(Scene);
postroom_ports::pauses_contract!(Scene);
postroom_ports::tokens_contract!(Scene);
postroom_ports::statistics_contract!(Scene);
