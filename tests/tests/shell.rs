//! What makes the command line easy to live with: settings that can be seen, completions, manual pages, suggestions.

use anyhow::{Context, Result};
use postroom_tests::Postroom;

#[tokio::test]
async fn every_setting_is_shown_with_its_origin_and_no_secret() -> Result<()> {
    let postroom = Postroom::new()?
        .configured("[smtp]\nhost = \"mail.example.org\"\nusername = \"app\"\n[mailgun]\ntags = [\"a\", \"b\"]\n")?
        .with("SMTP_PASSWORD", "correct horse")
        .with("DATABASE_URL", "postgres://app:hunter2@db.example.org/app")
        .with("EMAIL_WORKER_LEASE", "90s");
    let settings = postroom.run(&["config", "show", "--json"]).await?.expect(0)?;
    let document = settings.json()?;
    let setting = |name: &str| {
        let all = document["settings"].as_array().context("no list of settings")?;
        let found = all.iter().find(|setting| setting["name"] == name).context("no such setting")?;
        Ok::<_, anyhow::Error>((found["value"].as_str().map(str::to_owned), found["from"].as_str().map(str::to_owned)))
    };
    let is = |value: &str, from: &str| (Some(value.to_owned()), Some(from.to_owned()));
    assert_eq!(setting("smtp.host")?, is("mail.example.org", "file"));
    assert_eq!(setting("smtp.password")?, is("***", "environment"));
    assert_eq!(setting("database.url")?, is("***", "environment"));
    assert_eq!(setting("worker.lease")?, is("90s", "environment"));
    assert_eq!(setting("worker.batch_size")?, is("50", "default"));
    assert_eq!(setting("mailgun.tags")?, is("a, b", "file"));
    let text = postroom.run(&["config", "show"]).await?.expect(0)?;
    assert!(text.stdout.contains("EMAIL_WORKER_BATCH_SIZE"), "{}", text.stdout);
    for secret in ["hunter2", "correct horse"] {
        assert!(!settings.stdout.contains(secret) && !text.stdout.contains(secret), "a secret was shown");
    }
    let named =
        postroom.run(&["config", "show", "--json", "--database-url", "sqlite://letters.db"]).await?.expect(0)?;
    assert!(named.stdout.contains("sqlite://letters.db") && named.stdout.contains("command line"), "{}", named.stdout);
    Ok(())
}

#[tokio::test]
async fn a_configuration_is_checked_without_a_worker_or_a_database() -> Result<()> {
    let postroom = Postroom::new()?;
    let bare = postroom.run(&["config", "check"]).await?.expect(2)?;
    for name in ["DATABASE_URL", "SMTP_HOST", "SMTP_FROM_ADDRESS"] {
        assert!(bare.stderr.contains(name), "{name} is missing in\n{}", bare.stderr);
    }
    let complete = postroom
        .with("DATABASE_URL", "postgres://app:hunter2@127.0.0.1:1/app")
        .with("SMTP_HOST", "mail.example.org")
        .with("SMTP_FROM_ADDRESS", "post@example.org");
    let good = complete.run(&["config", "check"]).await?.expect(0)?;
    assert!(good.stdout.contains("in order") && good.stdout.contains("smtp"), "{}", good.stdout);
    complete.run(&["config", "check", "--json"]).await?.expect(0)?.json()?;
    let misspelt = complete.clone().configured("[worker]\nbatchsize = 3\n")?;
    let done = misspelt.run(&["config", "check"]).await?.expect(2)?;
    assert!(done.stderr.contains("did you mean worker.batch_size?"), "{}", done.stderr);
    let unreadable = complete.configured("[templates]\nfolder = \"nowhere\"\n")?;
    let done = unreadable.run(&["config", "check"]).await?.expect(2)?;
    assert!(done.stderr.contains("nowhere"), "{}", done.stderr);
    Ok(())
}

#[tokio::test]
async fn shells_complete_every_command_and_the_manual_describes_it() -> Result<()> {
    // No configuration is read for either, however broken it is.
    let postroom = Postroom::new()?.configured("this is no TOML")?;
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = postroom.run(&["completions", shell]).await?.expect(0)?.stdout;
        for command in ["dead-letters", "in-doubt", "with-failed"] {
            assert!(script.contains(command), "{shell} does not complete {command}");
        }
    }
    let page = postroom.run(&["man"]).await?.expect(0)?.stdout;
    assert!(page.contains(".TH postroom 1") && page.contains("search"), "{page}");
    let folder = postroom.home().join("man");
    postroom.run(&["man", "--dir", &folder.display().to_string()]).await?.expect(0)?;
    let pages = std::fs::read_dir(&folder)?.count();
    assert!(folder.join("postroom-dead-letters-redrive.1").is_file() && pages > 12, "{pages} pages");
    Ok(())
}

#[tokio::test]
async fn what_is_misspelt_gets_a_suggestion() -> Result<()> {
    let postroom = Postroom::new()?;
    for (words, suggestion) in [
        (&["serach"][..], "search"),
        (&["search", "--recipent", "x"], "--recipient"),
        (&["dead-letters", "redrve"], "redrive"),
        (&["search", "--status", "canceled"], "cancelled"),
    ] {
        let done = postroom.run(words).await?.expect(2)?;
        assert!(done.stderr.contains(suggestion), "{words:?}: {}", done.stderr);
        assert!(!done.stderr.contains('\u{1b}'), "a pipe gets no colours");
    }
    Ok(())
}
