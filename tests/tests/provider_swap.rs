//! Another provider is another environment: nothing else changes, and not one byte of a letter.

use anyhow::Result;
use postroom_dev_inbox::{Act, Stage};
use postroom_tests::{Kind, Mailgun, Room, codes, on_both_stores};

on_both_stores![
    the_bytes_that_one_provider_had_go_out_by_the_next,
    a_letter_goes_by_mailgun_where_the_environment_says_so,
];

/// The room's binary with Mailgun instead of the mail server.
fn by_mailgun(room: &Room, mailgun: &Mailgun) -> postroom_tests::Postroom {
    let postroom = room.postroom.clone().with("SMTP_HOST", "").with("SMTP_PORT", "").with("SMTP_FROM_ADDRESS", "");
    let postroom = postroom.with("MAILGUN_API_KEY", "key").with("MAILGUN_DOMAIN", "mg.example.org");
    postroom.with("MAILGUN_API_URL", mailgun.url()).with("MAILGUN_FROM_EMAIL", "post@example.org")
}

/// The mail server takes the letter, its answer is lost, and then it takes nothing any more:
/// by Mailgun the same letter arrives, equal byte by byte.
async fn the_bytes_that_one_provider_had_go_out_by_the_next(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?.configured("[workflows.invite]\nmax_attempts = 1000\n")?;
    let mailgun = Mailgun::start().await?;
    room.inbox.script().next(Stage::Body, Act::AcceptThenClose);
    let id = room.invite("reader@example.org").await?;
    let mut first = room.worker().await?;
    room.inbox.wait_for(1, std::time::Duration::from_mins(1)).await?;
    room.inbox.script().always(Stage::Mail, Act::out_of_order());
    room.comes_to(&id, "SMTP_451").await?;
    first.finish().await?.expect(0)?;

    let mut second = by_mailgun(&room, &mailgun).worker(&[]).await?;
    let document = room.becomes(&id, "sent").await?;
    second.finish().await?.expect(0)?;
    assert_eq!((&document["provider"], codes(&document)[0]), (&"mailgun".into(), "ANSWER_LOST"));
    let (by_smtp, by_mailgun) = (room.inbox.letters(), mailgun.letters());
    assert_eq!((by_smtp.len(), by_mailgun.len()), (1, 1));
    assert_eq!(by_smtp[0].bytes, by_mailgun[0], "not the same bytes, Message-ID, Date and boundaries");
    Ok(())
}

async fn a_letter_goes_by_mailgun_where_the_environment_says_so(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    let mailgun = Mailgun::start().await?;
    let id = room.invite("reader@example.org").await?;
    let mut worker = by_mailgun(&room, &mailgun).worker(&[]).await?;
    let document = room.becomes(&id, "sent").await?;
    worker.finish().await?.expect(0)?;
    assert_eq!(document["provider_message_id"], "taken@mg.example.org");
    assert_eq!((mailgun.letters().len(), room.inbox.count()), (1, 0));
    Ok(())
}
