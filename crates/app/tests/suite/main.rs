//! The use cases over ports in memory: the dispatcher step by step, the worker's loop, the door.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod attachments;
mod dispatcher;
mod door;
mod house;
mod languages;
mod outage;
mod pauses;
mod routes;
mod testing;
mod tokens;
mod worker;
