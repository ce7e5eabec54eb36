//! Rows into values. What does not decode is said by table, column and letter, never by value.

mod record;
mod taken;

use postroom_domain::feedback::Feedback;
use postroom_domain::lifecycle::DeliveryState;
use postroom_domain::status::{Stage, Status};
use postroom_domain::time::Timestamp;
use postroom_ports::error::PortError;
use serde::de::DeserializeOwned;

pub(crate) use record::{DeliveryRow, EventRow};
pub(crate) use taken::TakenRow;

/// Where a value stands, for the error that says so.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) operation: &'static str,
    pub(crate) table: &'a str,
    pub(crate) row: &'a str,
}

impl Place<'_> {
    pub(crate) fn corrupt(self, column: &str) -> PortError {
        PortError::corrupt(self.operation, self.table, column, self.row)
    }

    pub(crate) fn some<T>(self, column: &str, value: Option<T>) -> Result<T, PortError> {
        value.ok_or_else(|| self.corrupt(column))
    }

    pub(crate) fn parsed<T, E>(self, column: &str, value: Result<T, E>) -> Result<T, PortError> {
        value.map_err(|_| self.corrupt(column))
    }

    fn maybe<T, E>(
        self,
        column: &str,
        value: Option<String>,
        parse: impl Fn(String) -> Result<T, E>,
    ) -> Result<Option<T>, PortError> {
        value.map(parse).transpose().map_err(|_| self.corrupt(column))
    }

    fn json<T: DeserializeOwned>(self, column: &str, text: &str) -> Result<T, PortError> {
        self.parsed(column, serde_json::from_str(text))
    }
}

/// The columns of `queries/deliveries/state.sql`.
pub(crate) struct StateRow {
    pub(crate) seq: i64,
    pub(crate) workflow: String,
    pub(crate) status: String,
    pub(crate) stage: String,
    pub(crate) attempts: i64,
    pub(crate) excused: i64,
    pub(crate) crashes: i64,
    pub(crate) feedback: String,
    pub(crate) max_attempts: Option<i64>,
    pub(crate) age_from: i64,
    pub(crate) expires_at: Option<i64>,
}

impl StateRow {
    pub(crate) fn decode(&self, at: Place<'_>) -> Result<DeliveryState, PortError> {
        let number = |column, value: i64| at.parsed(column, u32::try_from(value));
        Ok(DeliveryState {
            status: at.some("status", Status::parse(&self.status))?,
            stage: at.some("stage", Stage::parse(&self.stage))?,
            attempts: number("attempts", self.attempts)?,
            excused: number("excused", self.excused)?,
            crashes: number("crashes", self.crashes)?,
            feedback: at.some("feedback", Feedback::parse(&self.feedback))?,
            max_attempts: self.max_attempts.map(|value| number("max_attempts", value)).transpose()?,
            age_from: Timestamp::from_micros(self.age_from),
            expires_at: self.expires_at.map(Timestamp::from_micros),
        })
    }
}
