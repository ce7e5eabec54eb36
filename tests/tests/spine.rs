//! A letter goes all the way, on both stores: handed in, sent, settled, and its story told.

use anyhow::{Context, Result, ensure};
use postroom_tests::{Kind, Letter, Room, Signal, invitation, on_both_stores, statuses, until};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

on_both_stores![
    a_letter_goes_from_the_command_line_to_a_mailbox,
    status_tells_the_whole_story_to_people,
    enqueue_answers_scripts_in_json,
    template_data_can_be_given_as_one_json_object,
    the_same_idempotency_key_stores_one_letter,
    of_a_file_the_good_lines_stand_and_the_bad_ones_are_named,
    of_a_file_scripts_learn_the_fate_of_every_line,
    ids_are_printed_while_the_pipe_is_still_open,
    a_letter_that_waits_can_be_cancelled,
    a_letter_that_was_sent_cannot_be_cancelled,
    nobody_knows_a_letter_that_never_was,
    a_scheduled_letter_is_not_sent_early,
    while_email_is_disabled_letters_wait_and_status_says_why,
    a_held_tenants_letters_wait_while_others_go,
];

async fn a_letter_goes_from_the_command_line_to_a_mailbox(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    let words = [
        "enqueue",
        "--workflow",
        "invite",
        "--template",
        "invitation",
        "--to",
        "reader@example.org",
        "--to-name",
        "Réader Example",
        "--set",
        "inviter_name=Robin & Co",
        "--set",
        "organization_name=Example Press",
        "--set",
        "role=editor",
        "--set",
        "accept_url=https://app.example.org/accept?a=1&b=2",
        "--header",
        "X-Campaign: spring",
        "--reply-to",
        "answers@example.org",
    ];
    let done = room.postroom.run(&words).await?.expect(0)?;
    let id = done.line()?;
    assert_eq!(statuses(&room.status(id).await?), ["queued"]);

    let mut worker = room.worker().await?;
    let document = room.becomes(id, "sent").await?;
    worker.finish().await?.expect(0)?;

    assert_eq!(statuses(&document), ["queued", "in_progress", "sent"]);
    assert_eq!((&document["attempts"], &document["provider"]), (&json!(1), &json!("smtp")));
    assert_eq!((&document["simple_status"], &document["workflow"]), (&json!("sent"), &json!("invite")));
    let received = room.received()?;
    let [letter] = received.as_slice() else { anyhow::bail!("{} letters were received", received.len()) };
    check(letter, &document);
    Ok(())
}

fn check(letter: &Letter, document: &Value) {
    assert_eq!(letter.recipient, "reader@example.org");
    assert_eq!(document["message_id"], letter.header("Message-ID").trim_matches(['<', '>']));
    assert!(letter.header("To").contains("Réader Example"), "{}", letter.header("To"));
    assert!(letter.header("From").contains("post@example.org"));
    assert!(letter.header("Reply-To").contains("answers@example.org"));
    assert_eq!(letter.header("Auto-Submitted"), "auto-generated");
    assert_eq!(letter.header("X-Campaign"), "spring");
    assert!(letter.header("Subject").contains("Example Press"));
    assert!(letter.text.contains("Robin & Co") && letter.text.contains("https://app.example.org/accept?a=1&b=2"));
    assert!(letter.html.contains("Robin &amp; Co") && !letter.html.contains("Robin & Co"));
}

async fn status_tells_the_whole_story_to_people(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    let id = room.invite("reader@example.org").await?;
    let mut worker = room.worker().await?;
    room.becomes(&id, "sent").await?;
    worker.finish().await?.expect(0)?;

    let said = room.postroom.run(&["status", &id]).await?.expect(0)?.stdout;
    let (facts, timeline) = said.split_once("\n\n").context("no timeline")?;
    for fact in ["reader@example.org", "invite", "sent (sent)", "smtp", "message-id"] {
        assert!(facts.contains(fact), "{fact} is missing in\n{facts}");
    }
    let told: Vec<&str> = timeline.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
    assert_eq!(told, ["queued", "in_progress", "sent"]);
    Ok(())
}

/// A sign-in code by flags.
const CODE: [&str; 7] = ["enqueue", "--workflow", "admin-tfa", "--template", "admin/tfa", "--to", "admin@example.org"];

async fn enqueue_answers_scripts_in_json(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    let more = [
        "--json",
        "--set",
        "code=042137",
        "--set",
        "expires_in=10 minutes",
        "--delivery-id",
        "code-1",
        "--priority",
        "9",
    ];
    let document = room.postroom.run(&[&CODE[..], &more].concat()).await?.expect(0)?.json()?;
    assert_eq!(document, json!({ "line": null, "delivery_id": "code-1", "existing": false }));
    assert_eq!(room.status("code-1").await?["priority"], 9);
    Ok(())
}

async fn template_data_can_be_given_as_one_json_object(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    let more = ["--data", r#"{"code": "042137", "expires_in": "10 minutes"}"#, "--set", "recipient_name=Sam"];
    room.postroom.run(&[&CODE[..], &more].concat()).await?.expect(0)?;
    let mut worker = room.worker().await?;
    room.is_done().await?;
    worker.finish().await?.expect(0)?;
    let text = &room.received()?[0].text;
    assert!(text.contains("Hello Sam") && text.contains("042137"), "{text}");
    Ok(())
}

async fn the_same_idempotency_key_stores_one_letter(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    let mut letter = invitation("reader@example.org");
    letter["idempotency_key"] = "invitation-42".into();
    let first = room.enqueue(std::slice::from_ref(&letter)).await?;
    assert_eq!(room.enqueue(std::slice::from_ref(&letter)).await?, first);

    letter["data"]["role"] = "owner".into();
    let done = room.postroom.feed(&["enqueue", "--file", "-"], letter.to_string().as_bytes()).await?.expect(1)?;
    assert!(done.stderr.contains("line 1: idempotency_key: "), "{}", done.stderr);
    assert_eq!(room.store.number("SELECT count(*) FROM deliveries").await?, 1);
    Ok(())
}

/// Two good lines, and between them a blank one, one that is no JSON, and two with a wrong field.
fn mixed_lines() -> String {
    let (good, mut misspelt) = (invitation("first@example.org"), invitation("reader@example.org"));
    misspelt["expire_at"] = "2030-01-01T00:00:00Z".into();
    let last = invitation("last@example.org");
    format!("{good}\n\n{{oops\n{}\n{misspelt}\n{last}", invitation("nobody"))
}

async fn of_a_file_the_good_lines_stand_and_the_bad_ones_are_named(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    let file = room.postroom.write("letters.jsonl", mixed_lines().as_bytes())?;
    let done = room.postroom.run(&["enqueue", "--file", &file]).await?.expect(1)?;

    let ids: Vec<&str> = done.stdout.lines().collect();
    assert_eq!(ids.len(), 2, "{}", done.stdout);
    for said in
        ["line 3: letter: ", "line 4: recipient: ", "line 5: expire_at: ", "'expires_at'", "2 letters stored, 3 "]
    {
        assert!(done.stderr.contains(said), "'{said}' is missing in\n{}", done.stderr);
    }
    assert_eq!(room.status(ids[0]).await?["recipient"], "first@example.org");
    assert_eq!(room.status(ids[1]).await?["recipient"], "last@example.org");
    assert_eq!(room.store.number("SELECT count(*) FROM deliveries").await?, 2);
    Ok(())
}

async fn of_a_file_scripts_learn_the_fate_of_every_line(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    let done = room.postroom.feed(&["enqueue", "--json", "--file", "-"], mixed_lines().as_bytes()).await?.expect(1)?;
    let documents: Vec<Value> = done.stdout.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let fates: Vec<(u64, bool)> = documents
        .iter()
        .map(|document| (document["line"].as_u64().unwrap_or_default(), document["delivery_id"].is_string()))
        .collect();
    assert_eq!(fates, [(1, true), (3, false), (4, false), (5, false), (6, true)]);
    assert_eq!(documents[2]["field"], "recipient");
    assert!(documents[2]["reason"].is_string());
    Ok(())
}

async fn ids_are_printed_while_the_pipe_is_still_open(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    let mut enqueue = room.postroom.start(&["enqueue", "--file", "-"])?;
    let mut pipe = enqueue.stdin()?;
    for number in 1..=2_usize {
        let line = format!("{}\n", invitation("reader@example.org"));
        pipe.write_all(line.as_bytes()).await?;
        let printed = || async { Ok(enqueue.stdout().lines().nth(number - 1).map(str::to_owned)) };
        let id = until("an id", printed).await?;
        // Whoever reads an id can rely on it.
        assert_eq!(room.status(&id).await?["status"], "queued");
    }
    drop(pipe);
    enqueue.end().await?.expect(0)?;
    Ok(())
}

async fn a_letter_that_waits_can_be_cancelled(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    let ids = room.enqueue(&[invitation("a@example.org"), invitation("b@example.org")]).await?;
    let done = room.postroom.run(&["cancel", &ids[0]]).await?.expect(0)?;
    assert_eq!(done.line()?, format!("{} is cancelled", ids[0]));
    let done = room.postroom.run(&["cancel", &ids[1], "--json"]).await?.expect(0)?;
    assert_eq!(done.json()?, json!({ "delivery_id": ids[1], "status": "cancelled" }));
    let document = room.status(&ids[0]).await?;
    assert_eq!(statuses(&document), ["queued", "cancelled"]);
    assert_eq!(document["last_error_code"], "CANCELLED");

    let again = room.postroom.run(&["cancel", &ids[0]]).await?.expect(1)?;
    assert!(again.stderr.contains("nothing to stop"), "{}", again.stderr);
    Ok(())
}

async fn a_letter_that_was_sent_cannot_be_cancelled(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    let id = room.invite("reader@example.org").await?;
    let mut worker = room.worker().await?;
    room.becomes(&id, "sent").await?;
    let done = room.postroom.run(&["cancel", &id]).await?.expect(1)?;
    assert!(done.stderr.contains("too late: it has been sent"), "{}", done.stderr);
    assert_eq!(room.status(&id).await?["status"], "sent");
    worker.finish().await?.expect(0)?;
    Ok(())
}

async fn nobody_knows_a_letter_that_never_was(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    for command in ["status", "cancel"] {
        let done = room.postroom.run(&[command, "never-was"]).await?.expect(4)?;
        assert!(done.stderr.contains("never-was") && done.stdout.is_empty(), "{}", done.stderr);
    }
    Ok(())
}

async fn a_scheduled_letter_is_not_sent_early(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    let mut later = invitation("later@example.org");
    later["due_at"] = "2100-01-01T00:00:00Z".into();
    let mut expired = invitation("expired@example.org");
    expired["expires_at"] = "2020-01-01T00:00:00Z".into();
    let ids = room.enqueue(&[later, expired, invitation("now@example.org")]).await?;
    let mut worker = room.worker().await?;
    room.becomes(&ids[2], "sent").await?;
    let document = room.becomes(&ids[1], "cancelled").await?;
    assert_eq!(document["last_error_code"], "EXPIRED");
    worker.finish().await?.expect(0)?;
    assert_eq!(statuses(&room.status(&ids[0]).await?), ["queued"]);
    assert_eq!(room.inbox.count(), 1);
    Ok(())
}

async fn while_email_is_disabled_letters_wait_and_status_says_why(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    let disabled = room.postroom.clone().with("EMAIL_ENABLED", "false");
    let words = ["enqueue", "--file", "-"];
    let line = invitation("reader@example.org").to_string();
    let done = disabled.feed(&words, line.as_bytes()).await?.expect(0)?;
    let id = done.line()?;
    let mut worker = disabled.start(&["worker"])?;
    worker.notes("letters are accepted and wait").await?;

    let told = disabled.run(&["status", id]).await?.expect(0)?;
    assert!(told.stdout.contains("EMAIL_ENABLED is false"), "{}", told.stdout);
    let told = disabled.run(&["status", id, "--json"]).await?.expect(0)?.json()?;
    assert!(told["waits_for"].as_str().unwrap_or_default().contains("EMAIL_ENABLED"), "{told}");
    worker.signal(Signal::Term).await?;
    worker.end().await?.expect(0)?;
    assert_eq!(statuses(&room.status(id).await?), ["queued"]);
    assert_eq!(room.inbox.count(), 0);

    let mut worker = room.worker().await?;
    room.becomes(id, "sent").await?;
    worker.finish().await?.expect(0)?;
    Ok(())
}

async fn a_held_tenants_letters_wait_while_others_go(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?.configured("[tenants.acme]\nenabled = false\n")?;
    let of = |tenant: &str| {
        let mut letter = invitation("reader@example.org");
        letter["tenant_id"] = tenant.into();
        letter
    };
    let ids = room.enqueue(&[of("acme"), of("other")]).await?;
    let mut worker = room.worker().await?;
    room.becomes(&ids[1], "sent").await?;
    // The worker looked again after that, and still left the first one alone.
    let another = room.invite("another@example.org").await?;
    room.becomes(&another, "sent").await?;
    worker.finish().await?.expect(0)?;

    let held = room.status(&ids[0]).await?;
    assert_eq!(statuses(&held), ["queued"]);
    ensure!(held["waits_for"].as_str().is_some_and(|why| why.contains("[tenants.acme]")), "{held}");

    let room = room.configured("")?;
    let mut worker = room.worker().await?;
    room.becomes(&ids[0], "sent").await?;
    worker.finish().await?.expect(0)?;
    Ok(())
}
