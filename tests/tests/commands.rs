//! The command line around the letters: stores, schemas, configuration, and the exit status that scripts read.

use anyhow::Result;
use postroom_tests::{Kind, Postroom, Room, Store, invitation, on_both_stores, until};

on_both_stores![migrate_can_be_repeated_and_checked, a_check_of_an_empty_store_finds_what_is_missing,];

async fn migrate_can_be_repeated_and_checked(kind: Kind) -> Result<()> {
    let store = Store::empty(kind).await?;
    let postroom = Postroom::new()?.with("DATABASE_URL", store.url());
    let first = postroom.run(&["migrate"]).await?.expect(0)?;
    assert!(first.stdout.contains("applied "), "{}", first.stdout);
    let second = postroom.run(&["migrate"]).await?.expect(0)?;
    assert!(second.stdout.contains("nothing to do"), "{}", second.stdout);
    let check = postroom.run(&["migrate", "--check"]).await?.expect(0)?;
    assert!(check.stdout.contains("as this version expects"), "{}", check.stdout);
    let check = postroom.run(&["migrate", "--check", "--json"]).await?.expect(0)?;
    assert_eq!(check.json()?, serde_json::json!({ "drift": [] }));
    Ok(())
}

async fn a_check_of_an_empty_store_finds_what_is_missing(kind: Kind) -> Result<()> {
    let store = Store::empty(kind).await?;
    let postroom = Postroom::new()?.with("DATABASE_URL", store.url());
    let check = postroom.run(&["migrate", "--check"]).await?.expect(1)?;
    assert!(check.stderr.contains("postroom migrate"), "{}", check.stderr);
    assert!(!check.stdout.is_empty(), "it should say what is missing");
    Ok(())
}

#[tokio::test]
async fn a_database_without_the_schema_is_refused_with_the_command_that_makes_it() -> Result<()> {
    let store = Store::empty(Kind::Postgres).await?;
    let postroom = Postroom::new()?.with("DATABASE_URL", store.url());
    let line = invitation("reader@example.org").to_string();
    let done = postroom.feed(&["enqueue", "--file", "-"], line.as_bytes()).await?.expect(3)?;
    assert!(done.stderr.contains("postroom migrate"), "{}", done.stderr);
    Ok(())
}

#[tokio::test]
async fn a_forgotten_variable_puts_no_letter_on_this_machines_disk() -> Result<()> {
    let postroom = Postroom::new()?;
    for words in [&["worker"][..], &["status", "x"], &["migrate"]] {
        let done = postroom.run(words).await?.expect(2)?;
        assert!(done.stderr.contains("DATABASE_URL") && done.stderr.contains("--embedded"), "{}", done.stderr);
    }
    assert_eq!(std::fs::read_dir(postroom.home())?.count(), 0);
    Ok(())
}

#[tokio::test]
async fn letters_can_be_kept_in_a_folder_instead_of_a_database() -> Result<()> {
    let room = Room::open(Kind::Sqlite).await?;
    let folder = room.postroom.home().join("letters of mine").display().to_string();
    let postroom = room.postroom.clone().with("DATABASE_URL", "");
    let here = ["--embedded", "--data-dir", folder.as_str()];
    let line = invitation("reader@example.org").to_string();
    let done = postroom.feed(&[&["enqueue", "--file", "-"], &here[..]].concat(), line.as_bytes()).await?.expect(0)?;
    let status = [&["status", done.line()?, "--json"], &here[..]].concat();
    let mut worker = postroom.worker(&here).await?;
    until("the letter", || async {
        let document = postroom.run(&status).await?.expect(0)?.json()?;
        Ok((document["status"] == "sent").then_some(()))
    })
    .await?;
    let said = worker.finish().await?.expect(0)?;
    assert!(said.stderr.contains(&folder), "the store should be named: {}", said.stderr);
    assert_eq!(room.inbox.count(), 1);
    Ok(())
}

#[tokio::test]
async fn all_mistakes_of_a_configuration_are_told_at_once_and_no_secret_is_repeated() -> Result<()> {
    let postroom = Postroom::new()?
        .configured("[smtp]\nhots = \"mail.example.org\"\n[workflows.invite]\nin_doubt = \"perhaps\"\n")?
        .with("DATABASE_URL", "mysql://user:hunter2@localhost/db")
        .with("SMTP_PORT", "0")
        .with("SMTP_TLS", "maybe")
        .with("SMTP_PASSWORD", "correct horse")
        .with("EMAIL_ENABLED", "perhaps")
        .with("EMAIL_WORKER_BATCH_SIZE", "many");
    let done = postroom.run(&["worker"]).await?.expect(2)?;
    for name in [
        "DATABASE_URL",
        "SMTP_PORT",
        "SMTP_TLS",
        "SMTP_USERNAME",
        "EMAIL_ENABLED",
        "EMAIL_WORKER_BATCH_SIZE",
        "smtp.hots",
        "workflows.invite.in_doubt",
    ] {
        assert!(done.stderr.contains(name), "{name} is missing in\n{}", done.stderr);
    }
    for secret in ["hunter2", "correct horse"] {
        assert!(!done.stderr.contains(secret), "a secret was repeated");
    }
    assert!(done.stdout.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_worker_without_a_mail_server_or_sender_names_both() -> Result<()> {
    let store = Store::migrated(Kind::Sqlite).await?;
    let done = Postroom::new()?.with("DATABASE_URL", store.url()).run(&["worker"]).await?.expect(2)?;
    assert!(done.stderr.contains("SMTP_HOST") && done.stderr.contains("SMTP_FROM_ADDRESS"), "{}", done.stderr);
    Ok(())
}

#[tokio::test]
async fn a_store_that_cannot_be_reached_is_another_exit_status() -> Result<()> {
    // Port 1 is nobody's; the folder is nowhere.
    let home = Postroom::new()?;
    let nowhere = format!("sqlite://{}", home.home().join("nowhere/letters.db").display());
    for url in ["postgres://user:hunter2@127.0.0.1:1/letters", nowhere.as_str()] {
        let done = home.clone().with("DATABASE_URL", url).run(&["status", "x"]).await?.expect(3)?;
        assert!(!done.stderr.is_empty() && !done.stderr.contains("hunter2"), "{}", done.stderr);
    }
    Ok(())
}
