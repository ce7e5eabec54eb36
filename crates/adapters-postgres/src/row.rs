//! Rows of the store, and the letters they are.

mod claimed;
mod delivery;

use jiff_sqlx::Timestamp as Stored;
use postroom_domain::feedback::Feedback;
use postroom_domain::lifecycle::DeliveryState;
use postroom_domain::status::{Stage, Status};
use postroom_domain::time::Timestamp;
use postroom_ports::letter::Data;
use serde_json::Value;

pub(crate) use claimed::ClaimedRow;
pub(crate) use delivery::DeliveryRow;

/// A column that does not decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Undecodable(pub(crate) &'static str);

/// The domain's time of a stored one.
pub(crate) fn time(stored: Stored) -> Timestamp {
    Timestamp::from_micros(stored.to_jiff().as_microsecond())
}

/// A time to store; what lies beyond the year 9999 becomes its end.
pub(crate) fn stored(time: Timestamp) -> Stored {
    let end = if time < Timestamp::EPOCH { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    jiff::Timestamp::from_microsecond(time.as_micros()).unwrap_or(end).into()
}

/// Microseconds, for statements that add them to the store's own `now()`.
pub(crate) fn micros(duration: std::time::Duration) -> i64 {
    // A century is for ever, and `now()` plus it is still a time.
    const MOST: i64 = 100 * 366 * 24 * 3600 * 1_000_000;
    i64::try_from(duration.as_micros()).map_or(MOST, |micros| micros.min(MOST))
}

/// A count that a CHECK keeps from being negative.
pub(crate) fn count(stored: i32) -> u32 {
    u32::try_from(stored).unwrap_or(0)
}

/// Text that was parsed when it came in.
pub(crate) fn text<T, E>(
    column: &'static str,
    value: String,
    parse: fn(String) -> Result<T, E>,
) -> Result<T, Undecodable> {
    parse(value).map_err(|_| Undecodable(column))
}

/// A JSON object.
pub(crate) fn object(column: &'static str, value: Value) -> Result<Data, Undecodable> {
    match value {
        Value::Object(fields) => Ok(fields),
        _ => Err(Undecodable(column)),
    }
}

/// The columns that a letter's lifecycle depends on.
#[derive(Debug)]
pub(crate) struct StateColumns<'a> {
    pub(crate) status: &'a str,
    pub(crate) stage: &'a str,
    pub(crate) attempts: i32,
    pub(crate) excused: i32,
    pub(crate) crashes: i32,
    pub(crate) feedback: &'a str,
    pub(crate) max_attempts: Option<i32>,
    pub(crate) age_from: Stored,
    pub(crate) expires_at: Option<Stored>,
}

impl StateColumns<'_> {
    pub(crate) fn decode(&self) -> Result<DeliveryState, Undecodable> {
        Ok(DeliveryState {
            status: Status::parse(self.status).ok_or(Undecodable("status"))?,
            stage: Stage::parse(self.stage).ok_or(Undecodable("stage"))?,
            attempts: count(self.attempts),
            excused: count(self.excused),
            crashes: count(self.crashes),
            feedback: Feedback::parse(self.feedback).ok_or(Undecodable("feedback"))?,
            max_attempts: self.max_attempts.map(count),
            age_from: time(self.age_from),
            expires_at: self.expires_at.map(time),
        })
    }
}
