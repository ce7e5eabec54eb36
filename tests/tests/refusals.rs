//! Bad input is refused at the door, with the field named and nothing stored.

use anyhow::{Result, ensure};
use postroom_tests::{Kind, Postroom, Store, invitation, on_both_stores};
use serde_json::Value;

on_both_stores![
    a_line_break_in_the_subject_is_refused,
    a_line_break_in_a_name_is_refused,
    a_line_break_in_an_address_is_refused,
    a_line_break_in_a_header_is_refused,
    a_nul_character_is_refused_wherever_it_stands,
    what_is_not_utf_8_is_refused,
    a_body_of_ten_megabytes_is_refused,
    an_unknown_template_is_refused,
    a_missing_variable_is_refused_by_its_name,
    an_unknown_field_is_refused,
    an_address_without_a_domain_is_refused,
    a_negative_priority_is_refused,
    a_letter_that_is_due_after_it_expires_is_refused,
    by_flags_the_same_is_refused,
];

async fn door(kind: Kind) -> Result<(Store, Postroom)> {
    let store = Store::migrated(kind).await?;
    let postroom = Postroom::new()?.with("DATABASE_URL", store.url());
    Ok((store, postroom))
}

/// A line with an invitation, changed.
fn with(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut letter = invitation("reader@example.org");
    change(&mut letter);
    letter.to_string().into_bytes()
}

/// Hands in one line, and sees to it that it is refused for this field, with a reason and without a trace.
async fn refused(kind: Kind, line: &[u8], field: &str) -> Result<()> {
    let (store, postroom) = door(kind).await?;
    let done = postroom.feed(&["enqueue", "--file", "-"], line).await?.expect(1)?;
    let named = format!("line 1: {field}: ");
    ensure!(done.stderr.contains(&named), "'{named}' is missing in\n{}", done.stderr);
    ensure!(done.stdout.is_empty(), "an id was printed: {}", done.stdout);
    ensure!(!done.stderr.contains("victim@example.org"), "the value was repeated");
    let traces = store.traces().await?;
    ensure!(traces.is_empty(), "something was stored in {traces:?}");
    Ok(())
}

async fn a_line_break_in_the_subject_is_refused(kind: Kind) -> Result<()> {
    for text in ["Hello\r\nBcc: victim@example.org", "Hello\nBcc: victim@example.org", "Hello\rBcc: victim@example.org"]
    {
        refused(kind, &with(|letter| letter["subject"] = text.into()), "subject").await?;
    }
    Ok(())
}

async fn a_line_break_in_a_name_is_refused(kind: Kind) -> Result<()> {
    let line = with(|letter| letter["recipient_name"] = "Sam\r\nBcc: victim@example.org".into());
    refused(kind, &line, "recipient_name").await
}

async fn a_line_break_in_an_address_is_refused(kind: Kind) -> Result<()> {
    let address = "reader@example.org\r\nRCPT TO:<victim@example.org>";
    refused(kind, &with(|letter| letter["recipient"] = address.into()), "recipient").await?;
    refused(kind, &with(|letter| letter["reply_to"] = address.into()), "reply_to").await
}

async fn a_line_break_in_a_header_is_refused(kind: Kind) -> Result<()> {
    let value = with(|letter| letter["headers"]["X-Campaign"] = "spring\r\nBcc: victim@example.org".into());
    refused(kind, &value, "headers.X-Campaign").await?;
    let name = with(|letter| letter["headers"]["X-Campaign: spring\r\nBcc"] = "victim@example.org".into());
    refused(kind, &name, "headers").await
}

async fn a_nul_character_is_refused_wherever_it_stands(kind: Kind) -> Result<()> {
    refused(kind, &with(|letter| letter["subject"] = "Hel\0lo".into()), "subject").await?;
    refused(kind, &with(|letter| letter["recipient"] = "rea\0der@example.org".into()), "recipient").await?;
    refused(kind, &with(|letter| letter["data"]["role"] = "edi\0tor".into()), "data.role").await?;
    refused(kind, &with(|letter| letter["metadata"]["note"]["deep"] = "a\0b".into()), "metadata.note").await
}

async fn what_is_not_utf_8_is_refused(kind: Kind) -> Result<()> {
    let mut line = with(|_| ());
    let place = line.windows(5).position(|five| five == b"Robin").unwrap_or_default();
    line[place] = 0xff;
    refused(kind, &line, "letter").await
}

async fn a_body_of_ten_megabytes_is_refused(kind: Kind) -> Result<()> {
    let body = "x".repeat(10 * 1024 * 1024);
    refused(kind, &with(|letter| letter["data"]["role"] = body.into()), "data").await?;
    // Longer than any line that is read.
    let body = "x".repeat(16 * 1024 * 1024);
    refused(kind, &with(|letter| letter["data"]["role"] = body.into()), "letter").await
}

async fn an_unknown_template_is_refused(kind: Kind) -> Result<()> {
    refused(kind, &with(|letter| letter["template"] = "invitatoin".into()), "template").await
}

async fn a_missing_variable_is_refused_by_its_name(kind: Kind) -> Result<()> {
    let line = with(|letter| {
        letter["data"].as_object_mut().and_then(|data| data.remove("accept_url"));
    });
    refused(kind, &line, "data.accept_url").await
}

async fn an_unknown_field_is_refused(kind: Kind) -> Result<()> {
    refused(kind, &with(|letter| letter["bcc"] = "victim@example.org".into()), "bcc").await
}

async fn an_address_without_a_domain_is_refused(kind: Kind) -> Result<()> {
    refused(kind, &with(|letter| letter["recipient"] = "reader".into()), "recipient").await?;
    refused(kind, &with(|letter| letter["recipient"] = "reader@localhost".into()), "recipient").await
}

async fn a_negative_priority_is_refused(kind: Kind) -> Result<()> {
    refused(kind, &with(|letter| letter["priority"] = (-1).into()), "priority").await
}

async fn a_letter_that_is_due_after_it_expires_is_refused(kind: Kind) -> Result<()> {
    let line = with(|letter| {
        letter["due_at"] = "2100-01-02T00:00:00Z".into();
        letter["expires_at"] = "2100-01-01T00:00:00Z".into();
    });
    refused(kind, &line, "due_at").await
}

async fn by_flags_the_same_is_refused(kind: Kind) -> Result<()> {
    let (store, postroom) = door(kind).await?;
    let usual = [
        "enqueue",
        "--workflow",
        "invite",
        "--set",
        "inviter_name=Robin",
        "--set",
        "organization_name=Example",
        "--set",
        "role=editor",
        "--set",
        "accept_url=https://app.example.org/accept",
    ];
    let (template, to) = (["--template", "invitation"], ["--to", "reader@example.org"]);
    let table: [(&[&str], &str, i32); 7] = [
        (&["--template", "invitation", "--to", "reader"], "recipient: ", 2),
        (&["--template", "invitatoin", "--to", "reader@example.org"], "template: ", 1),
        (&["--subject", "Hello\r\nBcc: victim@example.org"], "subject: ", 2),
        (&["--to-name", "Sam\nBcc: victim@example.org"], "recipient_name: ", 2),
        (&["--header", "X-Campaign: spring\r\nBcc: victim@example.org"], "headers.X-Campaign: ", 2),
        (&["--priority", "-1"], "priority: ", 2),
        (&["--due-at", "2100-01-02T00:00:00Z", "--expires-at", "2100-01-01T00:00:00Z"], "due_at: ", 1),
    ];
    for (words, named, status) in table {
        let mut all = [&usual[..], words].concat();
        if !words.contains(&"--template") {
            all.extend(template.iter().chain(&to));
        }
        let done = postroom.run(&all).await?.expect(status)?;
        ensure!(done.stderr.contains(named), "'{named}' is missing in\n{}", done.stderr);
        ensure!(done.stdout.is_empty() && !done.stderr.contains("victim"), "{}", done.stderr);
    }
    let traces = store.traces().await?;
    ensure!(traces.is_empty(), "something was stored in {traces:?}");
    Ok(())
}
