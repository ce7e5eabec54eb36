//! The SMTP adapter against a scripted server, and its composer against a second reader.
#![expect(clippy::unwrap_used, reason = "an unwrap in a test is an assertion")]

mod auth;
mod classify;
mod config;
mod contract;
mod in_doubt;
mod mime;
mod peer;
mod pool;
mod raw;
mod session;
mod tls;
