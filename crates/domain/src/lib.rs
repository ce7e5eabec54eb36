//! The core of Postroom: what a letter is, where it stands, and what follows from what.
//!
//! ```text
//!   Event ─┐
//!   State ─┼─▶ lifecycle::apply ─▶ Transition { next, due_in, code, effects }
//!   Context┘       (pure)              │
//!                                      └─▶ storage commits it, behind a fence
//! ```
//!
//! | module | what lives there |
//! |---|---|
//! | [`status`], [`feedback`] | where a letter stands; what its provider reported |
//! | [`lifecycle`] | the one match that decides every change |
//! | [`failure`], [`detail`] | what a transport may answer, and what of its words is kept |
//! | [`retry`], [`policy`] | when to try again, what to do in doubt: data, per workflow |
//! | [`address`], [`letter`], [`attachment`], [`locale`], [`id`] | input, parsed once and trusted afterwards |
//! | [`access`] | what the holder of a token may do |
//! | [`invalid`] | the one error for input that is refused |
//!
//! # To add an event
//! Add the variant to [`lifecycle::Event`], its arm to [`lifecycle::apply`], its sample to
//! `tests/lifecycle.rs`, and read the difference that the printed table shows. If it allows a
//! new pair of statuses, the guards of the stores must learn it: their 8 × 8 tests compare
//! themselves with [`lifecycle::apply`] and will say so.
//!
//! # What is deliberately absent
//! Async, clocks, randomness, I/O, JSON, and every word of a provider. Time and chance come in
//! as arguments, so that each decision can be replayed.

pub mod access;
pub mod address;
pub mod attachment;
pub mod detail;
pub mod failure;
pub mod feedback;
pub mod id;
pub mod invalid;
pub mod letter;
pub mod lifecycle;
pub mod locale;
pub mod policy;
pub mod retry;
pub mod status;
pub mod time;
