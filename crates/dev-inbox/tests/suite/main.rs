//! The dev inbox seen from its socket: raw SMTP in, letters and replies out.

mod auth;
mod client;
mod dialogue;
mod inbox;
mod recipients;
mod saving;
mod script;
mod tls;
