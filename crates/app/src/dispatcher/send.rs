//! The one step that talks to the world.

use postroom_domain::lifecycle::Event;
use postroom_ports::transport::Outgoing;
use serde_json::{Map, Value};

use super::{Dispatcher, Outcome, Parcel};

impl Dispatcher {
    /// Hands one parcel over and says what happened. It never fails: whatever the transport
    /// answers is an outcome.
    pub async fn send(&self, parcel: Parcel) -> Outcome {
        let Parcel { claim, frozen, transport, time } = parcel;
        let began = self.room.clock.elapsed();
        let outgoing = Outgoing { delivery_id: &claim.fence.delivery_id, letter: &frozen };
        let answer = transport.send(outgoing).await;
        let took = self.room.clock.elapsed().saturating_sub(began);

        let mut payload = Map::new();
        payload.insert("transport".to_owned(), Value::from(transport.name().as_str()));
        payload.insert("took_ms".to_owned(), Value::from(u64::try_from(took.as_millis()).unwrap_or(u64::MAX)));
        let (event, receipt) = match answer {
            Ok(receipt) => {
                payload.insert("reply".to_owned(), Value::from(receipt.detail.as_str()));
                (Event::Accepted, receipt.provider_message_id)
            }
            Err(failure) => (Event::Failed(failure), None),
        };
        Outcome { claim, event, transport: Some(transport.name()), receipt, payload, time }
    }
}
