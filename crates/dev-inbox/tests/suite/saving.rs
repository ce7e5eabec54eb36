//! Letters on disk: the receiver's own history.

use std::fs;
use std::path::Path;

use postroom_dev_inbox::{Act, Config, DevInbox, InboxError, Stage};

use crate::client::{Client, start};

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn every_accepted_letter_is_on_disk_before_its_reply() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("made/on/demand");
    let inbox = start(Config::default().save_to(&folder)).await;
    let mut client = Client::greeted(&inbox).await;
    client.sends_a_letter("ada+tag@example.org", "Subject: x\r\n\r\n..").await;
    assert_eq!(names(&folder), ["0001-ada+tag.eml"]);
    assert_eq!(fs::read(folder.join("0001-ada+tag.eml")).unwrap(), inbox.letters()[0].bytes);

    // Accepted and never told: that one is on disk too; a refused one is not.
    inbox.script().next(Stage::Body, Act::out_of_order());
    inbox.script().next(Stage::Body, Act::AcceptThenClose);
    client.envelope(&["refused@example.org"]).await;
    client.ask("DATA", "354 ").await;
    client.ask("hello\r\n.", "451 ").await;
    client.envelope(&["a/b@example.org", "c@example.org"]).await;
    client.ask("DATA", "354 ").await;
    client.say("hello\r\n.\r\n").await;
    client.finds_it_closed().await;
    assert_eq!(names(&folder), ["0001-ada+tag.eml", "0002-a_b.eml"]);
}

#[tokio::test]
async fn a_second_run_writes_over_nothing_of_the_first() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let mut inbox = start(Config::default().save_to(folder.path())).await;
        Client::greeted(&inbox).await.sends_a_letter("ada@example.org", "hello").await;
        inbox.stop().await;
    }
    assert_eq!(names(folder.path()), ["0001-ada.eml", "0002-ada.eml"]);
}

#[tokio::test]
async fn a_letter_that_cannot_be_saved_is_not_accepted() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("letters");
    let inbox = start(Config::default().save_to(&folder)).await;
    let mut client = Client::greeted(&inbox).await;
    fs::remove_dir(&folder).unwrap();
    client.envelope(&["ada@example.org"]).await;
    client.ask("DATA", "354 ").await;
    client.ask("hello\r\n.", "452 4.3.1").await;
    assert_eq!(inbox.count(), 0);

    fs::create_dir(&folder).unwrap();
    client.sends_a_letter("ada@example.org", "hello").await;
    assert_eq!(names(&folder), ["0001-ada.eml"]);
}

#[tokio::test]
async fn a_folder_that_cannot_be_one_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = DevInbox::start(Config::default().save_to(file.path())).await.unwrap_err();
    assert!(matches!(&error, InboxError::Folder { path, .. } if path == file.path()), "{error:?}");
}
