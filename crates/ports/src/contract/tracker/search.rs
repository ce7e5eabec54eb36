//! Finding letters.

use std::time::Duration;

use postroom_domain::address::Mailbox;
use postroom_domain::id::DeliveryId;
use postroom_domain::lifecycle::Event;
use postroom_domain::status::Status;

use crate::contract::StoreHarness;
use crate::contract::desk::{Desk, MANY, sorted};
use crate::contract::letters::{address, delivery, of_tenant, tenant_id, workflow};
use crate::letter::NewDelivery;
use crate::tracker::Search;

/// Every filter narrows the search, all of them together too, and none finds everything.
pub async fn search_finds_what_matches_every_filter<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let sent = desk.enqueue_and_finish(&delivery(), &Event::Accepted).await;
    let mut special = of_tenant("north");
    special.letter.workflow = workflow("password-reset");
    special.letter.recipient = Mailbox::new(None, address("other@example.org")).expect("a valid mailbox");
    special.letter.source_type = Some("invite".to_owned());
    special.letter.source_id = Some("7".to_owned());
    let special = desk.enqueue(&special).await;
    let everything = Search {
        recipient: Some(address("other@example.org")),
        workflow: Some(workflow("password-reset")),
        tenant_id: Some(tenant_id("north")),
        statuses: vec![Status::Queued, Status::Failed],
        source_type: Some("invite".to_owned()),
        source_id: Some("7".to_owned()),
        ..Search::default()
    };
    let one_by_one = [
        Search { recipient: everything.recipient.clone(), ..Search::default() },
        Search { workflow: everything.workflow.clone(), ..Search::default() },
        Search { tenant_id: everything.tenant_id.clone(), ..Search::default() },
        Search { statuses: everything.statuses.clone(), ..Search::default() },
        Search { source_type: everything.source_type.clone(), ..Search::default() },
        Search { source_id: everything.source_id.clone(), ..Search::default() },
    ];
    for search in one_by_one.iter().chain([&everything]) {
        assert_eq!(found(&desk, search).await, std::slice::from_ref(&special), "{search:?}");
    }
    let contradiction = Search { statuses: vec![Status::Sent], ..everything };
    assert!(found(&desk, &contradiction).await.is_empty(), "every part must match");
    let either = Search { statuses: vec![Status::Sent, Status::Queued], ..Search::default() };
    for search in [&Search::default(), &either] {
        assert_eq!(sorted(found(&desk, search).await), sorted(vec![sent.clone(), special.clone()]), "{search:?}");
    }
}

/// The times of a search are those of enqueue: from the first on, and before the second.
pub async fn search_takes_from_as_included_and_until_as_excluded<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let old = desk.enqueue(&delivery()).await;
    harness.advance(Duration::from_hours(1)).await;
    let new = desk.enqueue(&delivery()).await;
    let border = desk.find(&new).await.queued_at;
    let from = Search { from: Some(border), ..Search::default() };
    assert_eq!(found(&desk, &from).await, [new]);
    let until = Search { until: Some(border), ..Search::default() };
    assert_eq!(found(&desk, &until).await, [old]);
}

/// The newest letters come first.
pub async fn search_shows_the_newest_first<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let mut expected = Vec::new();
    for _ in 0..3 {
        expected.insert(0, desk.enqueue(&delivery()).await);
        harness.advance(Duration::from_mins(1)).await;
    }
    assert_eq!(found(&desk, &Search::default()).await, expected);
}

/// Pages neither repeat nor skip a letter that was there from the first page on, though
/// letters of one moment share a time and others come in between; the last page says so.
pub async fn search_pages_neither_repeat_nor_skip<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let mut expected = Vec::new();
    for _ in 0..3 {
        let letters: Vec<NewDelivery> = (0..4).map(|_| delivery()).collect();
        desk.queue.enqueue(&letters).await.expect("the queue takes letters");
        expected.extend(letters.into_iter().map(|new| new.delivery_id));
    }
    let (mut seen, mut after) = (Vec::new(), None);
    for _ in 0..MANY {
        let page = desk.tracker.search(&Search::default(), after.as_ref(), 5).await.expect("the tracker searches");
        assert!(page.deliveries.len() <= 5, "no page is longer than asked for");
        seen.extend(page.deliveries.into_iter().map(|delivery| delivery.delivery_id));
        desk.enqueue(&delivery()).await;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(after, None, "the pages end");
    assert_eq!(seen.iter().filter(|id| expected.contains(id)).count(), 12, "no letter is shown twice");
    seen.sort();
    seen.dedup();
    assert!(expected.iter().all(|id| seen.contains(id)), "no letter is skipped");
}

/// A page that is as long as what is left ends the search: no empty page follows.
pub async fn a_full_last_page_is_the_last<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    for _ in 0..4 {
        desk.enqueue(&delivery()).await;
    }
    let search = Search::default();
    let first = desk.tracker.search(&search, None, 2).await.expect("the tracker searches");
    assert!(first.next.is_some(), "two more letters are there");
    let second = desk.tracker.search(&search, first.next.as_ref(), 2).await.expect("the tracker searches");
    assert_eq!((second.deliveries.len(), second.next), (2, None));
}

async fn found(desk: &Desk, search: &Search) -> Vec<DeliveryId> {
    let page = desk.tracker.search(search, None, MANY).await.expect("the tracker searches");
    assert_eq!(page.next, None, "everything fits on one page");
    page.deliveries.into_iter().map(|delivery| delivery.delivery_id).collect()
}
