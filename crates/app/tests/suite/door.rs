//! The door that checks before it takes.

use std::sync::Arc;

use postroom::accept::{Door, Receipt};
use postroom::fields::Fields;
use postroom::requests::Requests;
use postroom_domain::status::Status;
use postroom_ports::contract::letters::delivery_id;
use postroom_ports::queue::{Changed, DeliveryQueue, MockDeliveryQueue};
use serde_json::json;

use crate::house::{House, policy};

fn fields(data: &serde_json::Value, key: Option<&str>) -> Fields {
    let letter = json!({ "workflow": "invite", "template": "greeting", "recipient": "a@example.org", "data": data, "idempotency_key": key });
    Fields::from_object(letter.as_object().unwrap().clone()).unwrap()
}

fn door(house: &House, queue: Arc<dyn DeliveryQueue>) -> Door {
    Door::new(queue, house.room.renderer.clone(), house.room.chance.clone())
}

#[tokio::test]
async fn a_missing_variable_is_refused_by_name_and_the_good_letters_stand() {
    let house = House::new(policy());
    let good = json!({ "name": "Someone" });
    let letters = vec![fields(&good, None), fields(&json!({}), None), fields(&good, None)];
    let answers = door(&house, house.room.queue.clone()).accept(letters).await.unwrap();
    assert_eq!(answers[1].as_ref().unwrap_err().field, "data.name");
    for answer in [&answers[0], &answers[2]] {
        assert_eq!(house.status(answer.as_ref().unwrap().id()).await, Status::Queued);
    }
}

#[tokio::test]
async fn a_key_handed_in_twice_is_one_letter() {
    let house = House::new(policy());
    let letter = fields(&json!({ "name": "Someone" }), Some("once"));
    let answers = door(&house, house.room.queue.clone()).accept(vec![letter.clone(), letter]).await.unwrap();
    let first = answers[0].as_ref().unwrap().id().clone();
    assert_eq!(answers, [Ok(Receipt::New(first.clone())), Ok(Receipt::Existing(first))]);
}

#[tokio::test]
async fn a_batch_without_a_good_letter_never_reaches_the_store() {
    let house = House::new(policy());
    let mut queue = MockDeliveryQueue::new();
    queue.expect_enqueue().never();
    let answers = door(&house, Arc::new(queue)).accept(vec![fields(&json!({}), None)]).await.unwrap();
    assert!(answers[0].is_err());
}

#[tokio::test]
async fn the_observer_hears_of_a_letter_that_is_called_off() {
    let house = House::new(policy());
    let id = house.enqueue(crate::house::delivery("off")).await;
    let requests = Requests::new(house.room.queue.clone(), house.observer.clone());
    let ids = [id, delivery_id("nobody-knows-me")];
    assert!(matches!(requests.cancel(&ids).await.unwrap()[..], [Changed::Done(_), Changed::Unknown]));
    let late = requests.cancel(&ids).await.unwrap();
    assert_eq!(late, [Changed::Not(Status::Cancelled), Changed::Unknown]);
    let heard = house.observer.committed();
    assert_eq!((heard.len(), heard[0].1.next.status), (1, Status::Cancelled));
}
