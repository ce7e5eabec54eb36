//! The dashboard in a real browser: a support case, every page for everybody, and stored text that means harm.

use anyhow::{Context, Result};
use postroom_dev_inbox::{Act, Stage};
use postroom_tests::{Api, Kind, Postroom, Room, Store, browse, invitation};
use serde_json::{Value, json};

/// Two attempts, and then it is given up; in doubt it stays until somebody decides.
const SHORT: &str = "[workflows.invite]\nmax_attempts = 2\nin_doubt = \"hold\"\n";
const ANSWER: &str = "the mailbox is busy, says the other side";
const HOSTILE: &str = "<script>window.ran = 1; alert(1)</script><img src=x onerror=alert(2)>";
const ALL: [&str; 2] = ["--scope", "enqueue,read,operate,addresses"];

/// An invitation with more fields.
fn letter(recipient: &str, extra: Value) -> Value {
    let mut letter = invitation(recipient);
    if let Value::Object(extra) = extra {
        for (name, value) in extra {
            letter[name] = value;
        }
    }
    letter
}

/// Hands a letter in by the API, and gives its id.
async fn hand_in(api: &Api, letter: &Value) -> Result<String> {
    let answer = api.post("/api/deliveries", letter).await?.expect(201)?.json()?;
    answer["delivery_id"].as_str().map(str::to_owned).context("no id in the answer")
}

/// Both attempts at this recipient's letter are refused with these words, and no other.
fn refuse_twice(room: &Room, recipient: &str, words: &str) {
    room.inbox.script().for_recipient(recipient, Stage::Rcpt, [(); 2].map(|()| Act::reply(451, "4.3.0", words)));
}

/// A server that catches what it sends, over the store of this room; it asks for a token.
async fn catching(postroom: &Postroom) -> Result<Api> {
    Api::start_with(&postroom.clone().with("POSTROOM_HTTP_RATE", "100000"), &["--capture"]).await
}

#[tokio::test]
async fn a_support_case_is_solved_with_scripts_and_without() -> Result<()> {
    let room = Room::open(Kind::Postgres).await?.configured(SHORT)?;
    let subject = "Example Press invites you";
    let mut letters = Vec::new();
    let mut api = Api::start(&room.postroom).await?;
    for scripts in [true, false] {
        let recipient = if scripts { "with@example.org" } else { "without@example.org" };
        refuse_twice(&room, recipient, ANSWER);
        let id = hand_in(&api, &letter(recipient, json!({ "subject": subject }))).await?;
        room.becomes(&id, "dead_letter").await?;
        letters.push(json!({ "id": id, "recipient": recipient, "scripts": scripts }));
    }
    api.process.finish().await?.expect(0)?;

    let token = Api::token(&room.postroom, &ALL).await?;
    let api = catching(&room.postroom).await?;
    let words = "Robin Example";
    let told = json!({
        "site": api.url, "token": token, "letters": letters, "answer": ANSWER, "subject": subject, "words": words,
    });
    browse("case", told).await?;
    Ok(())
}

/// Letters of every kind that a page shows: sent, dead and in doubt; with their ids.
async fn letters_of_every_kind(room: &Room) -> Result<[String; 3]> {
    refuse_twice(room, "dead@example.org", ANSWER);
    room.inbox.script().for_recipient("doubt@example.org", Stage::Body, [Act::AcceptThenClose]);
    let sent = room.invite("sent@example.org").await?;
    let dead = room.invite("dead@example.org").await?;
    let doubt = room.invite("doubt@example.org").await?;
    let mut worker = room.worker().await?;
    room.becomes(&sent, "sent").await?;
    room.becomes(&dead, "dead_letter").await?;
    room.comes_to(&doubt, "HELD").await?;
    worker.finish().await?.expect(0)?;
    Ok([sent, dead, doubt])
}

fn page(name: &str, path: &str, heading: &str) -> Value {
    json!({ "name": name, "path": path, "heading": heading, "status": 200 })
}

fn opened(name: &str, path: &str, heading: &str) -> Value {
    json!({ "name": name, "path": path, "heading": heading, "status": 200, "opened": true })
}

#[tokio::test]
async fn every_page_is_for_everybody_on_every_screen() -> Result<()> {
    let room = Room::open(Kind::Sqlite).await?.configured(SHORT)?;
    let [sent, dead, doubt] = letters_of_every_kind(&room).await?;
    let all = Api::token(&room.postroom, &ALL).await?;
    let reader = Api::token(&room.postroom, &["--scope", "read"]).await?;
    let api = catching(&room.postroom).await?;
    let caught = room.invite("caught@example.org").await?;
    room.becomes(&caught, "sent").await?;
    room.postroom.run(&["pause", "workflow", "digest", "--reason", "a review"]).await?.expect(0)?;
    let empty = Store::migrated(Kind::Sqlite).await?;
    let nothing = Postroom::new()?.with("DATABASE_URL", empty.url());
    let nothing = Api::start_with(&nothing, &["--capture", "--open"]).await?;

    let of = |id: &str| format!("/deliveries/{id}");
    let pages = [
        opened("overview", "/", "Overview"),
        page("deliveries", "/deliveries", "Deliveries"),
        opened("deliveries-search", "/deliveries?workflow=invite", "Deliveries"),
        opened("delivery-sent", &of(&sent), "sent@example.org"),
        opened("delivery-dead", &of(&dead), "dead@example.org"),
        opened("delivery-in-doubt", &of(&doubt), "doubt@example.org"),
        page("dead-letters", "/dead-letters?chosen=page", "Dead letters"),
        page("redrive", "/dead-letters/redrive?workflow=invite", "Put back all that match?"),
        page("in-doubt", "/in-doubt", "In doubt"),
        page("pauses", "/pauses", "Pauses"),
        page("templates", "/templates", "Templates"),
        opened("template", "/templates/invitation", "invitation"),
        page("inbox", "/inbox", "Inbox"),
        opened("caught", "/inbox/1", ""),
        json!({ "name": "not-found", "path": "/deliveries/nobody-knows-it", "heading": "", "status": 404 }),
    ];
    let nothing_there = [
        page("empty-overview", "/", "Overview"),
        page("empty-deliveries", "/deliveries", "Deliveries"),
        page("empty-dead-letters", "/dead-letters", "Dead letters"),
        page("empty-in-doubt", "/in-doubt", "In doubt"),
        page("empty-pauses", "/pauses", "Pauses"),
        page("empty-inbox", "/inbox", "Inbox"),
    ];
    let forbidden = json!({ "name": "forbidden", "path": "/inbox", "heading": "", "status": 403 });
    let sites = json!([
        { "site": api.url, "token": all, "pages": pages },
        { "site": api.url, "pages": [page("sign-in", "/sign-in", "Sign in")] },
        { "site": api.url, "token": reader, "pages": [forbidden] },
        { "site": nothing.url, "pages": nothing_there },
    ]);
    let said = browse("pages", json!({ "sites": sites })).await?;
    assert!(said.contains("23 pages"), "{said}");
    Ok(())
}

#[tokio::test]
async fn stored_text_that_means_harm_is_shown_as_text() -> Result<()> {
    let room = Room::open(Kind::Sqlite).await?.configured(SHORT)?;
    let recipient = "reader@example.org";
    // As long as a subject may be.
    let subject = format!("{HOSTILE}{}", "x".repeat(500 - HOSTILE.len()));
    let data = json!({
        "inviter_name": HOSTILE,
        "organization_name": HOSTILE,
        "role": format!("\u{202e}{HOSTILE}"),
        "accept_url": "https://app.example.org/invitations/accept",
    });
    let hostile = letter(
        recipient,
        json!({
            "subject": subject, "recipient_name": HOSTILE, "source_type": HOSTILE, "source_id": HOSTILE, "data": data,
            "metadata": { HOSTILE: format!("\u{202e}{HOSTILE}") },
        }),
    );
    refuse_twice(&room, recipient, HOSTILE);
    let mut api = Api::start(&room.postroom).await?;
    let turned = letter(recipient, json!({ "subject": "\u{202e}turned" }));
    api.post("/api/deliveries", &turned).await?.problem(422, Some("subject"))?;
    let id = hand_in(&api, &hostile).await?;
    room.becomes(&id, "dead_letter").await?;
    api.process.finish().await?.expect(0)?;

    let api = Api::start_with(&room.postroom, &["--capture", "--open"]).await?;
    room.postroom.run(&["pause", "workflow", "digest", "--reason", HOSTILE]).await?.expect(0)?;
    let given_up = json!({ "path": "/dead-letters", "texts": [HOSTILE] });
    browse("hostile", json!({ "site": api.url, "pages": [given_up] })).await?;
    room.postroom.run(&["retry", &id]).await?.expect(0)?;
    room.becomes(&id, "sent").await?;
    let pages = json!([
        { "path": format!("/deliveries/{id}"), "texts": [HOSTILE] },
        { "path": "/deliveries", "texts": [recipient] },
        { "path": "/pauses", "texts": [HOSTILE] },
        { "path": "/inbox", "texts": ["<script>window.ran = 1"] },
        { "path": "/inbox/1", "texts": [HOSTILE] },
    ]);
    browse("hostile", json!({ "site": api.url, "pages": pages })).await?;
    Ok(())
}
