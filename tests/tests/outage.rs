//! The mail server goes away and comes back, and many letters wait meanwhile.

use anyhow::Result;
use postroom::system::SystemClock;
use postroom_dev_inbox::{Act, Stage};
use postroom_ports::clock::Clock as _;
use postroom_tests::{Kind, Mailgun, Room, codes, invitation, is_long, on_both_stores, until};

on_both_stores![
    a_mail_server_that_is_away_is_not_hammered_and_no_letter_is_given_up,
    letters_take_the_next_way_while_the_first_is_away,
];

/// Letters that wait, and for how many tries somebody watches; about a minute's worth in the long form.
fn scale() -> (usize, u64) {
    if is_long() { (10_000, 60) } else { (1_000, 8) }
}

async fn a_mail_server_that_is_away_is_not_hammered_and_no_letter_is_given_up(kind: Kind) -> Result<()> {
    let (letters, wanted) = scale();
    let room = Room::open(kind).await?.with("EMAIL_WORKER_BREAKER_LONGEST_REST", "1s");
    room.inbox.script().always(Stage::Connect, Act::shutting_down());
    let all: Vec<_> = (0..letters).map(|number| invitation(&format!("reader-{number}@example.org"))).collect();
    room.enqueue(&all).await?;
    let mut worker = room.worker().await?;
    worker.notes("the transport is in trouble").await?;
    let on_their_way = || room.store.number("SELECT count(*) FROM deliveries WHERE status = 'in_progress'");
    until("what was on its way then to come back", || async { Ok((on_their_way().await? == 0).then_some(())) }).await?;
    let (clock, before) = (SystemClock::start(), room.inbox.connections_opened());
    let watched = || async { Ok((room.inbox.connections_opened() >= before + wanted).then_some(())) };
    until("somebody to try again", watched).await?;
    let (tried, seconds) = (room.inbox.connections_opened() - before, clock.elapsed().as_secs_f64());
    // A slow machine makes for more seconds and not for more tries.
    #[expect(clippy::cast_precision_loss, reason = "a handful of tries")]
    let rate = tried as f64 / seconds;
    assert!(rate <= 2.5, "{tried} connections in {seconds:.1} s");
    assert!(before <= 20, "{before} connections before the trouble was found out");

    room.inbox.script().clear();
    room.is_done().await?;
    let said = worker.finish().await?.expect(0)?.stderr;
    assert_eq!(room.counts().await?, [("sent".to_owned(), letters)].into(), "given up, or left");
    assert_eq!(said.matches("the transport is in trouble").count(), 1, "said once: {said}");
    assert_eq!(said.matches("the transport works again").count(), 1, "{said}");
    let spent = room.store.number("SELECT count(*) FROM deliveries WHERE attempts - excused > 1").await?;
    assert_eq!(spent, 0, "a letter paid for its provider");
    #[expect(clippy::print_stdout, reason = "the numbers are what one wants to see of this test")]
    {
        println!("{kind:?}: {letters} letters waited; {tried} connections in {seconds:.1} s ({rate:.2} a second)");
    }
    Ok(())
}

async fn letters_take_the_next_way_while_the_first_is_away(kind: Kind) -> Result<()> {
    let mailgun = Mailgun::start().await?;
    let room = Room::open(kind).await?.with("EMAIL_TRANSPORTS", "smtp,mailgun");
    let room = room.with("MAILGUN_API_KEY", "key").with("MAILGUN_DOMAIN", "mg.example.org");
    let room = room.with("MAILGUN_API_URL", mailgun.url()).with("MAILGUN_FROM_EMAIL", "post@example.org");
    room.inbox.script().always(Stage::Connect, Act::shutting_down());
    let letters: Vec<_> = (0..20).map(|number| invitation(&format!("reader-{number}@example.org"))).collect();
    let ids = room.enqueue(&letters).await?;
    let mut worker = room.worker().await?;
    room.is_done().await?;
    let said = worker.finish().await?.expect(0)?.stderr;
    assert_eq!((mailgun.letters().len(), room.inbox.count()), (20, 0), "each letter once");
    assert!(said.contains("next=\"mailgun\""), "{said}");
    let mut turned = 0;
    for id in &ids {
        let document = room.status(id).await?;
        assert_eq!((&document["status"], &document["provider"]), (&"sent".into(), &"mailgun".into()));
        if codes(&document).contains(&"SMTP_421") {
            let events = document["events"].as_array().cloned().unwrap_or_default();
            turned += usize::from(events.iter().any(|event| event["payload"]["next"] == "mailgun"));
        }
    }
    assert!(turned > 0, "no history names the way that was taken instead");
    Ok(())
}
