//! The adapter on a real PostgreSQL: the contract of the ports, and what only this store has. One program, so that it
//! is linked once and needs one server.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test states what must hold")]

mod attachments;
mod contract;
mod doors;
mod guard;
mod hostile;
mod listener;
mod migrations;
mod newer;
mod outside_writer;
mod pooled;
mod rights;
mod scene;
mod silence;
mod storm;
mod tokens;
mod unnamed;
