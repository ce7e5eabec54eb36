//! The rules of a [`DeliveryTracker`](crate::tracker::DeliveryTracker).

mod find;
mod reports;
mod search;

pub use find::*;
pub use reports::*;
pub use search::*;
