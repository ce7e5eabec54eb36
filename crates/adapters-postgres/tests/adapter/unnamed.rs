//! Statements that leave nothing behind on the server, for poolers in transaction mode.

use postroom_adapters_postgres::{PostgresStore, Statements};
use postroom_domain::lifecycle::Event;
use postroom_ports::contract::letters::{decide, delivery, worker_id};
use postroom_ports::queue::{Among, ClaimRequest, DeliveryQueue, Fenced, Settlement};
use postroom_ports::tracker::{DeliveryTracker, Search};
use postroom_ports::worker::WorkerRegistry;

use crate::scene::{Scene, config, value};

#[tokio::test]
async fn unnamed_statements_run_in_transactions_and_leave_no_name_behind() {
    let scene = Scene::fresh().await;
    let mut unnamed = config(scene.database.url());
    unnamed.statements = Statements::Unnamed;
    // One connection each: what one statement leaves behind, the next would meet.
    (unnamed.work_connections, unnamed.front_connections) = (1, 1);
    // A server that remembers every name it is asked to prepare, as a function can see it from inside.
    scene
        .sql(
            "CREATE TABLE public.names (name text);
             CREATE FUNCTION public.spy() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
             BEGIN
                 INSERT INTO public.names SELECT s.name FROM pg_prepared_statements s WHERE NOT s.from_sql AND s.name <> '';
                 RETURN NULL;
             END $$;
             CREATE TRIGGER spy AFTER INSERT OR UPDATE ON email.deliveries FOR EACH STATEMENT EXECUTE FUNCTION public.spy()",
        )
        .await;
    let store = PostgresStore::connect(&unnamed).await.unwrap();
    let (queue, tracker, worker) = (store.queue(), store.tracker(), worker_id());
    store.workers().register(worker, "test").await.unwrap();
    let new = delivery();
    for round in 1..=3 {
        if round == 1 {
            queue.enqueue(std::slice::from_ref(&new)).await.unwrap();
        }
        let lease = std::time::Duration::from_mins(1);
        let request = ClaimRequest {
            worker,
            limit: 10,
            lane_share: 10,
            lease,
            held_tenants: Vec::new(),
            among: Among::default(),
        };
        let claim = queue.claim(&request).await.unwrap().claims.pop().unwrap();
        assert_eq!(claim.state.attempts, round);
        let settlement = Settlement {
            fence: claim.fence.clone(),
            transition: decide(&claim.state, &Event::GivenBack, claim.queued_at),
            transport: None,
            receipt: None,
            payload: serde_json::json!({}),
        };
        assert_eq!(queue.settle(&[settlement]).await.unwrap(), [Fenced::Done]);
        assert!(tracker.find(&new.delivery_id).await.unwrap().is_some());
        assert_eq!(tracker.search(&Search::default(), None, 10).await.unwrap().deliveries.len(), 1);
    }
    let mut connection = scene.connection().await;
    assert_eq!(value::<i64>(&mut connection, "SELECT count(*) FROM public.names").await, 0);

    // The same spy sees the names of prepared statements, so it would have seen those.
    scene.enqueue(&delivery()).await;
    assert!(value::<i64>(&mut connection, "SELECT count(*) FROM public.names").await > 0);
}
