//! What becomes of the letters of a worker that died.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use postroom_domain::lifecycle::Event;
use postroom_domain::status::{Stage, Status};

use crate::contract::StoreHarness;
use crate::contract::desk::{Desk, LEASE, MANY, PAST_LEASE, ids, sorted};
use crate::contract::letters::{delivery, worker_id};
use crate::letter::NewDelivery;
use crate::queue::{ClaimRequest, Content, Fenced};
use crate::worker::{BEAT_EVERY, BEAT_STALE};

/// Longer than a beat may be old.
const PAST_BEAT: Duration = BEAT_STALE.saturating_add(BEAT_EVERY);

/// Only what lapsed is taken over: neither letters under a live lease, nor waiting ones, nor
/// those that are done.
pub async fn lapsed_lists_only_lapsed_leases<H: StoreHarness>(harness: &H) {
    let (desk, janitor) = (Desk::open(harness).await, Desk::open(harness).await);
    let short = desk.enqueue(&delivery()).await;
    desk.claim_one().await;
    let long = desk.enqueue(&delivery()).await;
    let hour = ClaimRequest { lease: Duration::from_hours(1), ..desk.request() };
    assert_eq!(ids(&desk.claim_as(&hour).await), [long]);
    desk.enqueue(&delivery()).await;
    assert!(janitor.lapsed().await.claims.is_empty(), "a live lease is nobody else's");
    harness.advance(PAST_LEASE).await;
    desk.beat().await;
    assert_eq!(janitor.lapsed_one().await.fence.delivery_id, short);
    assert!(janitor.lapsed().await.claims.is_empty(), "what was taken over is held again");
}

/// A takeover has a new fence and the letter as its worker left it: status, stage and bytes,
/// and no attempt more.
pub async fn lapsed_takes_over_under_a_new_fence_and_counts_no_attempt<H: StoreHarness>(harness: &H) {
    let (desk, janitor) = (Desk::open(harness).await, Desk::open(harness).await);
    let untouched = desk.enqueue(&delivery()).await;
    let first = desk.claim_one().await;
    let handed = desk.enqueue(&delivery()).await;
    let second = desk.claim_one().await;
    desk.hand_over(&second).await;
    harness.advance(PAST_LEASE).await;
    let taken = janitor.lapsed().await.claims;
    assert_eq!(taken.len(), 2);
    for claim in taken {
        assert_eq!((claim.taken_from, claim.state.status), (Status::InProgress, Status::InProgress));
        assert_eq!((claim.state.attempts, claim.state.crashes), (1, 0), "the domain counts, not the store");
        if claim.fence.delivery_id == handed {
            assert_eq!(claim.state.stage, Stage::Handover, "it may have been accepted");
            assert!(matches!(claim.content, Content::Frozen(_)), "its bytes are there");
            assert_ne!(claim.fence.token, second.fence.token);
        } else {
            assert_eq!((&claim.fence.delivery_id, claim.state.stage), (&untouched, Stage::Claimed));
            assert_ne!(claim.fence.token, first.fence.token);
        }
    }
    assert_eq!(desk.find(&handed).await.attempts, 1);
}

/// What a dead worker had only claimed goes again; what it had handed over is in doubt.
pub async fn a_lapsed_letter_is_settled_by_its_stage<H: StoreHarness>(harness: &H) {
    let (desk, janitor) = (Desk::open(harness).await, Desk::open(harness).await);
    let untouched = desk.enqueue(&delivery()).await;
    desk.claim_one().await;
    let handed = desk.enqueue(&delivery()).await;
    let claim = desk.claim_one().await;
    desk.hand_over(&claim).await;
    harness.advance(PAST_LEASE).await;
    for claim in janitor.lapsed().await.claims {
        janitor.conclude(&claim.fence, &claim.state, &Event::LeaseLapsed).await;
    }
    assert_eq!(janitor.status(&untouched).await, Status::Retrying);
    assert_eq!(janitor.status(&handed).await, Status::InDoubt);
    let again = janitor.claim_one().await;
    assert_eq!((again.fence.delivery_id, again.state.crashes), (untouched, 1), "the crash is on record");
}

/// After a takeover the old holder is a stranger, and the new one is not.
pub async fn the_old_holder_is_stale_after_a_takeover<H: StoreHarness>(harness: &H) {
    let (desk, janitor) = (Desk::open(harness).await, Desk::open(harness).await);
    desk.enqueue(&delivery()).await;
    let claim = desk.claim_one().await;
    harness.advance(PAST_LEASE).await;
    let taken = janitor.lapsed_one().await;
    let fences = [claim.fence, taken.fence];
    desk.beat().await;
    let answers = desk.queue.extend(&fences, LEASE).await.expect("the queue answers");
    assert_eq!(answers, [Fenced::Stale, Fenced::Done]);
}

/// A worker that stops beating loses its claims, however long their leases still run.
pub async fn a_worker_that_stops_beating_loses_its_claims<H: StoreHarness>(harness: &H) {
    let (dead, living) = (Desk::open(harness).await, Desk::open(harness).await);
    let orphan = dead.enqueue(&delivery()).await;
    let hour = Duration::from_hours(1);
    dead.claim_as(&ClaimRequest { lease: hour, ..dead.request() }).await;
    let kept = living.enqueue(&delivery()).await;
    living.claim_as(&ClaimRequest { lease: hour, ..living.request() }).await;
    harness.advance(PAST_BEAT).await;
    let taken = living.lapsed_one().await;
    assert_eq!(taken.fence.delivery_id, orphan, "the living worker's own letter {kept} is not taken from it");
}

/// A worker that takes leave frees what it still holds at once: no beat has to grow old.
pub async fn a_retired_worker_loses_its_claims_at_once<H: StoreHarness>(harness: &H) {
    let (leaving, staying) = (Desk::open(harness).await, Desk::open(harness).await);
    let id = leaving.enqueue(&delivery()).await;
    leaving.claim_one().await;
    leaving.workers.retire(leaving.worker).await.expect("a worker may leave");
    assert_eq!(staying.lapsed_one().await.fence.delivery_id, id);
}

/// Janitors that look at the same moment share what lapsed: each letter goes to exactly one.
pub async fn two_janitors_never_take_the_same_letter<H: StoreHarness>(harness: &H) {
    let dead = Desk::open(harness).await;
    let letters: Vec<NewDelivery> = (0..40).map(|_| delivery()).collect();
    dead.queue.enqueue(&letters).await.expect("the queue takes letters");
    assert_eq!(dead.claim().await.claims.len(), 40);
    harness.advance(PAST_LEASE).await;
    let mut janitors = Vec::new();
    for _ in 0..4 {
        let desk = Arc::new(Desk::open(harness).await);
        janitors.push(tokio::spawn(async move {
            let mut mine = Vec::new();
            for _ in 0..10 {
                desk.beat().await;
                let batch = desk.queue.lapsed(desk.worker, 7, LEASE).await.expect("the queue finds what lapsed");
                assert!(batch.claims.len() <= 7, "no more than asked for");
                mine.extend(ids(&batch));
                tokio::task::yield_now().await;
            }
            mine
        }));
    }
    let mut all = Vec::new();
    for janitor in janitors {
        all.extend(janitor.await.expect("a janitor ends"));
    }
    let different: HashSet<_> = all.iter().collect();
    assert_eq!((all.len(), different.len()), (40, 40), "each lapsed letter is taken once");
}

/// A janitor that dies in its turn loses what it took over, to the next one.
pub async fn a_dead_janitor_loses_what_it_took_over<H: StoreHarness>(harness: &H) {
    let (dead, janitor) = (Desk::open(harness).await, Desk::open(harness).await);
    let id = dead.enqueue(&delivery()).await;
    dead.claim_one().await;
    for _ in 0..2 {
        harness.advance(PAST_LEASE).await;
        let taken = janitor.queue.lapsed(unheard_of(&janitor).await, MANY, LEASE).await.expect("it may look");
        assert_eq!(ids(&taken), sorted(vec![id.clone()]));
    }
}

/// A worker that registers, and is never heard of again.
async fn unheard_of(desk: &Desk) -> postroom_domain::id::WorkerId {
    let worker = worker_id();
    desk.workers.register(worker, "contract").await.expect("a worker registers");
    worker
}
