//! What a summary says.

use std::time::Duration;

use postroom_domain::feedback::Feedback;
use postroom_domain::lifecycle::Event;
use postroom_domain::status::Status;

use super::{HOUR, MOMENT, always, between, deferred_with};
use crate::contract::StoreHarness;
use crate::contract::desk::Desk;
use crate::contract::letters::{
    decide_holding, deferred, delivery, in_doubt, of_tenant, of_workflow, rejected, report, tenant_id,
};
use crate::letter::NewDelivery;
use crate::queue::Request;
use crate::statistics::{Latency, Summary, Window, WorkflowFigures};

fn enqueued(summary: &Summary) -> Vec<(&str, u64)> {
    summary.workflows.iter().map(|figures| (figures.workflow.as_str(), figures.enqueued)).collect()
}

fn codes(summary: &Summary) -> Vec<(&str, u64)> {
    summary.errors.iter().map(|error| (error.code.as_str(), error.count)).collect()
}

/// Workflows are listed by name with the letters that were enqueued in the window: its first moment included, its
/// end excluded.
pub async fn workflows_count_what_was_enqueued_in_the_window<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let first = desk.enqueue(&of_workflow("password-reset")).await;
    harness.advance(HOUR).await;
    desk.enqueue(&of_workflow("invite")).await;
    desk.enqueue(&of_workflow("invite")).await;
    harness.advance(HOUR).await;
    let last = desk.enqueue(&of_workflow("welcome")).await;
    let (from, until) = (desk.find(&first).await.queued_at, desk.find(&last).await.queued_at);
    let summary = desk.summary(&between(from, until)).await;
    assert_eq!(enqueued(&summary), [("invite", 2), ("password-reset", 1)]);
    let all = desk.summary(&always()).await;
    assert_eq!(enqueued(&all), [("invite", 2), ("password-reset", 1), ("welcome", 1)]);
}

/// A workflow says how many of its letters are sent, how many are failed or dead letters, and how often these were
/// claimed. What is under way or cancelled is none of them.
pub async fn workflows_say_how_letters_ended_and_in_how_many_attempts<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    desk.enqueue_and_finish(&delivery(), &Event::Accepted).await;
    desk.enqueue_and_finish(&delivery(), &rejected()).await;
    desk.enqueue_and_finish(&NewDelivery { max_attempts: Some(1), ..delivery() }, &deferred()).await;
    desk.enqueue_and_finish(&delivery(), &deferred()).await;
    harness.advance(HOUR).await;
    let claim = desk.claim_one().await;
    desk.finish(&claim, &Event::Accepted).await;
    let cancelled = desk.enqueue(&delivery()).await;
    desk.cancel(&cancelled).await;
    desk.enqueue_and_finish(&delivery(), &deferred()).await;
    let summary = desk.summary(&always()).await;
    let [figures] = summary.workflows.as_slice() else { panic!("there is one workflow: {:?}", summary.workflows) };
    let WorkflowFigures { enqueued, sent, failed, attempts, .. } = figures;
    assert_eq!((enqueued, sent, failed, attempts), (&6, &2, &2, &5));
    assert_eq!((summary.success_rate(), summary.average_retries()), (Some(0.5), Some(0.25)));
    assert_eq!(figures.success_rate(), summary.success_rate());
    assert_eq!(figures.average_retries(), summary.average_retries());
}

/// Every figure of a tenant is of its letters alone.
pub async fn a_named_tenant_has_its_own_figures<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    for tenant in ["north", "south", "south"] {
        let now = of_tenant(tenant);
        desk.enqueue_and_finish(&now, &Event::Accepted).await;
        desk.enqueue_and_finish(&of_tenant(tenant), &in_doubt()).await;
        let last_try = NewDelivery { max_attempts: Some(1), ..of_tenant(tenant) };
        desk.enqueue_and_finish(&last_try, &deferred()).await;
        let claimed = desk.enqueue(&of_tenant(tenant)).await;
        assert_eq!(desk.claim_one().await.fence.delivery_id, claimed);
    }
    desk.enqueue(&of_tenant("north")).await;
    desk.enqueue(&delivery()).await;
    let north = desk.summary(&Window { tenant_id: Some(tenant_id("north")), ..always() }).await;
    assert_eq!(enqueued(&north), [("invite", 5)]);
    assert_eq!(codes(&north), [("SMTP_451", 1), ("TIMEOUT", 1)]);
    assert_eq!((north.latency.count, north.providers[0].accepted), (1, 1));
    assert_eq!((north.dead_letters, north.in_doubt, north.waiting), (1, 1, 1));
    assert_eq!((north.due, north.in_flight, north.oldest_due_at.is_some()), (1, 1, true));
    let nobody = desk.summary(&Window { tenant_id: Some(tenant_id("west")), ..always() }).await;
    assert_eq!((nobody.workflows, nobody.waiting, nobody.oldest_due_at), (Vec::new(), 0, None));
    let all = desk.summary(&always()).await;
    assert_eq!((all.dead_letters, all.in_doubt, all.waiting, all.in_flight), (3, 3, 2, 3));
}

/// What attempts failed with is counted by code: the most frequent first, and those of one count by the alphabet.
pub async fn errors_are_counted_by_code_the_most_frequent_first<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    for code in ["B", "C", "A", "C"] {
        desk.enqueue_and_finish(&delivery(), &deferred_with(code)).await;
    }
    desk.enqueue_and_finish(&delivery(), &rejected()).await;
    desk.enqueue_and_finish(&delivery(), &in_doubt()).await;
    let summary = desk.summary(&always()).await;
    assert_eq!(codes(&summary), [("C", 2), ("A", 1), ("B", 1), ("SMTP_550", 1), ("TIMEOUT", 1)]);
}

/// No more than twenty codes are listed: those that were most frequent.
pub async fn no_more_than_twenty_codes_are_listed<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    for number in 10..31 {
        desk.enqueue_and_finish(&delivery(), &deferred_with(&format!("SMTP_4{number}"))).await;
    }
    desk.enqueue_and_finish(&delivery(), &deferred_with("SMTP_430")).await;
    let errors = desk.summary(&always()).await.errors;
    assert_eq!(errors.len(), 20);
    assert_eq!((errors[0].code.as_str(), errors[0].count), ("SMTP_430", 2));
}

/// What a person or a policy decided about a letter is no error, and neither is what a provider reported, though
/// both are on record.
pub async fn what_was_decided_or_reported_is_no_error<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let given_back = desk.enqueue(&delivery()).await;
    let claim = desk.claim_one().await;
    desk.conclude(&claim.fence, &claim.state, &Event::GivenBack).await;
    desk.cancel(&given_back).await;
    let failed = desk.enqueue_and_finish(&delivery(), &rejected()).await;
    desk.record(&failed, &report(Feedback::Bounced, "event-1")).await;
    desk.redrive(&failed).await;
    let claim = desk.claim_one().await;
    desk.finish(&claim, &deferred()).await;
    desk.ask(&failed, Request::Retry).await;
    let summary = desk.summary(&always()).await;
    assert_eq!(codes(&summary), [("SMTP_451", 1), ("SMTP_550", 1)]);
}

/// A letter in doubt whose provider is asked again and again has one attempt that ended so.
pub async fn an_attempt_in_doubt_counts_once_however_often_it_is_asked_about<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    desk.enqueue(&delivery()).await;
    let claim = desk.claim_one().await;
    desk.hand_over(&claim).await;
    harness.advance(HOUR).await;
    let lapsed = desk.lapsed_one().await;
    desk.conclude(&lapsed.fence, &lapsed.state, &Event::LeaseLapsed).await;
    for _ in 0..3 {
        let asked = desk.doubtful_one().await;
        desk.conclude(&asked.fence, &asked.state, &Event::Postponed(MOMENT)).await;
        harness.advance(2 * MOMENT).await;
    }
    let asked = desk.doubtful_one().await;
    let held = decide_holding(
        &asked.state,
        &Event::Reconciled(postroom_domain::lifecycle::Evidence::Unknown),
        desk.now().await,
    );
    desk.settled(&asked.fence, held).await;
    let summary = desk.summary(&always()).await;
    assert_eq!(codes(&summary), [("ANSWER_LOST", 1)]);
    assert_eq!(summary.providers.iter().map(|provider| provider.in_doubt).sum::<u64>(), 1);
}

/// A way out is counted by what it answered: accepted, put off (for the last time, too), refused, or nothing.
pub async fn providers_are_counted_by_their_answers<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    assert_eq!(desk.summary(&always()).await.providers, []);
    for event in [Event::Accepted, Event::Accepted, Event::Accepted, deferred(), rejected(), in_doubt(), in_doubt()] {
        desk.enqueue_and_finish(&delivery(), &event).await;
    }
    let last = NewDelivery { max_attempts: Some(1), ..delivery() };
    let id = desk.enqueue_and_finish(&last, &deferred()).await;
    assert_eq!(desk.status(&id).await, Status::DeadLetter);
    let last_at = desk.history(&id).await.last().expect("it has events").created_at;
    let providers = desk.summary(&always()).await.providers;
    let [provider] = providers.as_slice() else { panic!("there is one way out: {providers:?}") };
    assert_eq!(provider.transport.as_str(), "contract");
    assert_eq!((provider.accepted, provider.deferred, provider.refused, provider.in_doubt), (3, 2, 1, 2));
    assert_eq!(provider.last_at, last_at);
}

/// What a provider reports later, of its own accord, is no answer to an attempt, though it may show that a letter
/// was sent.
pub async fn a_report_is_no_answer_of_a_provider<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let id = desk.enqueue_and_finish(&delivery(), &in_doubt()).await;
    desk.record(&id, &report(Feedback::Delivered, "event-1")).await;
    assert_eq!(desk.status(&id).await, Status::Sent);
    let summary = desk.summary(&always()).await;
    assert_eq!((summary.providers[0].accepted, summary.providers[0].in_doubt), (0, 1));
    assert_eq!((summary.workflows[0].sent, summary.latency.count), (1, 1));
}

/// Errors and answers count by the time of their event: the window's first moment included, its end excluded.
pub async fn events_before_or_behind_the_window_do_not_count<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let mut ids = Vec::new();
    for code in ["FIRST", "SECOND", "THIRD"] {
        ids.push(desk.enqueue_and_finish(&delivery(), &deferred_with(code)).await);
        harness.advance(MOMENT).await;
    }
    let mut times = Vec::new();
    for id in &ids {
        times.push(desk.history(id).await.last().expect("it has events").created_at);
    }
    let summary = desk.summary(&between(times[0], times[2])).await;
    assert_eq!(codes(&summary), [("FIRST", 1), ("SECOND", 1)]);
    assert_eq!((summary.providers[0].deferred, summary.providers[0].last_at), (2, times[1]));
}

/// Latency runs from a letter's enqueue or, for one that was not to go out before, from its due time, until it was
/// sent; attempts in between do not matter.
pub async fn latency_runs_from_the_moment_a_letter_could_first_go_out<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let id = desk.enqueue_and_finish(&delivery(), &deferred()).await;
    harness.advance(HOUR).await;
    let claim = desk.claim_one().await;
    desk.finish(&claim, &Event::Accepted).await;
    let seen = desk.find(&id).await;
    let took = seen.sent_at.expect("it is sent").since(seen.queued_at);
    let of = |took: Duration| Latency { count: 1, p50: Some(took), p95: Some(took), p99: Some(took) };
    assert_eq!(desk.summary(&always()).await.latency, of(took));
    harness.advance(24 * HOUR).await;
    let due_at = desk.now().await.plus(HOUR);
    let later = desk.enqueue(&NewDelivery { due_at: Some(due_at), ..delivery() }).await;
    harness.advance(HOUR + MOMENT).await;
    let claim = desk.claim_one().await;
    assert_eq!(claim.fence.delivery_id, later);
    let age_from = claim.state.age_from;
    desk.finish(&claim, &Event::Accepted).await;
    let took = desk.find(&later).await.sent_at.expect("it is sent").since(age_from);
    assert!(took < HOUR, "the time before it was due does not count");
    let recent = between(desk.ago(HOUR).await, desk.now().await.plus(HOUR));
    assert_eq!(desk.summary(&recent).await.latency, of(took));
}

/// Percentiles are times of letters that were sent in the window, by the nearest rank; letters that ended otherwise
/// have none.
pub async fn percentiles_are_those_of_the_letters_that_were_sent_in_the_window<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    desk.enqueue_and_finish(&delivery(), &Event::Accepted).await;
    harness.advance(HOUR).await;
    let mut ids = Vec::new();
    for _ in 0..10 {
        ids.push(desk.enqueue(&delivery()).await);
        harness.advance(MOMENT).await;
    }
    for claim in desk.claim().await.claims {
        let event = if claim.fence.delivery_id == ids[9] { rejected() } else { Event::Accepted };
        desk.finish(&claim, &event).await;
    }
    let mut took = Vec::new();
    for id in &ids[..9] {
        let seen = desk.find(id).await;
        took.push(seen.sent_at.expect("it is sent").since(seen.queued_at));
    }
    took.sort_unstable();
    let window = between(desk.ago(HOUR / 2).await, desk.now().await.plus(HOUR));
    let latency = desk.summary(&window).await.latency;
    assert_eq!(latency, Latency { count: 9, p50: Some(took[4]), p95: Some(took[8]), p99: Some(took[8]) });
    assert_eq!(desk.summary(&always()).await.latency.count, 10);
}

/// How the queue stands is said as it is now, whatever the window: what waits, how much of it is due and since
/// when, what workers hold, what is in doubt and what was given up.
pub async fn a_summary_says_how_the_queue_stands_now<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    desk.enqueue_and_finish(&NewDelivery { max_attempts: Some(1), ..delivery() }, &deferred()).await;
    desk.enqueue_and_finish(&delivery(), &rejected()).await;
    desk.enqueue_and_finish(&delivery(), &in_doubt()).await;
    desk.enqueue_and_finish(&delivery(), &deferred()).await;
    desk.enqueue(&delivery()).await;
    desk.claim_one().await;
    let in_an_hour = desk.now().await.plus(HOUR);
    desk.enqueue(&NewDelivery { due_at: Some(in_an_hour), ..delivery() }).await;
    let oldest = desk.enqueue(&delivery()).await;
    harness.advance(MOMENT).await;
    desk.enqueue(&delivery()).await;
    let due_at = desk.find(&oldest).await.due_at;
    let before = desk.now().await;
    let nothing = between(before, before);
    let summary = desk.summary(&nothing).await;
    assert_eq!((summary.dead_letters, summary.in_doubt), (1, 1));
    assert_eq!((summary.waiting, summary.due, summary.in_flight), (4, 2, 1));
    assert_eq!(summary.oldest_due_at, due_at);
    assert!(summary.now >= before, "the store says its time");
    assert_eq!((summary.workflows, summary.errors, summary.providers), (vec![], vec![], vec![]), "but nothing else");
    assert_eq!(summary.latency, Latency::default());
}

/// A store without letters has figures, all of them nothing; there is no rate of nothing.
pub async fn an_empty_store_has_empty_figures<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let summary = desk.summary(&always()).await;
    let empty = Summary {
        now: summary.now,
        workflows: Vec::new(),
        errors: Vec::new(),
        latency: Latency::default(),
        providers: Vec::new(),
        dead_letters: 0,
        in_doubt: 0,
        waiting: 0,
        due: 0,
        in_flight: 0,
        oldest_due_at: None,
    };
    assert_eq!(summary, empty);
    assert_eq!((summary.success_rate(), summary.average_retries()), (None, None));
    assert_eq!(desk.series(&between(summary.now.minus(HOUR), summary.now), 2).await.len(), 2);
}
