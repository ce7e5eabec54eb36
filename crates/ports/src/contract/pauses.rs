//! The rules of a [`PauseBoard`](crate::pauses::PauseBoard). What a pause does to letters are
//! rules of the queue.

use std::time::Duration;

use postroom_domain::id::PauseReason;

use super::StoreHarness;
use super::desk::Desk;
use super::letters::{tenant_id, transport_name, workflow};
use crate::pauses::{Pause, Paused, Resumed};

const HOUR: Duration = Duration::from_hours(1);
const MOMENT: Duration = Duration::from_secs(10);

fn invite() -> Paused {
    Paused::Workflow(workflow("invite"))
}

async fn board(desk: &Desk) -> Vec<Pause> {
    desk.pauses.paused().await.expect("the store says what is paused")
}

/// What is paused is listed, with since when, until when and why, as the pause was answered, until
/// it ends.
pub async fn a_pause_is_listed_with_its_reason_until_it_ends<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    assert_eq!(board(&desk).await, [], "nothing is paused at first");
    let reason = PauseReason::parse("the template is wrong – Größe").expect("a sample reason is valid");
    let before = desk.now().await;
    let pause = desk.pauses.pause(&invite(), Some(HOUR), Some(reason.clone())).await.expect("the store pauses");
    let after = desk.now().await;
    assert_eq!((&pause.what, &pause.reason), (&invite(), &Some(reason)));
    assert!(before <= pause.since && pause.since <= after, "it begins by the store's clock");
    assert_eq!(pause.until, Some(pause.since.plus(HOUR)));
    assert_eq!(board(&desk).await, [pause]);
    desk.resume(&invite()).await;
    assert_eq!(board(&desk).await, []);
}

/// A pause for a while ends when that is over, and not before.
pub async fn a_pause_ends_by_itself_when_its_time_is_up<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    desk.pause_for(&invite(), HOUR).await;
    harness.advance(HOUR / 2).await;
    assert_eq!(desk.paused().await, [invite()], "its time is not up yet");
    harness.advance(HOUR / 2).await;
    assert_eq!(desk.paused().await, []);
    assert_eq!(desk.resume(&invite()).await, Resumed::WasNot, "it is over already");
}

/// A pause without an end is there until somebody resumes it.
pub async fn a_pause_without_an_end_lasts<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    assert_eq!(desk.pause(&invite()).await.until, None);
    harness.advance(Duration::from_hours(24 * 400)).await;
    assert_eq!(desk.paused().await, [invite()]);
}

/// Resume ends a pause before its time, and says whether there was one.
pub async fn resume_ends_a_pause_at_once_and_says_whether_there_was_one<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    assert_eq!(desk.resume(&invite()).await, Resumed::WasNot);
    desk.pause_for(&invite(), HOUR).await;
    assert_eq!(desk.resume(&invite()).await, Resumed::Done);
    assert_eq!(desk.paused().await, []);
    assert_eq!(desk.resume(&invite()).await, Resumed::WasNot);
}

/// Who pauses what is paused has the last word about its end and its reason.
pub async fn a_second_pause_replaces_the_first<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let reason = PauseReason::parse("the first").expect("a sample reason is valid");
    desk.pauses.pause(&invite(), None, Some(reason)).await.expect("the store pauses");
    harness.advance(MOMENT).await;
    let second = desk.pause_for(&invite(), HOUR).await;
    assert_eq!(second.reason, None);
    assert_eq!(board(&desk).await, [second]);
    harness.advance(HOUR).await;
    assert_eq!(desk.paused().await, [], "the end of the second counts");
}

/// A tenant, a transport and a workflow of one name are three things, as are two workflows; they
/// are listed by kind, then by name.
pub async fn pauses_of_different_kinds_and_names_do_not_meet<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let [tenant, transport, workflow, other] = [
        Paused::Tenant(tenant_id("smtp")),
        Paused::Transport(transport_name("smtp")),
        Paused::Workflow(workflow("smtp")),
        Paused::Workflow(workflow("smtp/other")),
    ];
    for what in [&other, &workflow, &transport, &tenant] {
        desk.pause(what).await;
    }
    assert_eq!(desk.paused().await, [tenant.clone(), transport.clone(), workflow.clone(), other.clone()]);
    assert_eq!(desk.resume(&workflow).await, Resumed::Done);
    assert_eq!(desk.paused().await, [tenant, transport, other]);
}
