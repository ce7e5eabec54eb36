//! The code of the guides, compiled as it stands there.

/// `docs/attachments.md`.
#[doc = include_str!("../../docs/attachments.md")]
pub struct Attachments;

/// `docs/embedding.md`.
#[doc = include_str!("../../docs/embedding.md")]
pub struct Embedding;

/// `docs/testing-your-app.md`.
#[doc = include_str!("../../docs/testing-your-app.md")]
pub struct TestingYourApp;
