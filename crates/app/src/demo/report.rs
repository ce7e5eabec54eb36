//! How it ended: each letter's timeline, what was received, where it lies.

use std::path::Path;

use mailparse::MailHeaderMap as _;
use postroom_dev_inbox::Captured;
use serde_json::json;

use super::{Plan, Posted};
use crate::cli::{Failure, Format, print, timeline_lines};
use crate::documents;
use crate::wiring::Store;

/// Shows it, as a story or as one JSON document.
///
/// # Errors
/// Those of the store.
pub(super) async fn show(
    plan: &Plan,
    store: &Store,
    posted: &[Posted],
    letters: &[Captured],
    folder: &Path,
) -> Result<(), Failure> {
    let mut documents = Vec::new();
    for letter in posted {
        let Some(delivery) = store.tracker.find(&letter.id).await? else {
            return Err(Failure::unknown(letter.id.as_str()));
        };
        let events = store.tracker.history(&letter.id).await?;
        if plan.format == Format::Json {
            documents.push(json!({
                "delivery_id": delivery.delivery_id.as_str(),
                "workflow": delivery.workflow.as_str(),
                "status": delivery.status.as_str(),
                "attempts": delivery.attempts,
                "events": events.iter().map(documents::Event::from).collect::<Vec<_>>(),
            }));
            continue;
        }
        print(&format!("\n{} to {}: {}", delivery.workflow, delivery.recipient, delivery.status));
        for line in timeline_lines(&events) {
            print(&format!("  {line}"));
        }
    }
    if plan.format == Format::Json {
        print(&json!({ "deliveries": documents, "captured": letters.len() }).to_string());
        return Ok(());
    }
    print(&format!("\nReceived by the mail server: {} letters.", letters.len()));
    for letter in letters {
        print(&format!("\n── to {}", letter.recipients.join(", ")));
        print(&words(&letter.bytes));
    }
    print(&format!("\nThe letters lie in {} as .eml files; a mail program opens them.", folder.display()));
    Ok(())
}

/// Subject and plain text, read back from the bytes that were received.
fn words(bytes: &[u8]) -> String {
    let Ok(message) = mailparse::parse_mail(bytes) else { return "(a message that cannot be read)".to_owned() };
    let subject = message.headers.get_first_value("Subject").unwrap_or_default();
    let text = message.parts().find(|part| part.ctype.mimetype == "text/plain").and_then(|part| part.get_body().ok());
    let indented = text.unwrap_or_default().trim_end().lines().map(|line| format!("   {line}")).collect::<Vec<_>>();
    format!("   Subject: {subject}\n\n{}", indented.join("\n"))
}
