//! Access tokens from the command line: shown once, listed without their secret, revoked by id.

use anyhow::{Context, Result};
use postroom_tests::{Kind, Postroom, Store, on_both_stores};
use serde_json::{Value, json};

on_both_stores![
    a_token_is_shown_once_and_listed_without_its_secret,
    a_token_is_revoked_by_its_id,
    what_is_no_token_is_refused_by_flag_and_nothing_is_stored,
];

async fn postroom(kind: Kind) -> Result<(Store, Postroom)> {
    let store = Store::migrated(kind).await?;
    let postroom = Postroom::new()?.with("DATABASE_URL", store.url());
    Ok((store, postroom))
}

async fn create(postroom: &Postroom, flags: &[&str]) -> Result<Value> {
    let words = [&["tokens", "create", "--json", "--name", "the shop"], flags].concat();
    postroom.run(&words).await?.expect(0)?.json()
}

fn text<'a>(document: &'a Value, field: &str) -> Result<&'a str> {
    document[field].as_str().with_context(|| format!("{field} in {document}"))
}

async fn a_token_is_shown_once_and_listed_without_its_secret(kind: Kind) -> Result<()> {
    let (_store, postroom) = postroom(kind).await?;
    assert!(postroom.run(&["tokens", "list"]).await?.expect(0)?.line()?.contains("postroom tokens create"));
    let plain =
        postroom.run(&["tokens", "create", "--name", "support", "--scope", "read, operate"]).await?.expect(0)?;
    let shown = plain.line()?;
    let (id, secret) = shown.strip_prefix("postroom_").and_then(|rest| rest.split_once('_')).context("its form")?;
    assert_eq!((id.len(), secret.len()), (16, 43));
    assert!(plain.stderr.contains("Authorization: Bearer postroom_"), "{}", plain.stderr);
    assert!(plain.stderr.contains(&format!("postroom tokens revoke {id}")), "{}", plain.stderr);
    assert!(!plain.stderr.contains(secret), "the token goes where it can be piped, and nowhere else");

    let document = create(&postroom, &["--scope", "enqueue", "--tenant", "north", "--expires", "90d"]).await?;
    let token = text(&document, "token")?;
    assert!(token.starts_with(&format!("postroom_{}_", text(&document, "token_id")?)), "{token}");
    assert_ne!(token, shown);
    let mut listed = document.clone();
    listed.as_object_mut().context("an object")?.remove("token");
    let list = postroom.run(&["tokens", "list", "--json"]).await?.expect(0)?;
    assert_eq!(list.json()?["tokens"][0], listed, "the newest first");
    assert_eq!(list.json()?["tokens"][1]["scopes"], json!(["read", "operate"]));
    assert_eq!((&listed["tenant_id"], &listed["last_used_at"]), (&json!("north"), &Value::Null));
    let moment = |field| anyhow::Ok(text(&listed, field)?.parse::<jiff::Timestamp>()?);
    let lasts = moment("expires_at")?.duration_since(moment("created_at")?);
    assert_eq!(lasts.as_hours(), 90 * 24);

    let table = postroom.run(&["tokens", "list"]).await?.expect(0)?.stdout;
    for words in ["TOKEN", "the shop", "support", "read,operate", "north", id] {
        assert!(table.contains(words), "{words} in\n{table}");
    }
    for everything in [&list.stdout, &table] {
        assert!(!everything.contains(secret) && !everything.contains("digest"), "{everything}");
    }
    Ok(())
}

async fn a_token_is_revoked_by_its_id(kind: Kind) -> Result<()> {
    let (_store, postroom) = postroom(kind).await?;
    let document = create(&postroom, &["--scope", "read"]).await?;
    let id = text(&document, "token_id")?;
    let near = format!("{}{}", &id[..15], if id.ends_with('a') { 'b' } else { 'a' });
    let unknown = postroom.run(&["tokens", "revoke", &near]).await?.expect(1)?;
    assert!(unknown.stderr.contains(&format!("did you mean {id}?")), "{}", unknown.stderr);
    let done = postroom.run(&["tokens", "revoke", id]).await?.expect(0)?;
    assert_eq!(done.line()?, format!("the token {id} is revoked"));
    let again = postroom.run(&["tokens", "revoke", id]).await?.expect(0)?;
    assert!(again.line()?.contains("before"), "{}", again.stdout);
    let list = postroom.run(&["tokens", "list", "--json"]).await?.expect(0)?.json()?;
    assert!(list["tokens"][0]["revoked_at"].is_string(), "{list}");
    let whole = postroom.run(&["tokens", "revoke", text(&document, "token")?]).await?.expect(2)?;
    assert!(whole.stderr.contains("TOKEN_ID"), "{}", whole.stderr);
    assert!(!whole.stderr.contains(text(&document, "token")?), "a token is not repeated");
    Ok(())
}

async fn what_is_no_token_is_refused_by_flag_and_nothing_is_stored(kind: Kind) -> Result<()> {
    let (_store, postroom) = postroom(kind).await?;
    let long = "x".repeat(101);
    for (flag, flags) in [
        ("--name", ["--name", "", "--scope", "read"]),
        ("--name", ["--name", &long, "--scope", "read"]),
        ("--name", ["--name", "two\nlines", "--scope", "read"]),
        ("--scope", ["--name", "x", "--scope", "everything"]),
        ("--scope", ["--name", "x", "--scope", ""]),
    ] {
        let done = postroom.run(&[&["tokens", "create"], &flags[..]].concat()).await?.expect(2)?;
        assert!(done.stderr.contains(flag), "{flags:?}: {}", done.stderr);
    }
    for (flag, value) in [("--tenant", ""), ("--expires", "0s"), ("--expires", "soon"), ("--expires", "-1h")] {
        let value = format!("{flag}={value}");
        let words = ["tokens", "create", "--name", "x", "--scope", "read", value.as_str()];
        let done = postroom.run(&words).await?.expect(2)?;
        assert!(done.stderr.contains(flag), "{value}: {}", done.stderr);
    }
    assert_eq!(postroom.run(&["tokens", "list", "--json"]).await?.expect(0)?.json()?, json!({ "tokens": [] }));
    Ok(())
}
