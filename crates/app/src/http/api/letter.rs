//! A letter as the description shows it. It is read by [`Fields`](crate::fields::Fields), which also knows what is wrong
//! with one; a test compares the two.

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A letter to hand over. Unknown fields are refused: a misspelt `expires_at` would be a promise that nobody keeps.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it describes; `Fields` reads")]
pub(super) struct Letter {
    /// The flow that it belongs to: `invite`, `password-reset`, …
    #[schema(example = "invite", max_length = 100)]
    workflow: String,
    /// What it is rendered from; `GET /api/templates` lists all.
    #[schema(example = "invitation", max_length = 100)]
    template: String,
    /// To whom: one address.
    #[schema(example = "reader@example.org", max_length = 254)]
    recipient: String,
    /// What the template is filled with.
    #[schema(example = json!({"inviter_name": "Robin", "organization_name": "Example", "role": "editor", "accept_url": "https://app.example.org/accept"}))]
    data: Option<Map<String, Value>>,
    /// The recipient's name.
    recipient_name: Option<String>,
    /// Instead of the template's subject.
    subject: Option<String>,
    /// An id of your own instead of one of ours.
    #[schema(max_length = 200)]
    delivery_id: Option<String>,
    /// Your name for "this very letter": the same key and content are one letter.
    #[schema(max_length = 200)]
    idempotency_key: Option<String>,
    /// Not before then.
    #[schema(format = DateTime)]
    due_at: Option<String>,
    /// Worthless after then: it is cancelled rather than sent.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// 0 (bulk) to 9 (most urgent); 5 unless said otherwise.
    #[schema(minimum = 0, maximum = 9)]
    priority: Option<u8>,
    /// On whose behalf.
    #[schema(max_length = 100)]
    tenant_id: Option<String>,
    /// What in your application caused it, by kind.
    source_type: Option<String>,
    /// What in your application caused it, by id.
    source_id: Option<String>,
    /// Where answers go.
    reply_to: Option<String>,
    /// More header fields, by name.
    headers: Option<std::collections::BTreeMap<String, String>>,
    /// The language: `de`, `pt-BR`, …
    locale: Option<String>,
    /// Files beside it, and images inside its HTML: at most 10, and 7,000,000 bytes together.
    #[schema(max_items = 10)]
    attachments: Option<Vec<Attachment>>,
    /// Your own notes, which never leave the house.
    metadata: Option<Map<String, Value>>,
}

/// A file that travels with a letter.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it describes; `Fields` reads")]
pub(super) struct Attachment {
    /// Its name, without a folder.
    #[schema(example = "invoice.pdf", max_length = 200)]
    filename: String,
    /// Its media type.
    #[schema(example = "application/pdf")]
    content_type: String,
    /// Its bytes in Base64.
    #[schema(format = Byte)]
    content: String,
    /// For an image inside the HTML: what the HTML calls it (`<img src="cid:…">`).
    #[schema(max_length = 100)]
    content_id: Option<String>,
}

/// One letter, or many.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it describes; `enqueue` reads")]
pub(super) enum Letters {
    /// One letter.
    One(Box<Letter>),
    /// Many: each is taken or refused by itself.
    Many(Vec<Letter>),
}
