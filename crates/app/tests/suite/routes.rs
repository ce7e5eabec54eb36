//! Which way a letter goes out, and what it says about leaving.

use std::collections::BTreeMap;
use std::sync::Arc;

use postroom::mailroom::{WorkflowSettings, Workflows};
use postroom::unsubscribe::{OneClick, Unsubscribe};
use postroom_domain::failure::FailureClass;
use postroom_domain::id::{TransportName, Workflow};
use postroom_domain::status::Status;
use postroom_ports::memory::{Answer, CapturingTransport};
use postroom_ports::tracker::DeliveryTracker;
use postroom_ports::transport::MailTransport;

use crate::house::{House, SECOND, delivery, failure, policy};

pub(crate) fn name(text: &str) -> TransportName {
    TransportName::parse(text).unwrap()
}

/// A house with a second way out, and what the workflow `invite` wants of both.
pub(crate) fn two_ways(route: &[&str]) -> (House, Arc<CapturingTransport>) {
    let mut house = House::new(policy());
    let second = Arc::new(CapturingTransport::new(name("second")));
    house.room.transports.push(second.clone() as Arc<dyn MailTransport>);
    want(&mut house, |settings| settings.route = route.iter().map(|text| name(text)).collect());
    (house, second)
}

fn want(house: &mut House, change: impl FnOnce(&mut WorkflowSettings)) {
    let mut settings = house.room.workflows.default.clone();
    change(&mut settings);
    let own = BTreeMap::from([(Workflow::parse("invite").unwrap(), settings)]);
    house.room.workflows = Arc::new(Workflows { own, ..(*house.room.workflows).clone() });
}

#[tokio::test]
async fn a_workflow_s_route_wins_over_the_mailroom_s_order() {
    let (house, second) = two_ways(&["second"]);
    let mut other = delivery("other");
    other.letter.workflow = Workflow::parse("digest").unwrap();
    house.enqueue(delivery("routed")).await;
    house.enqueue(other).await;
    assert_eq!(house.dispatcher().run_once(10).await.unwrap(), 2);
    assert_eq!((second.taken().len(), house.transport.taken().len()), (1, 1));
    assert_eq!(second.taken()[0].delivery_id.as_str(), "routed");
}

#[tokio::test]
async fn a_route_that_rests_makes_its_letters_wait_and_no_others() {
    let (house, second) = two_ways(&["second"]);
    second.otherwise(Answer::Refuse(failure(FailureClass::Misconfigured, "SMTP_535")));
    let first = house.enqueue(delivery("first")).await;
    let dispatcher = house.dispatcher();
    dispatcher.run_once(10).await.unwrap();
    assert_eq!(house.status(&first).await, Status::Retrying);

    let waiting = house.enqueue(delivery("waiting")).await;
    let mut other = delivery("other");
    other.letter.workflow = Workflow::parse("digest").unwrap();
    let other = house.enqueue(other).await;
    dispatcher.run_once(10).await.unwrap();
    assert_eq!(house.status(&other).await, Status::Sent);
    assert_eq!(house.code(&waiting).await.as_deref(), Some("NO_TRANSPORT"));
    let record = DeliveryTracker::find(&house.store, &waiting).await.unwrap().unwrap();
    assert_eq!((record.attempts, record.excused), (1, 1), "it is not the letter's fault");
    assert_eq!(dispatcher.run_once(10).await.unwrap(), 0, "nothing is claimed again and again meanwhile");

    second.otherwise(Answer::Accept);
    house.clock.advance(400 * SECOND);
    dispatcher.run_once(10).await.unwrap();
    assert_eq!(house.status(&waiting).await, Status::Sent);
}

#[tokio::test]
async fn a_route_names_the_next_way_where_the_first_rests() {
    let (house, second) = two_ways(&["second", "smtp"]);
    second.otherwise(Answer::Refuse(failure(FailureClass::Misconfigured, "HTTP_401")));
    let diverted = house.enqueue(delivery("diverted")).await;
    let dispatcher = house.dispatcher();
    dispatcher.run_once(10).await.unwrap();
    let other = house.enqueue(delivery("other")).await;
    assert_eq!(dispatcher.run_once(10).await.unwrap(), 2, "nobody waits");
    for id in [&diverted, &other] {
        assert_eq!(house.status(id).await, Status::Sent);
    }
    assert_eq!(house.transport.taken().len(), 2);
    // The history names both ways, and that the first led to the second.
    let history = house.store.history(&diverted).await.unwrap();
    let turned = history.iter().find(|event| event.status == Status::Retrying).unwrap();
    assert_eq!((turned.payload["transport"].as_str(), turned.payload["next"].as_str()), (Some("second"), Some("smtp")));
    assert_eq!(history.last().unwrap().payload["transport"], "smtp");
    let record = DeliveryTracker::find(&house.store, &diverted).await.unwrap().unwrap();
    assert_eq!((record.attempts, record.excused), (2, 1));
}

#[tokio::test]
async fn no_letter_takes_another_way_while_its_provider_may_have_it_or_has_refused_it() {
    for (class, status) in [(FailureClass::InDoubt, Status::InDoubt), (FailureClass::Rejected, Status::Failed)] {
        let (house, second) = two_ways(&["second", "smtp"]);
        second.otherwise(Answer::Refuse(failure(class, "AS_SCRIPTED")));
        let dispatcher = house.dispatcher();
        for number in 0..4 {
            let id = house.enqueue(delivery(&format!("letter-{number}"))).await;
            dispatcher.run_once(10).await.unwrap();
            if number < 3 {
                assert_eq!(house.status(&id).await, status);
            }
        }
        // Three unanswered letters in a row close a way; new letters go by the other.
        let turned = usize::from(class == FailureClass::InDoubt);
        assert_eq!(house.transport.taken().len(), turned, "{class:?}");
    }
}

#[tokio::test]
async fn letters_return_to_the_first_way_once_one_of_them_finds_it_open() {
    let (house, second) = two_ways(&["second", "smtp"]);
    second.otherwise(Answer::Refuse(failure(FailureClass::Misconfigured, "HTTP_401")));
    house.enqueue(delivery("first")).await;
    let dispatcher = house.dispatcher();
    dispatcher.run_once(10).await.unwrap();
    second.otherwise(Answer::Accept);
    house.clock.advance(61 * SECOND);
    house.enqueue(delivery("second")).await;
    dispatcher.run_once(10).await.unwrap();
    assert_eq!((second.taken().len(), house.transport.taken().len()), (1, 1), "one finds out, the other does not wait");
    house.enqueue(delivery("third")).await;
    dispatcher.run_once(10).await.unwrap();
    assert_eq!(second.taken().len(), 2);
}

#[tokio::test]
async fn a_letter_says_where_to_leave_where_its_workflow_does() {
    let mut house = House::new(policy());
    let leave = Unsubscribe::new("https://app.example.org/leave?letter={delivery_id}", OneClick::Yes).unwrap();
    want(&mut house, |settings| settings.unsubscribe = Some(leave));
    let id = house.enqueue(delivery("digest-7")).await;
    house.dispatcher().run_once(10).await.unwrap();
    assert_eq!(house.status(&id).await, Status::Sent);
    let sent = String::from_utf8(house.transport.taken().remove(0).letter.bytes).unwrap();
    assert!(sent.contains("List-Unsubscribe: <https://app.example.org/leave?letter=digest-7>"), "{sent}");
    assert!(sent.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"), "{sent}");
}
