//! What a worker logs: one JSON object per line, one line per failure, and nothing about the people.

use anyhow::{Context, Result, bail};
use postroom_dev_inbox::{Act, AuthPolicy, Config, Stage};
use postroom_tests::{Kind, Room, invitation, on_both_stores};
use serde_json::{Value, json};

on_both_stores![
    a_log_is_json_with_one_line_per_failure,
    not_even_a_talkative_log_knows_addresses_bodies_codes_or_secrets,
];

/// Every log line. What the binary says to the person who started it begins with its name, and is no log.
fn lines(stderr: &str) -> Result<Vec<Value>> {
    let log = stderr.lines().filter(|line| !line.starts_with("postroom: "));
    log.map(|line| serde_json::from_str(line).with_context(|| format!("not JSON: {line}"))).collect()
}

/// The lines of at least level WARN that concern a letter.
fn failures<'a>(lines: &'a [Value], id: &str) -> Vec<&'a Value> {
    let loud = |line: &&Value| ["WARN", "ERROR"].contains(&line["level"].as_str().unwrap_or_default());
    lines.iter().filter(loud).filter(|line| line["delivery.id"] == id).collect()
}

async fn a_log_is_json_with_one_line_per_failure(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?.configured("[workflows.invite]\nmax_attempts = 3\n")?;
    let script = room.inbox.script();
    script.for_recipient("new@example.org", Stage::Rcpt, [Act::greylisted()]);
    script.for_recipient_always("gone@example.org", Stage::Rcpt, Act::no_such_mailbox());
    script.for_recipient_always("never@example.org", Stage::Rcpt, Act::out_of_order());
    let recipients = ["fine@example.org", "new@example.org", "gone@example.org", "never@example.org"];
    let ids = room.enqueue(&recipients.map(invitation)).await?;
    let mut worker = room.postroom.worker(&["--log-json"]).await?;
    room.is_done().await?;
    let lines = lines(&worker.finish().await?.expect(0)?.stderr)?;

    let [fine, new, gone, never] = ids.as_slice() else { bail!("{} ids", ids.len()) };
    for (id, codes) in [(fine, vec![]), (new, vec!["SMTP_451"]), (gone, vec!["SMTP_550"])] {
        let said: Vec<&str> = failures(&lines, id).iter().filter_map(|line| line["code"].as_str()).collect();
        assert_eq!(said, codes);
    }
    // The last failure of the dead letter is an alarm as well.
    let said: Vec<bool> = failures(&lines, never).iter().map(|line| line["alarm"].is_string()).collect();
    assert_eq!(said.iter().filter(|alarm| **alarm).count(), 1, "{said:?}");
    assert_eq!(said.iter().filter(|alarm| !**alarm).count(), 3, "{said:?}");
    Ok(())
}

async fn not_even_a_talkative_log_knows_addresses_bodies_codes_or_secrets(kind: Kind) -> Result<()> {
    let policy = AuthPolicy::new("mail-user-7", "hunter2-secret").required();
    let room = Room::with_inbox(kind, Config::default().with_auth(policy)).await?;
    let room =
        room.with("SMTP_USERNAME", "mail-user-7").with("SMTP_PASSWORD", "hunter2-secret").with("POSTROOM_LOG", "trace");
    let refusal = Act::reply(550, "5.1.1", "<gone.person@example.org>: no such mailbox; code 042137");
    room.inbox.script().for_recipient_always("gone.person@example.org", Stage::Rcpt, refusal);
    let code = |recipient: &str| {
        json!({
            "workflow": "admin-tfa", "template": "admin/tfa", "recipient": recipient, "recipient_name": "Wilhelmina",
            "data": { "code": "042137", "expires_in": "11 minutes and a half" },
        })
    };
    let ids = room.enqueue(&[code("fine.person@example.org"), code("gone.person@example.org")]).await?;
    let mut worker = room.postroom.worker(&["--log-json"]).await?;
    room.is_done().await?;
    let log = worker.finish().await?.expect(0)?.stderr;

    assert_eq!(room.inbox.count(), 1);
    assert!(lines(&log)?.iter().any(|line| line["delivery.id"] == ids[0].as_str()), "the log is too quiet to prove it");
    for private in [
        "fine.person",
        "gone.person",
        "Wilhelmina",
        "042137",
        "11 minutes and a half",
        "hunter2-secret",
        "aHVudGVyMi1zZWNyZXQ",
        "mail-user-7",
    ] {
        let told: Vec<&str> = log.lines().filter(|line| line.contains(private)).take(3).collect();
        assert!(told.is_empty(), "the log knows '{private}': {told:#?}");
    }
    Ok(())
}
