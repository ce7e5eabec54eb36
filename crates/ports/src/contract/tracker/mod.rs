//! The rules of a [`DeliveryTracker`](crate::tracker::DeliveryTracker).

mod find;

pub use find::*;
