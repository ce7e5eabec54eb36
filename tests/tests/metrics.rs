//! The figures of the real binary, compared with what truly happened.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, Result, ensure};
use postroom_dev_inbox::{Act, Config, Stage};
use postroom_test_database::{Durability, Server};
use postroom_tests::{Api, Kind, Room, Store, invitation, on_both_stores, program, until, workspace};

on_both_stores![what_happened_is_what_the_figures_say];

/// The value of one series.
fn value(text: &str, series: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

/// The names of all metrics, as queries spell them.
fn names(text: &str) -> BTreeSet<String> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    types
        .map(|(name, kind)| match kind {
            "counter" => format!("{name}_total"),
            "info" => format!("{name}_info"),
            _ => name.to_owned(),
        })
        .collect()
}

async fn scrape(api: &Api) -> Result<String> {
    let answer = api.get("/metrics").await?.expect(200)?;
    let kind = answer.headers["content-type"].to_str()?;
    ensure!(kind.starts_with("application/openmetrics-text; version=1.0.0"), "{kind}");
    ensure!(answer.text.ends_with("# EOF\n"), "the text is cut");
    Ok(answer.text)
}

/// Waits until a series has this value: the store is asked every few seconds at most.
async fn shows(api: &Api, series: &str, wanted: f64) -> Result<String> {
    let look = || async {
        let text = scrape(api).await?;
        Ok((value(&text, series) == Some(wanted)).then_some(text))
    };
    let shown = until(series, look).await;
    let text = scrape(api).await?;
    shown.with_context(|| text)
}

async fn what_happened_is_what_the_figures_say(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?.configured("[workflows.invite]\nmax_attempts = 1\n")?;
    room.inbox.script().for_recipient("refused@example.org", Stage::Rcpt, [Act::no_such_mailbox()]);
    room.inbox.script().for_recipient("dead@example.org", Stage::Rcpt, [Act::out_of_order()]);
    let api = Api::start(&room.postroom).await?;
    let mut ids = Vec::new();
    for (reader, status) in
        [("one", "sent"), ("two", "sent"), ("three", "sent"), ("refused", "failed"), ("dead", "dead_letter")]
    {
        let letter = invitation(&format!("{reader}@example.org"));
        let answer = api.post("/api/deliveries", &letter).await?.expect(201)?.json()?;
        let id = answer["delivery_id"].as_str().context("no id")?.to_owned();
        room.becomes(&id, status).await?;
        ids.push(id);
    }
    room.postroom.run(&["pause", "workflow", "digest"]).await?.expect(0)?;
    let text = shows(&api, "postroom_dead_letters", 1.0).await?;
    let text = shows(&api, "postroom_pauses{kind=\"workflow\"}", 1.0).await.with_context(|| text)?;
    // The alarm comes after the status that was waited for, and nothing after it.
    let told = "postroom_alarms_total{alarm=\"dead_letter\",outcome=\"told\"}";
    let text = shows(&api, told, 1.0).await.with_context(|| text)?;
    for (series, wanted) in [
        ("postroom_deliveries_total{workflow=\"invite\",status=\"sent\",provider=\"smtp\"}", 3.0),
        ("postroom_deliveries_total{workflow=\"invite\",status=\"failed\",provider=\"smtp\"}", 1.0),
        ("postroom_deliveries_total{workflow=\"invite\",status=\"dead_letter\",provider=\"smtp\"}", 1.0),
        ("postroom_deliveries_total{workflow=\"invite\",status=\"in_progress\",provider=\"none\"}", 5.0),
        ("postroom_attempts_total{provider=\"smtp\",outcome=\"accepted\"}", 3.0),
        ("postroom_attempts_total{provider=\"smtp\",outcome=\"rejected\"}", 1.0),
        ("postroom_attempts_total{provider=\"smtp\",outcome=\"deferred\"}", 1.0),
        ("postroom_send_seconds_count{provider=\"smtp\"}", 5.0),
        ("postroom_queue_seconds_count", 5.0),
        ("postroom_batch_letters_sum{step=\"claim\"}", 5.0),
        ("postroom_batch_letters_sum{step=\"settle\"}", 5.0),
        ("postroom_alarms_total{alarm=\"dead_letter\",outcome=\"told\"}", 1.0),
        ("postroom_http_requests_total{route=\"/api/deliveries\",method=\"POST\",status=\"2xx\"}", 5.0),
        ("postroom_store_up", 1.0),
        ("postroom_queue_depth", 0.0),
        ("postroom_in_doubt", 0.0),
        ("postroom_worker_beating", 1.0),
        ("postroom_transport_open{provider=\"smtp\"}", 1.0),
        ("postroom_transport_paused{provider=\"smtp\"}", 0.0),
    ] {
        assert_eq!(value(&text, series), Some(wanted), "{series} in\n{text}");
    }
    assert!(!text.contains('@') && ids.iter().all(|id| !text.contains(id)), "somebody is named in\n{text}");
    told_by_the_manual(&text)?;
    alerts_are_about(&text)
}

/// The page of the manual knows what is there, and nothing else.
fn told_by_the_manual(text: &str) -> Result<()> {
    let page = fs::read_to_string(workspace().join("docs/metrics.md"))?;
    let told = page.lines().filter_map(|line| line.strip_prefix("| `postroom_")?.split(['`', '{']).next());
    let told: BTreeSet<String> = told.map(|name| format!("postroom_{name}")).collect();
    assert_eq!(told, names(text), "docs/metrics.md and /metrics differ");
    Ok(())
}

/// The rules ask for nothing that is not there.
fn alerts_are_about(text: &str) -> Result<()> {
    let there = names(text);
    let rules = fs::read_to_string(workspace().join("deploy/alerts.yml"))?;
    let words = rules.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let asked: BTreeSet<&str> = words.filter(|word| word.starts_with("postroom_")).collect();
    assert!(asked.len() > 8, "these are not all: {asked:?}");
    for name in asked {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        assert!(there.contains(base), "alerts.yml asks for {name}, which nobody shows");
    }
    Ok(())
}

/// As promtool reads it: the older text format, whose counters have their whole name everywhere.
fn in_the_older_format(text: &str) -> String {
    let kinds = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let ends: Vec<(&str, &str)> = kinds
        .filter_map(|(name, kind)| match kind {
            "counter" => Some((name, "_total")),
            "info" => Some((name, "_info")),
            _ => None,
        })
        .collect();
    let whole = |name: &str| {
        let end = ends.iter().find(|(ended, _)| *ended == name).map_or("", |(_, end)| end);
        format!("{name}{end}")
    };
    let mut older = String::new();
    for line in text.lines() {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["#", "EOF"] | ["#", "UNIT", ..] => continue,
            ["#", "TYPE", name, kind] => {
                let kind = if kind == "info" { "gauge" } else { kind };
                older += &["# TYPE ", &whole(name), " ", kind].concat();
            }
            ["#", "HELP", name, ..] => {
                let help = line.split_once(name).map_or("", |(_, help)| help);
                older += &["# HELP ", &whole(name), help].concat();
            }
            _ => older.push_str(line),
        }
        older.push('\n');
    }
    older
}

#[tokio::test]
async fn names_and_units_are_as_prometheus_wants_them() -> Result<()> {
    let room = Room::open(Kind::Sqlite).await?;
    let api = Api::start(&room.postroom).await?;
    let file = room.postroom.write("metrics.txt", in_the_older_format(&scrape(&api).await?).as_bytes())?;
    let script = format!("promtool check metrics < {file}");
    let checked = program("sh", "prometheus", &["-c", &script], room.postroom.home())?;
    let said = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert!(checked.status.success(), "{said}; promtool is in Debian's package: apt-get install prometheus");
    Ok(())
}

#[tokio::test]
async fn a_worker_alone_shows_its_figures_to_those_who_may_read_them() -> Result<()> {
    let room = Room::open(Kind::Sqlite).await?.with("POSTROOM_HTTP_METRICS", "token");
    let process = room.postroom.worker(&["--metrics", "127.0.0.1:0"]).await?;
    let said = process.stderr();
    let url = said.split_once("figures are at ").and_then(|(_, rest)| rest.split("/metrics").next());
    let mut api = Api::at(process, url.context("no address")?)?;
    api.get("/metrics").await?.problem(401, None)?;
    api.get("/healthz").await?.expect(200)?;
    api.get("/api/deliveries").await?.expect(404)?;
    for (flags, status) in [
        (&["--scope", "enqueue"][..], 403),
        (&["--scope", "read", "--tenant", "north"][..], 403),
        (&["--scope", "read"][..], 200),
    ] {
        api.token = Some(Api::token(&room.postroom, flags).await?);
        api.get("/metrics").await?.expect(status)?;
    }
    let id = room.invite("reader@example.org").await?;
    room.becomes(&id, "sent").await?;
    shows(&api, "postroom_deliveries_total{workflow=\"invite\",status=\"sent\",provider=\"smtp\"}", 1.0).await?;
    api.process.finish().await?.expect(0)?;
    Ok(())
}

#[tokio::test]
async fn a_database_that_is_away_costs_its_own_figures_and_no_others() -> Result<()> {
    let server = Server::local(Durability::Durable).await?;
    let room = Room::over(Store::migrated_on(&server).await?, Config::default()).await?;
    let api = Api::start_with(&room.postroom, &[]).await?;
    let id = room.invite("reader@example.org").await?;
    room.becomes(&id, "sent").await?;
    shows(&api, "postroom_store_up", 1.0).await?;
    // It has heard of its own commit before the database is gone.
    let sent = "postroom_deliveries_total{workflow=\"invite\",status=\"sent\",provider=\"smtp\"}";
    shows(&api, sent, 1.0).await?;
    server.crash().await?;
    let text = shows(&api, "postroom_store_up", 0.0).await?;
    assert!(value(&text, "postroom_queue_depth").is_some_and(f64::is_nan), "{text}");
    assert_eq!(value(&text, sent), Some(1.0));
    server.start_again().await?;
    shows(&api, "postroom_store_up", 1.0).await?;
    Ok(())
}
