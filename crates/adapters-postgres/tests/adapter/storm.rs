//! Everybody at once: no deadlock comes through, and no letter is lost, doubled or overwritten.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use postroom_domain::feedback::Feedback;
use postroom_domain::id::DeliveryId;
use postroom_domain::lifecycle::{Event, Resolution};
use postroom_domain::status::{Stage, Status};
use postroom_ports::contract::letters::{
    decide, deferred, delivery, frozen, in_doubt, receipt, report, transport_name, worker_id,
};
use postroom_ports::letter::NewDelivery;
use postroom_ports::queue::{Among, Batch, ClaimRequest, DeliveryQueue, Fenced, Ready, Request, Settlement};
use postroom_ports::tracker::DeliveryTracker;
use postroom_ports::worker::WorkerRegistry;

use crate::scene::Scene;

const LETTERS: usize = 240;
const LEASE: Duration = Duration::from_mins(5);

/// Hands a batch over in reverse and settles it in yet another order, as no two workers agree on one.
async fn work_off(scene: &Scene, batch: Batch, round: usize) {
    let queue = scene.store.queue();
    let mut claims = batch.claims;
    claims.reverse();
    let ready: Vec<Ready> = claims
        .iter()
        .map(|claim| Ready {
            fence: claim.fence.clone(),
            frozen: Some(frozen(&claim.fence.delivery_id)),
            transport: transport_name("contract"),
        })
        .collect();
    let answers = queue.ready(&ready).await.unwrap();
    claims.sort_by_key(|claim| claim.fence.token);
    let settlements: Vec<Settlement> = claims
        .iter()
        .map(|claim| {
            let mut state = claim.state.clone();
            state.stage = Stage::Handover;
            let event = match (round + usize::try_from(claim.fence.seq).unwrap()) % 5 {
                0 => deferred(),
                1 => in_doubt(),
                2 => Event::GivenBack,
                _ => Event::Accepted,
            };
            Settlement {
                fence: claim.fence.clone(),
                transition: decide(&state, &event, batch.now),
                transport: Some(transport_name("contract")),
                receipt: Some(receipt("r-1")),
                payload: serde_json::json!({}),
            }
        })
        .collect();
    let settled = queue.settle(&settlements).await.unwrap();
    assert!(answers.iter().chain(&settled).all(|answer| *answer == Fenced::Done), "nobody else holds these letters");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn workers_cancellers_and_reporters_at_once_leave_every_letter_accounted_for() {
    everybody_at_once(Scene::fresh().await, 4).await;
}

/// The storm itself, with so many workers.
pub(crate) async fn everybody_at_once(scene: Scene, workers: usize) {
    let scene = Arc::new(scene);
    let letters: Vec<NewDelivery> = (0..LETTERS).map(|_| delivery()).collect();
    let ids: Vec<DeliveryId> = letters.iter().map(|letter| letter.delivery_id.clone()).collect();
    let mut everybody = Vec::new();
    for part in letters.chunks(20).map(<[NewDelivery]>::to_vec) {
        let scene = Arc::clone(&scene);
        everybody.push(tokio::spawn(async move { drop(scene.store.queue().enqueue(&part).await.unwrap()) }));
    }
    for _ in 0..workers {
        let scene = Arc::clone(&scene);
        everybody.push(tokio::spawn(async move {
            let worker = worker_id();
            scene.store.workers().register(worker, "storm").await.unwrap();
            for round in 0..25 {
                let request = ClaimRequest {
                    worker,
                    limit: 17,
                    lane_share: 5,
                    lease: LEASE,
                    held_tenants: Vec::new(),
                    among: Among::default(),
                };
                scene.store.workers().beat(worker).await.unwrap();
                work_off(&scene, scene.store.queue().claim(&request).await.unwrap(), round).await;
            }
        }));
    }
    for step in [7, 11] {
        let (scene, mine) = (Arc::clone(&scene), ids.iter().step_by(step).cloned().collect::<Vec<_>>());
        everybody.push(tokio::spawn(async move {
            for chunk in mine.chunks(5) {
                let mut chunk = chunk.to_vec();
                chunk.reverse();
                for request in [Request::Cancel, Request::Retry, Request::Resolve(Resolution::Resend)] {
                    scene.store.queue().request(&chunk, request, None).await.unwrap();
                }
                for id in chunk {
                    let seen = report(Feedback::Delivered, &format!("{step}-{id}"));
                    scene.store.tracker().record(&id, &seen).await.unwrap();
                }
            }
        }));
    }
    for one in everybody {
        one.await.unwrap();
    }

    // What is left waits or is in doubt; nothing is in anybody's hands, and record and queue agree.
    let mut connection = scene.connection().await;
    let torn = "SELECT count(*) FROM email.deliveries d FULL JOIN email.outbox o USING (seq)
                 WHERE (o.seq IS NULL) <> email.is_final(d.status) OR o.status <> d.status OR o.token IS NOT NULL";
    assert_eq!(crate::scene::value::<i64>(&mut connection, torn).await, 0);
    let mut ends = HashMap::<Status, usize>::new();
    for id in &ids {
        let seen = scene.find(id.as_str()).await;
        *ends.entry(seen.status).or_default() += 1;
        let history = scene.store.tracker().history(id).await.unwrap();
        let claimed = history.iter().filter(|event| event.status == Status::InProgress).map(|event| event.attempt);
        let mut attempts: Vec<u32> = claimed.collect();
        // A report during an attempt is an event of that attempt, too.
        attempts.dedup();
        assert!(
            attempts.is_sorted() && attempts.len() == usize::try_from(seen.attempts).unwrap(),
            "{id}: {attempts:?}"
        );
        assert_eq!(history.last().unwrap().status, seen.status, "the last event says where it stands");
    }
    assert_eq!(ends.values().sum::<usize>(), LETTERS, "{ends:?}");
    assert!(ends.get(&Status::Sent).is_some_and(|sent| *sent > LETTERS / 3), "most went out: {ends:?}");
}
