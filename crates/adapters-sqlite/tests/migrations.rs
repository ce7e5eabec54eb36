//! The schema: brought up to date once, whoever asks, and compared with what it should be.
#![expect(clippy::unwrap_used, reason = "a test states what must hold")]

mod home;

use home::Home;
use postroom_adapters_sqlite::config::SqliteConfig;
use postroom_adapters_sqlite::migrate::{check, migrate};
use postroom_adapters_sqlite::store::SqliteStore;
use postroom_ports::error::PortErrorKind;
use postroom_ports::tracker::DeliveryTracker;

/// The names of the files, less the ending.
fn files() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn everything_runs_once() {
    let home = Home::new();
    assert_eq!(migrate(&home.config()).await.unwrap(), files());
    assert!(migrate(&home.config()).await.unwrap().is_empty(), "the second time there is nothing to do");
    assert!(check(&home.config()).await.unwrap().is_none());
}

#[tokio::test]
async fn of_two_at_once_one_does_the_work() {
    for _ in 0..5 {
        let home = Home::new();
        let (one, other) = (home.config(), home.config());
        let (one, other) = tokio::join!(
            tokio::spawn(async move { migrate(&one).await }),
            tokio::spawn(async move { migrate(&other).await })
        );
        let mut ran = [one.unwrap().unwrap(), other.unwrap().unwrap()];
        ran.sort_by_key(Vec::len);
        assert_eq!(ran, [Vec::new(), files()]);
        assert!(check(&home.config()).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_has_everything_pending_and_stays_away() {
    let home = Home::new();
    let drift = check(&home.config()).await.unwrap();
    assert_eq!(drift.pending, files());
    assert!(!home.path().exists(), "a check makes no file");
}

#[tokio::test]
async fn an_empty_file_has_everything_pending_and_says_that_it_is_not_migrated() {
    let home = Home::new();
    let store = home.store().await;
    assert_eq!(check(&home.config()).await.unwrap().pending, files());
    assert_eq!(store.tracker().counts().await.unwrap_err().kind(), PortErrorKind::NotMigrated);
    store.close().await;
}

#[tokio::test]
async fn what_was_changed_by_hand_is_found_and_the_host_s_own_tables_are_not() {
    let home = Home::migrated().await;
    let mut connection = home.connection().await;
    sqlx::query("CREATE TABLE orders (id INTEGER)").execute(&mut connection).await.unwrap();
    assert!(check(&home.config()).await.unwrap().is_none());
    sqlx::query("DROP TRIGGER deliveries_guard_update").execute(&mut connection).await.unwrap();
    sqlx::query("ALTER TABLE workers ADD COLUMN mood TEXT").execute(&mut connection).await.unwrap();
    let drift = check(&home.config()).await.unwrap();
    assert_eq!(drift.altered, ["deliveries_guard_update", "workers"]);
    assert!(drift.pending.is_empty() && drift.foreign.is_empty());
}

#[tokio::test]
async fn a_migration_that_changed_after_it_ran_is_refused() {
    let home = Home::migrated().await;
    let mut connection = home.connection().await;
    let sql = "UPDATE _postroom_migrations SET checksum = x'00' WHERE name LIKE '%deliveries_create'";
    sqlx::query(sql).execute(&mut connection).await.unwrap();
    assert_eq!(check(&home.config()).await.unwrap().foreign.len(), 1);
    let error = migrate(&home.config()).await.unwrap_err();
    assert!(error.to_string().contains("deliveries_create"), "{error}");
}

#[tokio::test]
async fn a_newer_schema_than_the_program_s_is_found() {
    let home = Home::migrated().await;
    let mut connection = home.connection().await;
    let sql = "INSERT INTO _postroom_migrations (version, name, checksum) VALUES (99999999999999, 'future', x'00')";
    sqlx::query(sql).execute(&mut connection).await.unwrap();
    assert_eq!(check(&home.config()).await.unwrap().newer, ["future"]);
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::migrated().await;
    let store = home.store().await;
    store.tracker().counts().await.unwrap();
    for name in std::fs::read_dir(home.path().parent().unwrap()).unwrap() {
        let path = name.unwrap().path();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
    store.close().await;
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let home = Home::new();
    let path = home.path().parent().unwrap().join("nowhere").join("letters.sqlite");
    let error = SqliteStore::connect(SqliteConfig::new(&path)).await.unwrap_err();
    assert!(error.to_string().contains("nowhere does not exist"), "{error}");
    assert!(!error.is_transient());
}

#[tokio::test]
async fn what_is_no_database_is_corrupt() {
    let home = Home::new();
    std::fs::write(home.path(), "This is a letter, and a long one, but by no means a database. ".repeat(100)).unwrap();
    let error = SqliteStore::connect(home.config()).await.unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::Corrupt, "{error}");
}
