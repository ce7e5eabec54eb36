//! Templates from the command line: what there is, what is wrong with it, and what a letter looks like. None of it needs
//! a database or a mail server.

use std::fs;

use anyhow::{Context, Result};
use postroom_tests::Postroom;

/// A whole template with this text part, in a folder of the binary's home.
fn template(postroom: &Postroom, name: &str, text: &str, sample: &str) -> Result<()> {
    let folder = postroom.home().join("own").join(name);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("subject.txt.j2"), "A subject\n")?;
    fs::write(folder.join("body.html.j2"), "<!doctype html><html lang=\"en\" dir=\"ltr\"><p>A body</p></html>\n")?;
    fs::write(folder.join("body.txt.j2"), text)?;
    fs::write(folder.join("sample.json"), sample)?;
    Ok(())
}

fn with_folder() -> Result<Postroom> {
    let postroom = Postroom::new()?;
    fs::create_dir_all(postroom.home().join("own"))?;
    Ok(postroom.with("POSTROOM_TEMPLATES", "own"))
}

#[tokio::test]
async fn templates_are_listed_with_what_they_need_and_their_languages() -> Result<()> {
    let postroom = with_folder()?;
    template(&postroom, "report", "{{ total }}\n", "{\"total\": 7}")?;
    let text = postroom.run(&["templates", "list"]).await?.expect(0)?.stdout;
    for word in ["hub/welcome", "sign_in_url", "ar, de", "report", "total"] {
        assert!(text.contains(word), "{word} is missing in\n{text}");
    }
    let document = postroom.run(&["templates", "list", "--json"]).await?.expect(0)?.json()?;
    let listed = document["templates"].as_array().context("no list")?;
    let invitation = listed.iter().find(|template| template["name"] == "invitation").context("no invitation")?;
    assert_eq!(invitation["locales"], serde_json::json!(["de"]));
    assert!(invitation["required"].as_array().context("no list")?.contains(&"accept_url".into()));
    assert!(invitation["optional"].as_array().context("no list")?.contains(&"expires_in".into()));
    assert!(invitation["version"].as_str().is_some_and(|version| version.len() == 16));
    Ok(())
}

#[tokio::test]
async fn what_comes_with_the_binary_is_clean_and_what_is_not_is_told() -> Result<()> {
    let clean = Postroom::new()?.run(&["templates", "lint"]).await?.expect(0)?;
    assert!(clean.stdout.contains("nothing to find fault with"), "{}", clean.stdout);
    let postroom = with_folder()?;
    template(&postroom, "report", "Total\n", "{\"total\": 7}")?;
    let warned = postroom.run(&["templates", "lint"]).await?.expect(0)?;
    assert!(
        warned.stdout.contains("unused-sample") && warned.stdout.contains("report/sample.json"),
        "{}",
        warned.stdout
    );
    // One that no worker would start with.
    template(&postroom, "broken", "{% if %}\n", "{}")?;
    let done = postroom.run(&["templates", "lint"]).await?.expect(1)?;
    assert!(done.stdout.contains("broken/body.txt.j2") && done.stdout.contains("unused-sample"), "{}", done.stdout);
    assert!(done.stderr.contains("one error"), "{}", done.stderr);
    let document = postroom.run(&["templates", "lint", "--json"]).await?.expect(1)?.json()?;
    assert_eq!((&document["errors"], &document["warnings"]), (&1.into(), &1.into()));
    assert_eq!(document["findings"][0]["rule"], "syntax");
    Ok(())
}

#[tokio::test]
async fn a_letter_is_seen_from_its_sample_in_every_form() -> Result<()> {
    let postroom = Postroom::new()?;
    let html = postroom.run(&["preview", "invitation"]).await?.expect(0)?;
    assert!(html.stdout.starts_with("<!DOCTYPE html>") && html.stderr.is_empty(), "{}", html.stderr);
    let subject = postroom.run(&["preview", "invitation", "--format", "subject"]).await?.expect(0)?;
    assert_eq!(subject.line()?, "You've been invited to join Sample Organization");
    let text = postroom.run(&["preview", "invitation", "--format", "text"]).await?.expect(0)?.stdout;
    assert!(text.starts_with("Hello Sam,\n") && text.contains("\n-- \n"), "{text}");
    let eml =
        postroom.run(&["preview", "invitation", "--format", "eml", "--to", "sam@example.net"]).await?.expect(0)?;
    assert!(eml.stderr.contains("sender@example.org"), "{}", eml.stderr);
    for line in ["From: <sender@example.org>\r\n", "To: <sam@example.net>\r\n", "multipart/alternative"] {
        assert!(eml.stdout.contains(line), "{line:?} is missing in\n{}", eml.stdout);
    }
    let document = postroom.run(&["preview", "invitation", "--json", "--locale", "de-AT"]).await?.expect(0)?.json()?;
    assert_eq!(document["locale"], "de");
    assert_eq!(document["subject"], "Einladung zu Musterverlag");
    Ok(())
}

#[tokio::test]
async fn an_eml_is_what_the_workflow_would_send() -> Result<()> {
    let file = "[sender]\naddress = \"post@example.org\"\nname = \"Example\"\n[workflows.digest]\nlocale = \"de\"\n\
                unsubscribe = \"https://app.example.org/leave\"\n[workflows.digest.sender]\naddress = \"digest@example.org\"";
    let postroom = Postroom::new()?.configured(file)?;
    let words = ["preview", "invitation", "--format", "eml", "--workflow", "digest"];
    let eml = postroom.run(&words).await?.expect(0)?;
    assert!(eml.stderr.is_empty(), "{}", eml.stderr);
    for word in ["digest@example.org", "List-Unsubscribe: <https://app.example.org/leave>", "Einladung zu"] {
        assert!(eml.stdout.contains(word), "{word} is missing in\n{}", eml.stdout);
    }
    let plain = postroom.run(&words[..4]).await?.expect(0)?.stdout;
    assert!(plain.contains("post@example.org") && plain.contains("invited"), "{plain}");
    Ok(())
}

#[tokio::test]
async fn data_of_ones_own_takes_the_place_of_the_sample() -> Result<()> {
    let postroom = Postroom::new()?;
    let words = ["preview", "verification-code", "--data", "-", "--format", "text"];
    let data = b"{\"code\": \"998877\", \"expires_in\": \"5 minutes\"}";
    let text = postroom.feed(&words, data).await?.expect(0)?.stdout;
    assert!(text.contains("998877") && text.starts_with("Hello,"), "{text}");
    let file = postroom.write("data.json", b"{\"expires_in\": \"5 minutes\"}")?;
    let missing = postroom.run(&["preview", "verification-code", "--data", &file]).await?.expect(1)?;
    assert!(missing.stderr.contains("data.code: missing"), "{}", missing.stderr);
    let list = postroom.feed(&words, b"[1, 2]").await?.expect(2)?;
    assert!(list.stderr.contains("one JSON object"), "{}", list.stderr);
    let gone = postroom.run(&["preview", "verification-code", "--data", "gone.json"]).await?.expect(2)?;
    assert!(gone.stderr.contains("gone.json"), "{}", gone.stderr);
    Ok(())
}

#[tokio::test]
async fn what_is_misspelt_gets_a_suggestion() -> Result<()> {
    let postroom = Postroom::new()?;
    for (words, status, suggestion) in [
        (&["preview", "invitatoin"][..], 1, "did you mean 'invitation'?"),
        (&["preview", "newsletter"], 1, "postroom templates list"),
        (&["preview", "invitation", "--format", "htm"], 2, "html"),
        (&["preview", "invitation", "--locale", "german"], 2, "pt-BR"),
        (&["templates", "lnt"], 2, "lint"),
    ] {
        let done = postroom.run(words).await?.expect(status)?;
        assert!(done.stderr.contains(suggestion), "{words:?}: {}", done.stderr);
    }
    let fallback = postroom.run(&["preview", "invitation", "--locale", "fr"]).await?.expect(0)?;
    assert!(fallback.stderr.contains("not there in fr"), "{}", fallback.stderr);
    Ok(())
}

#[tokio::test]
async fn each_portal_has_its_own_brand_and_a_misspelt_one_is_found_out() -> Result<()> {
    let file = "[brand]\nname = \"Everybody\"\nfooter = \"All of us\"\n[brand.hub]\naccent = \"#0b6e4f\"\ntone = \"formal\"\n\
                links = { Help = \"https://hub.example.org/help\" }\n";
    let postroom = Postroom::new()?.configured(file)?;
    let hub = postroom.run(&["preview", "hub/welcome"]).await?.expect(0)?.stdout;
    assert!(hub.contains("#0b6e4f") && hub.contains("hub.example.org/help") && hub.contains("Dear Sam"), "{hub}");
    assert!(!hub.contains("Everybody") && !hub.contains("All of us"), "the hub's letters bear their own brand alone");
    let org = postroom.run(&["preview", "org/welcome"]).await?.expect(0)?.stdout;
    assert!(org.contains("Everybody") && org.contains("All of us") && !org.contains("#0b6e4f"), "{org}");
    let shown = postroom.run(&["config", "show"]).await?.expect(0)?.stdout;
    for name in ["brand.hub.accent", "brand.hub.links.Help", "brand.hub.footer", "brand.tone"] {
        assert!(shown.contains(name), "{name} is missing in\n{shown}");
    }
    for (file, said) in [
        ("[brand.hub]\nacent = \"#0b6e4f\"", "did you mean brand.hub.accent?"),
        ("[brand.hubb]\naccent = \"#0b6e4f\"", "brand.hubb: is for a portal that no template lies in"),
        ("[brand.hub]\nbackground = \"#808080\"", "brand.hub.background: lies between light and dark"),
        ("[brand.hub]\nlogo_url = \"https://static.example.org/logo.png\"", "brand.hub.logo_alt: is missing"),
        ("[brand.hub]\ntone = \"rude\"\n[brand.org]\naccent = \"red\"", "brand.org.accent: is not a colour"),
    ] {
        let done = Postroom::new()?.configured(file)?.run(&["preview", "hub/welcome"]).await?.expect(2)?;
        assert!(done.stderr.contains(said), "{file}: {}", done.stderr);
    }
    Ok(())
}
