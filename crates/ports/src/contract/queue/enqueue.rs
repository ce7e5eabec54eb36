//! How letters come in.

use std::sync::Arc;
use std::time::Duration;

use postroom_domain::address::Mailbox;
use postroom_domain::attachment::{ATTACHMENT_COUNT_LIMIT, Placement};
use postroom_domain::letter::{HeaderField, Subject};
use postroom_domain::lifecycle::{DeliveryState, Event};
use postroom_domain::status::Status;
use postroom_domain::time::Timestamp;
use serde_json::json;

use crate::contract::StoreHarness;
use crate::contract::desk::{Desk, KEEP};
use crate::contract::letters::{address, attachment, delivery, delivery_id, keyed, locale, of_tenant, tenant_id};
use crate::letter::{Data, Letter, NewDelivery};
use crate::queue::{Content, Enqueued, Retention};

/// A new letter is due at once, unrendered, and comes back from a claim as it was handed in.
pub async fn a_new_letter_is_stored_as_it_was_handed_in<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let new = NewDelivery { max_attempts: Some(7), ..delivery() };
    let id = desk.enqueue(&new).await;
    assert_eq!(id, new.delivery_id, "the caller's id is the letter's id");
    assert_eq!(desk.status(&id).await, Status::Queued);
    let claim = desk.claim_one().await;
    assert_eq!(claim.letter, new.letter);
    assert_eq!(claim.content, Content::Fresh, "nothing is rendered yet");
    assert_eq!(claim.provider, None, "no transport had it yet");
    assert_eq!(claim.state.max_attempts, Some(7));
    let age_from = claim.state.age_from;
    assert_eq!(age_from, claim.queued_at, "the age of a letter that is due at once counts from enqueue");
    let fresh = DeliveryState { max_attempts: Some(7), ..DeliveryState::queued(age_from) };
    let claimed = DeliveryState { status: Status::InProgress, attempts: 1, ..fresh };
    assert_eq!(claim.state, claimed);
}

/// A batch has one answer per letter, in its order, and an empty batch has none.
pub async fn every_letter_of_a_batch_has_its_own_answer<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let letters = [delivery(), delivery(), delivery()];
    let answers = desk.queue.enqueue(&letters).await.expect("the queue takes letters");
    let expected: Vec<Enqueued> = letters.iter().map(|new| Enqueued::New(new.delivery_id.clone())).collect();
    assert_eq!(answers, expected);
    assert!(desk.queue.enqueue(&[]).await.expect("nothing is nothing wrong").is_empty());
    assert_eq!(desk.count().await, 3);
}

/// The same key with the same content is the same letter: the first one's id, nothing stored.
pub async fn enqueue_same_key_twice_returns_the_first_id<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let first = desk.enqueue(&keyed("order-1")).await;
    assert_eq!(desk.enqueued(&keyed("order-1")).await, Enqueued::Existing(first));
    assert_eq!(desk.count().await, 1, "a repeated letter is not stored");
    desk.claim_one().await;
}

/// The same key with other content is refused by the field's name, and nothing is stored.
pub async fn the_same_key_with_other_content_is_refused<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    desk.enqueue(&keyed("order-1")).await;
    let mut other = keyed("order-1");
    other.letter.data.insert("name".to_owned(), json!("Someone else"));
    refused(desk.enqueued(&other).await, "idempotency_key");
    assert_eq!(desk.count().await, 1, "a refused letter leaves nothing behind");
}

/// A key names the letter with its language: the same words in another one are another letter.
pub async fn the_same_key_in_another_language_is_refused<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let in_language = |tag: Option<&str>| {
        let mut new = keyed("order-1");
        new.letter.locale = tag.map(locale);
        new
    };
    let first = desk.enqueue(&in_language(Some("de"))).await;
    for other in [None, Some("de-at")] {
        refused(desk.enqueued(&in_language(other)).await, "idempotency_key");
    }
    assert_eq!(desk.enqueued(&in_language(Some("de"))).await, Enqueued::Existing(first));
}

/// What [`NewDelivery::check`] finds is refused by its field, and nothing of it is stored, no key
/// either; its neighbours are.
pub async fn a_letter_that_fails_its_own_check_is_refused_by_field<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let file = attachment("a.txt", "text/plain", Placement::Beside, b"a".to_vec());
    let many = NewDelivery { attachments: vec![file; ATTACHMENT_COUNT_LIMIT + 1], ..keyed("order-1") };
    let never = NewDelivery { max_attempts: Some(0), ..keyed("order-2") };
    // No column holds it, so no store may try.
    let late = NewDelivery { due_at: Some(Timestamp::STORABLE.end), ..keyed("order-3") };
    let early = NewDelivery { expires_at: Some(Timestamp::from_micros(i64::MIN)), ..keyed("order-4") };
    let mut forged = keyed("order-5");
    forged.letter.source_id = Some("\u{202e}7".to_owned());
    let batch = [many, delivery(), never, late, early, forged];
    let answers = desk.queue.enqueue(&batch).await.expect("the queue takes letters");
    let [many, good, never, late, early, forged] = answers.try_into().expect("each letter has its answer");
    refused(many, "attachments");
    refused(never, "max_attempts");
    refused(late, "due_at");
    refused(early, "expires_at");
    refused(forged, "source_id");
    assert!(matches!(good, Enqueued::New(_)));
    assert_eq!(desk.count().await, 1);
    desk.enqueue(&keyed("order-1")).await;
}

/// One key of two tenants, or of a tenant and of nobody, names different letters.
pub async fn keys_of_different_tenants_do_not_meet<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    for tenant in [None, Some("north"), Some("south")] {
        let mut new = keyed("order-1");
        new.letter.tenant_id = tenant.map(tenant_id);
        desk.enqueue(&new).await;
    }
    assert_eq!(desk.count().await, 3);
}

/// A delivery id is taken once: the second letter is refused, and the first stays as it is.
pub async fn a_taken_delivery_id_is_refused_and_leaves_the_first_untouched<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let first = delivery();
    let id = desk.enqueue(&first).await;
    let before = desk.find(&id).await;
    let mut second = keyed("order-1");
    second.delivery_id = id.clone();
    second.letter.data.insert("name".to_owned(), json!("Someone else"));
    refused(desk.enqueued(&second).await, "delivery_id");
    assert_eq!(desk.find(&id).await, before, "the first letter's record is untouched");
    assert_eq!(desk.claim_one().await.letter, first.letter);
    let later = keyed("order-1");
    assert_eq!(
        desk.enqueued(&later).await,
        Enqueued::New(later.delivery_id.clone()),
        "a refused letter leaves no key behind"
    );
}

/// Letters of one batch stand on their own: a refusal of one does not touch the others.
pub async fn one_bad_letter_in_a_batch_does_not_touch_the_others<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let taken = desk.enqueue(&delivery()).await;
    let bad = NewDelivery { delivery_id: taken, ..delivery() };
    let letters = [delivery(), bad, delivery()];
    let answers = desk.queue.enqueue(&letters).await.expect("the queue takes letters");
    assert_eq!(answers.len(), 3, "each letter has its answer");
    assert_eq!(answers.first(), Some(&Enqueued::New(letters[0].delivery_id.clone())));
    refused(answers[1].clone(), "delivery_id");
    assert_eq!(answers.last(), Some(&Enqueued::New(letters[2].delivery_id.clone())));
    assert_eq!(desk.count().await, 3);
}

/// Letters that share a key inside one batch come one after the other: the first is stored,
/// the second is its repetition, the third, with other content, is refused.
pub async fn the_same_key_twice_in_one_batch_is_one_letter<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let (first, second, mut third) = (keyed("order-1"), keyed("order-1"), keyed("order-1"));
    third.letter.data.insert("name".to_owned(), json!("Someone else"));
    let first_id = first.delivery_id.clone();
    let answers = desk.queue.enqueue(&[first, second, third]).await.expect("the queue takes letters");
    assert_eq!(answers[..2], [Enqueued::New(first_id.clone()), Enqueued::Existing(first_id)]);
    refused(answers[2].clone(), "idempotency_key");
    assert_eq!(desk.count().await, 1);
}

/// Callers that enqueue one key at the same moment get one letter, and all get its id.
pub async fn one_key_from_many_callers_at_once_is_one_letter<H: StoreHarness>(harness: &H) {
    let desk = Arc::new(Desk::open(harness).await);
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let desk = Arc::clone(&desk);
            tokio::spawn(async move { desk.enqueued(&keyed("order-1")).await })
        })
        .collect();
    let (mut new, mut named) = (0, Vec::new());
    for caller in callers {
        match caller.await.expect("a caller ends") {
            Enqueued::New(id) => {
                new += 1;
                named.push(id);
            }
            Enqueued::Existing(id) => named.push(id),
            Enqueued::Refused(invalid) => panic!("the same content is no conflict: {invalid}"),
        }
    }
    named.dedup();
    assert_eq!((new, named.len()), (1, 1), "one letter is stored and everybody is told its id");
    assert_eq!(desk.count().await, 1);
}

/// A key names its letter for 24 hours, final or not; then it is forgotten, and not before.
pub async fn an_idempotency_key_is_forgotten_after_24_hours<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let first = desk.enqueue_and_finish(&keyed("order-1"), &Event::Accepted).await;
    harness.advance(Duration::from_hours(23)).await;
    let early = desk.queue.sweep(KEEP, 10).await.expect("the queue sweeps");
    assert_eq!(early.keys, 0, "a key lives for 24 hours");
    assert_eq!(desk.enqueued(&keyed("order-1")).await, Enqueued::Existing(first));
    harness.advance(Duration::from_hours(2)).await;
    let late = desk.queue.sweep(KEEP, 10).await.expect("the queue sweeps");
    assert_eq!(late.keys, 1, "after that it is forgotten");
    desk.enqueue(&keyed("order-1")).await;
}

/// Text in any script, nothing at all, and everything that is optional come back unchanged.
pub async fn unicode_and_empty_fields_survive<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let mut full = of_tenant("mieter-äöü-北京");
    let letter = &mut full.letter;
    letter.recipient = Mailbox::new(Some("Пётр \u{1F4EC} O'Brien"), address("пётр@example.org")).expect("a valid name");
    letter.data = Data::from_iter([
        ("пусто".to_owned(), json!("")),
        ("nothing".to_owned(), json!(null)),
        (
            "deep".to_owned(),
            json!({"list": [1, -2.5, 9_007_199_254_740_993_i64, true, {}], "quote": "'\"\\ \u{1F9FE}"}),
        ),
    ]);
    letter.locale = Some(locale("pt-BR"));
    letter.subject = Subject::parse("Ünïcode 🎉").ok();
    letter.reply_to = Some(address("answers@example.com"));
    letter.headers = vec![HeaderField::new("X-Tag", "весна").expect("a valid header")];
    letter.source_type = Some("приглашение".to_owned());
    letter.source_id = Some("№ 7".to_owned());
    letter.metadata = Data::from_iter([("ключ".to_owned(), json!(["значение", ""]))]);
    let id = desk.enqueue(&full).await;
    let claim = desk.claim_one().await;
    assert!(claim.letter == full.letter, "the letter comes back as it went in");
    let seen = desk.find(&id).await;
    assert_eq!(seen.recipient, *full.letter.recipient.address());
    assert_eq!(seen.metadata, full.letter.metadata);
    assert_eq!((seen.source_type, seen.source_id), (full.letter.source_type, full.letter.source_id));
    let bare = NewDelivery::now(delivery_id("№ 8 🎉"), Letter { data: Data::new(), ..delivery().letter });
    desk.enqueue(&bare).await;
    assert!(desk.claim_one().await.letter == bare.letter, "empty data stay empty");
}

/// Due time and expiry are kept to the microsecond, and so are both in the letter's state.
pub async fn timestamps_round_trip_exactly<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let whole = desk.now().await.as_micros() / 1_000_000 * 1_000_000;
    let due_at = Timestamp::from_micros(whole - 3_600_000_000 + 123_457);
    let expires_at = Timestamp::from_micros(whole + 3_600_000_000 + 999_999);
    let new = NewDelivery { due_at: Some(due_at), expires_at: Some(expires_at), ..delivery() };
    let id = desk.enqueue(&new).await;
    let seen = desk.find(&id).await;
    assert_eq!((seen.due_at, seen.expires_at), (Some(due_at), Some(expires_at)));
    let claim = desk.claim_one().await;
    assert_eq!(claim.state.expires_at, Some(expires_at));
    assert_eq!(claim.queued_at, seen.queued_at, "the claim and the record say the same time");
    assert_eq!(claim.state.age_from, seen.queued_at, "a due time in the past makes no letter older");
}

/// Once a letter's content is forgotten, its key still names it, and nothing is compared.
pub async fn a_key_outlives_the_content_of_its_letter<H: StoreHarness>(harness: &H) {
    let desk = Desk::open(harness).await;
    let first = desk.enqueue_and_finish(&keyed("order-1"), &Event::Accepted).await;
    harness.advance(Duration::from_hours(2)).await;
    let retention = Retention { payloads: Duration::from_hours(1), ..KEEP };
    assert_eq!(desk.queue.sweep(retention, 10).await.expect("the queue sweeps").payloads, 1);
    let mut other = keyed("order-1");
    other.letter.data.insert("name".to_owned(), json!("Someone else"));
    assert_eq!(desk.enqueued(&other).await, Enqueued::Existing(first));
}

fn refused(answer: Enqueued, field: &str) {
    match answer {
        Enqueued::Refused(invalid) => assert_eq!(invalid.field, field),
        other => panic!("the letter is refused, but the answer was {other:?}"),
    }
}
