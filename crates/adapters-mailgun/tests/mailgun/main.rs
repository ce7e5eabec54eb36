//! The Mailgun adapter against an API that says exactly what a test has written down.
#![expect(clippy::unwrap_used, reason = "an unwrap in a test is an assertion")]

mod answers;
mod carried;
mod classify;
mod config;
mod contract;
mod fake;
mod form;
mod letters;
mod lost;
mod probe;
mod reconcile;
mod sdk;
mod tls;
