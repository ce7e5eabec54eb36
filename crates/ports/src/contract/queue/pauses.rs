//! What people pause, as the queue heeds it.

use std::time::Duration;

use crate::contract::StoreHarness;
use crate::contract::desk::{Desk, ids};
use crate::contract::letters::{delivery, of_tenant, of_workflow, tenant_id, transport_name, workflow};
use crate::pauses::{Paused, Resumed};
use crate::queue::ClaimRequest;

const HOUR: Duration = Duration::from_hours(1);

fn invite() -> Paused {
    Paused::Workflow(workflow("invite"))
}

/// Letters of a paused tenant wait, those that come later, too; those of others and of nobody do
/// not, and a workflow or a transport of that name is none of the tenant's.
pub async fn claim_skips_paused_tenants<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let [before, free] = [desk.enqueue(&of_tenant("north")).await, desk.enqueue(&of_tenant("invite")).await];
    desk.pause(&Paused::Tenant(tenant_id("north"))).await;
    desk.pause(&Paused::Transport(transport_name("invite"))).await;
    desk.pause(&Paused::Workflow(workflow("north"))).await;
    let [later, nobodys] = [desk.enqueue(&of_tenant("north")).await, desk.enqueue(&delivery()).await];
    assert_eq!(ids(&desk.claim().await), [free, nobodys]);
    desk.claim_nothing("the tenant is paused").await;
    desk.resume(&Paused::Tenant(tenant_id("north"))).await;
    assert_eq!(ids(&desk.claim().await), [before, later]);
}

/// Letters of a paused workflow wait, whoever's they are; those of other workflows do not, nor do
/// those of a tenant of that name.
pub async fn claim_skips_paused_workflows<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let before = desk.enqueue(&delivery()).await;
    desk.pause(&invite()).await;
    let [later, other] = [desk.enqueue(&of_tenant("north")).await, desk.enqueue(&of_workflow("reset")).await];
    let mut named = of_workflow("reset");
    named.letter.tenant_id = Some(tenant_id("invite"));
    let named = desk.enqueue(&named).await;
    assert_eq!(ids(&desk.claim().await), [other, named]);
    desk.claim_nothing("the workflow is paused").await;
    desk.resume(&invite()).await;
    assert_eq!(ids(&desk.claim().await), [before, later]);
}

/// A resumed workflow's letters are there for the very next claim.
pub async fn what_was_paused_is_claimed_as_soon_as_it_is_resumed<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let id = desk.enqueue(&delivery()).await;
    desk.pause_for(&invite(), HOUR).await;
    desk.claim_nothing("the workflow is paused").await;
    assert_eq!(desk.resume(&invite()).await, Resumed::Done);
    assert_eq!(desk.claim_one().await.fence.delivery_id, id);
}

/// A pause that is over by the store's clock holds nobody back, without anybody's doing.
pub async fn what_was_paused_is_claimed_when_its_time_is_up<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let mut letter = of_tenant("north");
    letter.letter.workflow = workflow("reset");
    let id = desk.enqueue(&letter).await;
    desk.pause_for(&Paused::Workflow(workflow("reset")), HOUR).await;
    desk.pause_for(&Paused::Tenant(tenant_id("north")), 2 * HOUR).await;
    harness.advance(HOUR).await;
    desk.claim_nothing("the tenant is still paused").await;
    harness.advance(HOUR).await;
    assert_eq!(desk.claim_one().await.fence.delivery_id, id);
}

/// A letter that waits for a pause to end pays nothing for it, however often somebody asks, and
/// its record does not change.
pub async fn a_pause_costs_no_attempt_and_no_event<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let id = desk.enqueue(&delivery()).await;
    let before = (desk.find(&id).await, desk.history(&id).await.len());
    desk.pause(&invite()).await;
    for _ in 0..3 {
        desk.claim_nothing("the workflow is paused").await;
    }
    desk.resume(&invite()).await;
    assert_eq!((desk.find(&id).await, desk.history(&id).await.len()), before);
    assert_eq!(desk.claim_one().await.state.attempts, 1);
}

/// A paused workflow does not stand in the way of the others of its lane, however many of its
/// letters wait before them.
pub async fn other_letters_of_a_paused_workflows_lane_go_on<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let paused: Vec<_> = (0..60).map(|_| delivery()).collect();
    desk.queue.enqueue(&paused).await.expect("the queue takes letters");
    let others = [desk.enqueue(&of_workflow("reset")).await, desk.enqueue(&of_workflow("notice")).await];
    desk.pause(&invite()).await;
    let few = ClaimRequest { limit: 2, lane_share: 1, ..desk.request() };
    assert_eq!(ids(&desk.claim_as(&few).await), others);
}
