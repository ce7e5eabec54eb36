//! From a claim to a handover: what a letter brings along, and the record that it is about to leave.

use postroom_domain::attachment::{Attachment, Placement};
use postroom_domain::id::TransportName;
use postroom_domain::locale::Locale;
use postroom_ports::error::PortError;
use postroom_ports::letter::FrozenLetter;
use postroom_ports::queue::{Fence, Fenced, Ready};

use crate::connections::Connections;
use crate::error::port_error;
use crate::portion::portions;
use crate::queue::{answers, keys};

const ATTACHMENTS: &str = "queue.attachments";

/// The attachments of a letter that is not frozen, for the holder of its claim.
pub(crate) async fn attachments(work: &Connections, fence: &Fence) -> Result<Vec<Attachment>, PortError> {
    let failed = port_error(ATTACHMENTS);
    let mut turn = work.turn().await.map_err(&failed)?;
    let rows = sqlx::query_file!("queries/attachments/read.sql", fence.seq, fence.token.as_uuid())
        .fetch_all(turn.session())
        .await
        .map_err(&failed)?;
    turn.end().await.map_err(failed)?;
    let corrupt = |_| PortError::corrupt(ATTACHMENTS, "attachments", "filename, content_type or content_id", fence.seq);
    let attachment = |(filename, content_type, content_id, content): (String, String, Option<String>, Vec<u8>)| {
        let placement = content_id.map_or(Placement::Beside, Placement::Inline);
        Attachment::new(&filename, &content_type, placement, content).map_err(corrupt)
    };
    rows.into_iter().map(|row| attachment((row.filename, row.content_type, row.content_id, row.content))).collect()
}

/// Puts letters on record as about to be handed over, with their frozen bytes where given.
pub(crate) async fn ready(work: &Connections, letters: &[Ready]) -> Result<Vec<Fenced>, PortError> {
    let size = |letter: &Ready| letter.frozen.as_ref().map_or(0, |frozen| frozen.bytes.len());
    let mut answers = Vec::with_capacity(letters.len());
    for portion in portions(letters, size) {
        answers.extend(ready_portion(work, portion).await?);
    }
    Ok(answers)
}

async fn ready_portion(work: &Connections, letters: &[Ready]) -> Result<Vec<Fenced>, PortError> {
    let failed = port_error("queue.ready");
    let (seqs, tokens) = keys(letters.iter().map(|letter| &letter.fence));
    let transports: Vec<&str> = letters.iter().map(|letter| TransportName::as_str(&letter.transport)).collect();
    let bytes: Vec<Option<&[u8]>> =
        letters.iter().map(|letter| letter.frozen.as_ref().map(|frozen| frozen.bytes.as_slice())).collect();
    let text = |of: fn(&FrozenLetter) -> Option<&str>| -> Vec<Option<&str>> {
        letters.iter().map(|letter| letter.frozen.as_ref().and_then(of)).collect()
    };
    let mut turn = work.turn().await.map_err(&failed)?;
    let done = sqlx::query_file!(
        "queries/outbox/ready.sql",
        &seqs,
        &tokens,
        &transports as &[&str],
        &bytes as &[Option<&[u8]>],
        &text(|frozen| Some(frozen.mail_from.as_str())) as &[Option<&str>],
        &text(|frozen| Some(frozen.rcpt_to.as_str())) as &[Option<&str>],
        &text(|frozen| Some(frozen.message_id.as_str())) as &[Option<&str>],
        &text(|frozen| Some(frozen.subject.as_str())) as &[Option<&str>],
        &text(|frozen| Some(frozen.template_version.as_str())) as &[Option<&str>],
        &text(|frozen| frozen.locale.as_ref().map(Locale::as_str)) as &[Option<&str>],
    )
    .fetch_all(turn.session())
    .await
    .map_err(&failed)?;
    turn.end().await.map_err(failed)?;
    let done = done.into_iter().map(|row| (row.seq, row.token)).collect();
    Ok(answers(letters.iter().map(|letter| &letter.fence), &done))
}
