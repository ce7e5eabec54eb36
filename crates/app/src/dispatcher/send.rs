//! The one step that talks to the world.

use std::time::Duration;

use postroom_domain::failure::{Code, Failure, FailureClass};
use postroom_domain::id::TransportName;
use postroom_domain::lifecycle::{Alarm, Event};
use postroom_ports::queue::Claim;
use postroom_ports::transport::Outgoing;
use serde_json::{Map, Value};

use super::{Dispatcher, Outcome, Parcel};
use crate::faults::{self, Point};
use crate::health::{Change, Sign, Slot, sign_of};

impl Dispatcher {
    /// Hands one parcel over and says what happened. It never fails: whatever the transport
    /// answers is an outcome. A parcel whose way out has come into trouble meanwhile goes back
    /// untouched.
    pub async fn send(&self, parcel: Parcel) -> Outcome {
        let Parcel { claim, frozen, transport, slot, time } = parcel;
        if slot.is_too_late() {
            return Outcome::of(claim, Event::GivenBack, time);
        }
        let name = transport.name();
        let began = self.room.clock.elapsed();
        let outgoing = Outgoing { delivery_id: &claim.fence.delivery_id, letter: &frozen };
        faults::pass(Point::Handover);
        let answer = transport.send(outgoing).await;
        faults::pass(Point::Answered);
        let took = self.room.clock.elapsed().saturating_sub(began);

        let mut payload = Map::new();
        payload.insert("transport".to_owned(), Value::from(name.as_str()));
        payload.insert("template_version".to_owned(), Value::from(frozen.template_version.as_str()));
        payload.extend(frozen.locale.as_ref().map(|locale| ("locale".to_owned(), Value::from(locale.as_str()))));
        payload.insert("took_ms".to_owned(), Value::from(millis(took)));
        self.examine(slot, answer.as_ref().err(), &claim, &name).await;
        let (event, receipt) = match answer {
            Ok(receipt) => {
                payload.insert("reply".to_owned(), Value::from(receipt.detail.as_str()));
                (Event::Accepted, receipt.provider_message_id)
            }
            Err(failure) => {
                match self.detour(&claim.letter.workflow, &name).filter(|_| self.turns_away(&failure, &name)) {
                    Some(next) => {
                        payload.insert("next".to_owned(), Value::from(next.as_str()));
                        (Event::Diverted(failure), None)
                    }
                    None => (Event::Failed(failure), None),
                }
            }
        };
        Outcome { claim, event, transport: Some(name), receipt, payload, time }
    }

    /// Whether this answer closes its way out to the letter, and another one may be tried.
    fn turns_away(&self, failure: &Failure, transport: &TransportName) -> bool {
        failure.class.may_fail_over() && self.health.is_troubled(transport)
    }

    /// What the answer says about the way out; people hear of it when that changes.
    async fn examine(&self, slot: Slot, failure: Option<&Failure>, claim: &Claim, transport: &TransportName) {
        let sign = failure.map_or(Sign::Well, |failure| sign_of(failure, self.limits.pause));
        match slot.end(sign, self.room.clock.elapsed(), self.room.chance.jitter()) {
            Change::None => {}
            Change::Reopened(after) => {
                tracing::info!(%transport, after_s = after.as_secs(), "the transport works again; letters come back slowly");
            }
            Change::Closed => {
                let code = failure.map(|failure| failure.code.clone());
                let next = self.detour(&claim.letter.workflow, transport);
                let next = next.as_ref().map_or("none", TransportName::as_str);
                let shown = code.as_ref().map_or("", Code::as_str);
                let misconfigured = failure.is_some_and(|failure| failure.class == FailureClass::Misconfigured);
                if misconfigured {
                    tracing::error!(%transport, code = shown, next, "the transport refuses every letter until somebody mends it");
                } else {
                    tracing::error!(%transport, code = shown, next, "the transport is in trouble; one letter at a time tries it again");
                }
                let alarm = if misconfigured { Alarm::Misconfigured } else { Alarm::Outage };
                self.alert(alarm, claim, Some(transport.clone()), code).await;
            }
        }
    }
}

fn millis(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}
