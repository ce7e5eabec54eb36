//! What lies in `deploy/`, as those who read it read it. No image is built here.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use anyhow::{Context as _, Result};
use postroom_tests::{Kind, Postroom, Room, program, sources, workspace};
use yaml_rust2::{Yaml, YamlLoader};

const UNITS: [&str; 2] = ["postroom.service", "postroom-worker.service"];

fn read(path: &str) -> Result<String> {
    fs::read_to_string(workspace().join(path)).with_context(|| path.to_owned())
}

#[test]
fn every_alert_fires_when_it_should_and_is_quiet_when_not() -> Result<()> {
    let folder = workspace().join("deploy");
    for words in [["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]] {
        let done = program("promtool", "prometheus", &words, &folder)?;
        let said = [done.stdout, done.stderr].concat();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&said));
    }
    Ok(())
}

#[test]
fn every_alert_has_both_tests_and_says_what_to_do() -> Result<()> {
    let (rules, tests) = (read("deploy/alerts.yml")?, read("deploy/alerts_test.yml")?);
    let alerts: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() > 8);
    for alert in &alerts {
        for what in ["fires", "stays quiet"] {
            assert!(tests.contains(&format!("- name: {alert} {what}\n")), "no test: {alert} {what}");
        }
    }
    let page = read("docs/operating.md")?;
    let sections: BTreeSet<String> = page.lines().filter_map(|line| line.strip_prefix("## ")).map(anchor).collect();
    let links: Vec<&str> = rules.split("docs/operating.md#").skip(1).collect();
    assert_eq!(links.len(), alerts.len(), "each says where to read on");
    for link in links {
        let end = link.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(link.len());
        assert!(sections.contains(&link[..end]), "docs/operating.md has no section {}", &link[..end]);
    }
    Ok(())
}

fn anchor(title: &str) -> String {
    let kept = title.to_lowercase().chars().filter(|c| c.is_alphanumeric() || *c == ' ').collect::<String>();
    kept.replace(' ', "-")
}

#[test]
fn units_can_be_loaded_and_may_do_little() -> Result<()> {
    let home = tempfile::tempdir()?;
    for unit in UNITS {
        // It must name a program that is there.
        let text = read(&format!("deploy/{unit}"))?.replace("/usr/local/bin/postroom", "/bin/true");
        fs::write(home.path().join(unit), text)?;
        let path = home.path().join(unit);
        let path = path.to_string_lossy();
        let verified = program("systemd-analyze", "systemd", &["verify", &path], home.path())?;
        let said = String::from_utf8_lossy(&verified.stderr).into_owned();
        assert!(verified.status.success() && !said.contains(unit), "{said}");
        // The threshold is in tenths.
        let words = ["security", "--offline=yes", "--threshold=20", &path];
        let judged = program("systemd-analyze", "systemd", &words, home.path())?;
        assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stdout));
    }
    Ok(())
}

#[test]
fn the_image_is_of_known_versions_runs_as_nobody_and_holds_no_secret() -> Result<()> {
    let text = read("deploy/Dockerfile")?;
    let lines: Vec<&str> = text.lines().collect();
    let bases = || lines.iter().filter_map(|line| line.strip_prefix("FROM "));
    assert_eq!(bases().count(), 2, "one that builds and one that runs");
    for base in bases() {
        let (_, tag) =
            base.split(' ').next().and_then(|image| image.split_once(':')).context("an image without a tag")?;
        assert!(tag != "latest" && tag.starts_with(|c: char| c.is_ascii_digit()), "{tag}");
    }
    let last = text.rsplit("FROM ").next().unwrap_or_default();
    assert!(last.contains("\nUSER 10001:10001\n") && last.contains("\"healthcheck\"]"));
    assert!(!last.contains("\nRUN "), "nothing is run in what is shipped");
    for word in ["PASSWORD", "API_KEY", "SECRET", "ARG ", "DATABASE_URL"] {
        assert!(!text.contains(word), "the image knows {word}");
    }
    let ignored = read(".dockerignore")?;
    for name in [".git", "target", "deploy/secrets", "postroom.toml"] {
        assert!(ignored.lines().any(|line| line == name), "{name} gets into the image's build");
    }
    Ok(())
}

#[test]
fn the_composition_is_whole() -> Result<()> {
    let all = YamlLoader::load_from_str(&read("deploy/compose.yaml")?)?.pop().context("it is empty")?;
    let services = &all["services"];
    for name in ["database", "mailpit", "migrate", "postroom"] {
        assert!(!services[name].is_badvalue(), "no service {name}");
    }
    // Over TCP: the server that sets a fresh database up answers on the socket, before there is anything to migrate.
    let healthy = services["database"]["healthcheck"]["test"].as_vec().context("no health check")?;
    assert!(healthy.iter().any(|word| word.as_str() == Some("--host")), "{healthy:?}");
    assert!(!services["database"]["volumes"][0].is_badvalue() && !all["volumes"].is_badvalue());
    let conditions = &services["postroom"]["depends_on"];
    assert_eq!(conditions["migrate"]["condition"].as_str(), Some("service_completed_successfully"));
    assert_eq!(conditions["database"]["condition"].as_str(), Some("service_healthy"));
    let common = &all["x-postroom"];
    assert_eq!(common["environment"]["SMTP_TLS"].as_str(), Some("none"));
    assert_eq!(common["environment"]["DATABASE_URL_FILE"].as_str(), Some("/run/secrets/database-url"));
    for name in ["database", "mailpit"] {
        let (_, tag) = services[name]["image"].as_str().and_then(|image| image.split_once(':')).context("no tag")?;
        assert!(tag != "latest", "{name} is of no known version");
    }
    for (name, _) in all["secrets"].as_hash().context("no secrets")? {
        assert!(matches!(&all["secrets"][name.as_str().unwrap_or_default()]["file"], Yaml::String(_)), "{name:?}");
    }
    Ok(())
}

#[test]
fn every_variable_that_is_set_is_a_setting() -> Result<()> {
    let manual = read("docs/configuration.md")?;
    let mut seen = 0;
    for file in sources("deploy")? {
        let words = file.text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let prefixes = ["SMTP_", "MAILGUN_", "EMAIL_", "DATABASE_URL", "POSTROOM_"];
        for word in words.filter(|word| prefixes.iter().any(|prefix| word.starts_with(prefix))) {
            seen += 1;
            assert!(manual.contains(&format!("`{word}`")), "{}: {word} is no setting", file.path);
        }
    }
    assert!(seen > 6, "these are not all: {seen}");
    Ok(())
}

/// What systemd hears until it has heard `wanted`.
fn hears(socket: &UnixDatagram, wanted: &str) -> Result<()> {
    let mut buffer = [0; 512];
    let mut heard = String::new();
    while !heard.lines().any(|line| line == wanted) {
        let length = socket.recv(&mut buffer).with_context(|| format!("no {wanted}; it said: {heard}"))?;
        heard.push_str(std::str::from_utf8(&buffer[..length])?);
        heard.push('\n');
    }
    Ok(())
}

async fn tells_systemd(room: &Room, words: &[&str]) -> Result<()> {
    let path = room.postroom.home().join("notify");
    let socket = UnixDatagram::bind(&path)?;
    socket.set_read_timeout(Some(Duration::from_mins(1)))?;
    let postroom: Postroom = room.postroom.clone().with("NOTIFY_SOCKET", path.to_string_lossy());
    let mut process = postroom.with("WATCHDOG_USEC", "400000").start(words)?;
    let socket = tokio::task::spawn_blocking(move || {
        hears(&socket, "READY=1")?;
        hears(&socket, "WATCHDOG=1")?;
        anyhow::Ok(socket)
    })
    .await??;
    process.signal(postroom_tests::Signal::Term).await?;
    tokio::task::spawn_blocking(move || hears(&socket, "STOPPING=1")).await??;
    process.end().await?.expect(0)?;
    fs::remove_file(&path)?;
    Ok(())
}

#[tokio::test]
async fn systemd_hears_that_the_service_is_ready_lives_and_leaves() -> Result<()> {
    let room = Room::open(Kind::Sqlite).await?;
    tells_systemd(&room, &["worker"]).await?;
    tells_systemd(&room, &["serve", "--listen", "127.0.0.1:0"]).await?;
    let quiet = room.with("EMAIL_WORKER_ENABLED", "false");
    tells_systemd(&quiet, &["serve", "--listen", "127.0.0.1:0"]).await
}
