//! What a series says.

use postroom_domain::lifecycle::Event;

use super::{HOUR, MOMENT, between};
use crate::contract::StoreHarness;
use crate::contract::desk::Desk;
use crate::contract::letters::{deferred, delivery, in_doubt, of_tenant, rejected, tenant_id};
use crate::letter::NewDelivery;
use crate::statistics::{Bucket, Latency, Window};

/// What waited at the end of each bucket.
fn waiting(series: &[Bucket]) -> Vec<u64> {
    series.iter().map(|bucket| bucket.waiting).collect()
}

/// A series covers its window in equal parts that leave no moment out, and has those, too, in which nothing
/// happened.
pub async fn a_series_has_equal_buckets_and_the_empty_ones_too<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let until = desk.now().await;
    let from = until.minus(HOUR);
    let series = desk.series(&between(from, until), 7).await;
    assert_eq!(series.len(), 7);
    assert_eq!((series[0].from, series[6].until), (from, until));
    for (place, bucket) in series.iter().enumerate() {
        assert_eq!(bucket.from, if place == 0 { from } else { series[place - 1].until });
        let width = bucket.until.since(bucket.from).as_micros();
        assert!(width.abs_diff(HOUR.as_micros() / 7) <= 1, "bucket {place} is as wide as the others");
        assert_eq!((bucket.sent, bucket.failed, bucket.latency), (0, 0, Latency::default()));
        assert_eq!((bucket.waiting, bucket.oldest_age), (0, None));
    }
}

/// A series has one bucket at least and 240 at most, and none where nothing is in the window.
pub async fn a_series_keeps_to_its_bounds<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let now = desk.now().await;
    for (asked, given) in [(0, 1), (1, 1), (240, 240), (241, 240), (u32::MAX, 240)] {
        assert_eq!(desk.series(&between(now.minus(HOUR), now), asked).await.len(), given, "{asked} are asked for");
    }
    assert_eq!(desk.series(&between(now, now), 5).await, []);
    assert_eq!(desk.series(&between(now, now.minus(HOUR)), 5).await, []);
}

/// A letter counts in the bucket in which it was sent or failed: the first moment of it included, its end
/// excluded. Latency is of those that were sent in it.
pub async fn a_series_counts_letters_where_they_ended<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let first = desk.enqueue_and_finish(&delivery(), &Event::Accepted).await;
    desk.enqueue_and_finish(&delivery(), &rejected()).await;
    harness.advance(HOUR).await;
    desk.enqueue_and_finish(&NewDelivery { max_attempts: Some(1), ..delivery() }, &deferred()).await;
    desk.enqueue_and_finish(&delivery(), &deferred()).await;
    let cancelled = desk.enqueue(&delivery()).await;
    desk.cancel(&cancelled).await;
    harness.advance(HOUR).await;
    let claim = desk.claim_one().await;
    desk.finish(&claim, &Event::Accepted).await;
    let last = claim.fence.delivery_id;
    let (first, last) = (desk.find(&first).await, desk.find(&last).await);
    let (from, until) = (first.sent_at.expect("it is sent"), last.sent_at.expect("it is sent"));
    let series = desk.series(&between(from, until), 4).await;
    assert_eq!(series.iter().map(|bucket| bucket.sent).collect::<Vec<_>>(), [1, 0, 0, 0]);
    assert_eq!(series.iter().map(|bucket| bucket.failed).sum::<u64>(), 2);
    assert_eq!((series[0].failed, series[3].failed), (1, 0));
    let took = Some(from.since(first.queued_at));
    assert_eq!(series[0].latency, Latency { count: 1, p50: took, p95: took, p99: took });
    let series = desk.series(&between(from, until.plus(MOMENT)), 1).await;
    assert_eq!((series[0].sent, series[0].failed, series[0].latency.count), (2, 2, 2));
    let took = Some(until.since(last.queued_at));
    assert_eq!((series[0].latency.p95, series[0].latency.p99), (took, took));
}

/// At the end of a bucket those letters waited that could have gone out before and had not ended; those that were
/// not due yet and those in doubt did not. The oldest says how long. A bucket that is not over ends now.
pub async fn a_series_says_what_waited_at_the_end_of_each_bucket<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let oldest = desk.enqueue_and_finish(&delivery(), &deferred()).await;
    desk.enqueue_and_finish(&delivery(), &in_doubt()).await;
    harness.advance(HOUR).await;
    let younger = desk.enqueue(&delivery()).await;
    let in_two_hours = desk.now().await.plus(2 * HOUR);
    desk.enqueue(&NewDelivery { due_at: Some(in_two_hours), ..delivery() }).await;
    harness.advance(HOUR).await;
    desk.cancel(&oldest).await;
    harness.advance(HOUR / 2).await;
    let now = desk.now().await;
    let until = now.plus(2 * HOUR + HOUR * 3 / 4);
    let (oldest, younger) = (desk.find(&oldest).await, desk.find(&younger).await);
    let series = desk.series(&between(until.minus(6 * HOUR), until), 6).await;
    // They end 2¼, 1¼ and ¼ hours ago, and three lie ahead. The letters came 2½ and 1½ hours ago; the oldest was
    // cancelled half an hour ago.
    assert_eq!(waiting(&series), [1, 2, 1, 1, 1, 1]);
    let age = |bucket: &Bucket| bucket.oldest_age.expect("something waited");
    assert_eq!(age(&series[0]), series[0].until.since(oldest.queued_at));
    assert_eq!(age(&series[1]), series[1].until.since(oldest.queued_at));
    assert_eq!(age(&series[2]), series[2].until.since(younger.queued_at));
    assert!(
        age(&series[5]) >= now.since(younger.queued_at) && age(&series[5]) < 2 * HOUR,
        "no letter is older than now"
    );
}

/// Every figure of a series is of the tenant's letters alone.
pub async fn a_series_is_of_one_tenant_where_one_is_named<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    for tenant in ["north", "south"] {
        for event in [Event::Accepted, rejected(), deferred()] {
            desk.enqueue_and_finish(&of_tenant(tenant), &event).await;
        }
    }
    desk.enqueue(&delivery()).await;
    harness.advance(MOMENT).await;
    let now = desk.now().await;
    let window = between(now.minus(HOUR), now);
    let figures = |series: &[Bucket]| (series[0].sent, series[0].failed, series[0].waiting);
    let north = Window { tenant_id: Some(tenant_id("north")), ..window.clone() };
    assert_eq!(figures(&desk.series(&north, 1).await), (1, 1, 1));
    assert_eq!(figures(&desk.series(&window, 1).await), (2, 2, 3));
}

/// A letter that a person put back waits from then on, and counts as failed no more.
pub async fn a_redriven_letter_counts_from_its_redrive<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let id = desk.enqueue_and_finish(&delivery(), &rejected()).await;
    harness.advance(3 * HOUR).await;
    let failed = |series: &[Bucket]| series.iter().map(|bucket| bucket.failed).sum::<u64>();
    let now = desk.now().await;
    assert_eq!(failed(&desk.series(&between(now.minus(4 * HOUR), now), 2).await), 1);
    desk.redrive(&id).await;
    harness.advance(MOMENT).await;
    let now = desk.now().await;
    let window = between(now.minus(4 * HOUR), now);
    let series = desk.series(&window, 2).await;
    assert_eq!((failed(&series), waiting(&series)), (0, vec![0, 1]));
    assert!(series[1].oldest_age.is_some_and(|age| age < HOUR), "it is as old as its redrive");
    let figures = &desk.summary(&window).await.workflows[0];
    assert_eq!((figures.enqueued, figures.failed), (1, 0));
}
