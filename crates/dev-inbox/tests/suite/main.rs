//! The dev inbox seen from its socket: raw SMTP in, letters and replies out.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking, in its helpers too")]

mod auth;
mod client;
mod dialogue;
mod inbox;
mod recipients;
mod saving;
mod script;
mod tls;
