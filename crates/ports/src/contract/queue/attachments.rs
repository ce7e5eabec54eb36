//! Files that travel with a letter, from the door until it is frozen.

use std::time::Duration;

use postroom_domain::attachment::Placement;
use postroom_domain::failure::{Code, Failure, FailureClass};
use postroom_domain::lifecycle::{DeliveryState, Event};
use postroom_domain::status::Stage;

use crate::contract::StoreHarness;
use crate::contract::desk::{Desk, PAST_LEASE};
use crate::contract::letters::{attachment, deferred, delivery, frozen, idempotency_key, with_attachments};
use crate::letter::NewDelivery;
use crate::queue::{Changed, Enqueued, Fenced};

/// A claim says how many attachments its letter has, and its holder gets them in their order,
/// with their names, types, places and bytes; those of each letter apart.
pub async fn attachments_come_back_as_they_were_handed_in<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let ten = (0..10).map(|n| attachment(&format!("{n}.txt"), "text/plain", Placement::Beside, vec![n])).collect();
    let letters = [with_attachments(), delivery(), NewDelivery { attachments: ten, ..delivery() }];
    for new in &letters {
        desk.enqueue(new).await;
    }
    let claims = desk.claim().await.claims;
    assert_eq!(claims.len(), letters.len());
    for claim in claims {
        let new = letters.iter().find(|new| new.delivery_id == claim.fence.delivery_id).expect("it was enqueued");
        assert_eq!(usize::try_from(claim.attachments).ok(), Some(new.attachments.len()), "the claim counts them");
        assert!(desk.attachments(&claim.fence).await == new.attachments, "they come back as they went in");
    }
}

/// Whoever lost a claim gets none of the letter's attachments; the new holder gets them all.
pub async fn attachments_are_for_the_holder_of_the_claim_alone<H: StoreHarness>(harness: &H) {
    let (slow, quick) = (Desk::open(harness).await, Desk::open(harness).await);
    let new = with_attachments();
    slow.enqueue(&new).await;
    let lost = slow.claim_one().await;
    harness.advance(PAST_LEASE).await;
    let taken = quick.lapsed_one().await;
    assert!(slow.attachments(&lost.fence).await.is_empty(), "a lost claim opens nothing");
    assert!(quick.attachments(&taken.fence).await == new.attachments);
    assert_eq!(taken.attachments, 2);
}

/// A frozen letter holds its attachments in its bytes: they are stored once. A claim goes on
/// counting them.
pub async fn attachments_are_gone_once_the_letter_is_frozen<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let id = desk.enqueue(&with_attachments()).await;
    let first = desk.claim_one().await;
    assert_eq!(desk.ready(&first.fence, Some(frozen(&id))).await, Fenced::Done);
    assert!(desk.attachments(&first.fence).await.is_empty(), "the frozen bytes hold them now");
    let state = DeliveryState { stage: Stage::Handover, ..first.state };
    desk.conclude(&first.fence, &state, &deferred()).await;
    harness.advance(Duration::from_mins(10)).await;
    let second = desk.claim_one().await;
    assert!(desk.attachments(&second.fence).await.is_empty());
    assert_eq!(second.attachments, 2, "the letter still has two");
}

/// A letter that was never frozen keeps its attachments, also when it failed for good and is put
/// back.
pub async fn a_redriven_letter_without_bytes_has_its_attachments<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let new = with_attachments();
    let id = desk.enqueue(&new).await;
    let claim = desk.claim_one().await;
    let broken = Event::Failed(Failure::new(FailureClass::Rejected, Code::TEMPLATE, "data.name: missing"));
    desk.conclude(&claim.fence, &claim.state, &broken).await;
    assert!(matches!(desk.redrive(&id).await, Changed::Done(_)));
    let again = desk.claim_one().await;
    assert_eq!(again.attachments, 2);
    assert!(desk.attachments(&again.fence).await == new.attachments);
}

/// A key names the letter with its attachments, down to the last byte, their names and their
/// order, before it is frozen and after.
pub async fn the_same_key_with_other_attachments_is_refused<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let key = Some(idempotency_key("order-1"));
    let first = NewDelivery { idempotency_key: key.clone(), ..with_attachments() };
    let id = desk.enqueue(&first).await;
    let [file, image] = [&first.attachments[0], &first.attachments[1]].map(Clone::clone);
    let mut bytes = file.bytes().to_vec();
    bytes[2999] ^= 1;
    let altered = attachment(file.filename(), file.content_type(), file.placement().clone(), bytes);
    let renamed = attachment("other.pdf", file.content_type(), file.placement().clone(), file.bytes().to_vec());
    let beside = attachment(image.filename(), image.content_type(), Placement::Beside, Vec::new());
    let others = [
        vec![altered, image.clone()],
        vec![renamed, image.clone()],
        vec![file.clone(), beside],
        vec![image.clone(), file.clone()],
        vec![file],
        Vec::new(),
    ];
    let claim = desk.claim_one().await;
    for step in ["before it is frozen", "after"] {
        for attachments in others.clone() {
            let other = NewDelivery { attachments, idempotency_key: key.clone(), ..delivery() };
            match desk.enqueued(&other).await {
                Enqueued::Refused(invalid) => assert_eq!(invalid.field, "idempotency_key", "{step}"),
                answer => panic!("other attachments are another letter {step}, but the answer was {answer:?}"),
            }
        }
        let same = NewDelivery { idempotency_key: key.clone(), ..with_attachments() };
        assert_eq!(desk.enqueued(&same).await, Enqueued::Existing(id.clone()), "{step}");
        assert_eq!(desk.ready(&claim.fence, Some(frozen(&id))).await, Fenced::Done);
    }
    assert_eq!(desk.count().await, 1);
}
