//! The rules of a [`DeliveryQueue`](crate::queue::DeliveryQueue), by what happens to a letter.

mod enqueue;

pub use enqueue::*;
