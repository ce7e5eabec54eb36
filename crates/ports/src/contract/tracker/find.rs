//! Where is it, and what happened to it?

use crate::contract::StoreHarness;
use crate::contract::desk::Desk;
use crate::contract::letters::delivery_id;

/// A letter that nobody enqueued has no record and no history; that is an answer, no error.
pub async fn find_knows_nothing_of_an_unknown_letter<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let nobody = delivery_id("nobody-knows-me");
    assert_eq!(desk.tracker.find(&nobody).await.expect("not found is no failure"), None);
    assert!(desk.history(&nobody).await.is_empty());
}
