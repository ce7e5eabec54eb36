//! An adapter of one's own: letters as JSON, posted to a provider's endpoint. `docs/writing-an-adapter.md` walks
//! through it; `tests/contract` proves it, and breaks it.
//!
//! ```text
//!   POST {endpoint}   {"id": …, "from": …, "to": …, "message": base64} ─▶ 2xx {"id": …}
//!   GET  {endpoint}?id=…    what became of it? ─▶ 200, or 404: never taken
//! ```
pub mod classify;
pub mod transport;
