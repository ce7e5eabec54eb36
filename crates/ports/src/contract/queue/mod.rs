//! The rules of a [`DeliveryQueue`](crate::queue::DeliveryQueue), by what happens to a letter.

mod attachments;
mod claim;
mod decisions;
mod doubtful;
mod enqueue;
mod handover;
mod lapsed;
mod pauses;
mod requests;
mod settle;
mod sweep;

pub use attachments::*;
pub use claim::*;
pub use decisions::*;
pub use doubtful::*;
pub use enqueue::*;
pub use handover::*;
pub use lapsed::*;
pub use pauses::*;
pub use requests::*;
pub use settle::*;
pub use sweep::*;
