//! The renderer from outside: `contract` for what every renderer does, `golden` for how our
//! letters look, `hostile` for what must not get through, `folders` for templates of others.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

mod brands;
mod contract;
mod folder;
mod folders;
mod golden;
mod hostile;
mod inlined;
mod lint;
mod variants;
