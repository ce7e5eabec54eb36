//! Settings and templates that are wrong.

use anyhow::Result;
use postroom_tests::{Kind, Postroom, Store};

use crate::doctor;

#[tokio::test]
async fn every_mistake_of_the_configuration_is_a_finding_and_the_rest_is_asked_all_the_same() -> Result<()> {
    let store = Store::migrated(Kind::Postgres).await?;
    let postroom = Postroom::new()?
        .configured("[smtp]\nhots = \"mail.example.org\"\n[worker]\nlease = \"soon\"\n")?
        .with("DATABASE_URL", store.url())
        .with("SMTP_PASSWORD", "hunter2");
    let found = doctor(&postroom, &["--only", "configuration,database,templates"], 1).await?;
    found.names("configuration.setting", "error", "did you mean smtp.host?");
    found.names("configuration.setting", "error", "worker.lease");
    found.names("configuration.setting", "error", "SMTP_USERNAME");
    found.names("configuration.setting", "error", "SMTP_FROM_ADDRESS");
    found.names("database.schema", "ok", "");
    Ok(())
}

#[tokio::test]
async fn a_server_whose_settings_have_mistakes_is_not_asked_by_what_is_left_of_them() -> Result<()> {
    let postroom = Postroom::new()?.with("SMTP_HOST", "localhost").with("SMTP_PORT", "0").with("SMTP_TLS", "perhaps");
    let found = doctor(&postroom, &["--only", "transports"], 1).await?;
    found.names("transports.connect", "error", "was not asked");
    Ok(())
}

#[tokio::test]
async fn a_store_that_nobody_named_and_letters_in_plain_text_are_named() -> Result<()> {
    let postroom = Postroom::new()?
        .with("SMTP_HOST", "192.0.2.25")
        .with("SMTP_TLS", "none")
        .with("SMTP_FROM_ADDRESS", "post@example.org");
    let found = doctor(&postroom, &["--only", "configuration"], 1).await?;
    found.names("configuration.setting", "error", "DATABASE_URL");
    found.names("configuration.setting", "warning", "SMTP_TLS");
    let found = doctor(&postroom, &["--only", "database"], 1).await?;
    found.names("database.reachable", "error", "no store is named");
    Ok(())
}

#[tokio::test]
async fn a_configuration_file_that_is_not_there_is_a_finding() -> Result<()> {
    let words = ["--config", "nowhere.toml", "--only", "configuration"];
    doctor(&Postroom::new()?, &words, 1).await?.names("configuration.setting", "error", "nowhere.toml");
    Ok(())
}

#[tokio::test]
async fn a_mistake_in_a_template_is_named_by_its_file() -> Result<()> {
    let postroom = Postroom::new()?;
    let folder = postroom.home().join("letters");
    std::fs::create_dir_all(folder.join("notice"))?;
    std::fs::write(folder.join("notice/subject.txt.j2"), "{% if %}")?;
    let postroom = postroom.with("POSTROOM_TEMPLATES", folder.display().to_string());
    let found = doctor(&postroom, &["--only", "templates"], 1).await?;
    found.names("templates.lint", "error", "notice/subject.txt.j2");
    Ok(())
}
