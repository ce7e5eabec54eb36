//! The API over HTTP: the real server, on both stores.

use anyhow::{Context as _, Result};
use postroom_dev_inbox::{Act, Config, Stage};
use postroom_test_database::{Durability, Server};
use postroom_tests::{Api, Kind, Room, Store, invitation, on_both_stores, until};
use reqwest::Method;
use serde_json::{Value, json};

on_both_stores![
    a_letter_is_handed_over_and_followed_until_it_is_sent,
    the_same_key_is_one_letter,
    of_many_each_is_taken_or_refused_by_itself,
    what_is_refused_names_its_field_and_nothing_is_stored,
    pages_neither_repeat_nor_skip_a_delivery,
    what_was_given_up_is_found_and_put_back,
    a_letter_in_doubt_is_decided,
    what_is_too_late_says_what_it_is,
    what_is_paused_waits_and_says_why,
    figures_tell_how_it_goes,
    a_letter_is_seen_without_being_sent,
    the_letter_that_the_description_shows_is_taken,
];

const READER: &str = "reader@example.org";

async fn taken(api: &Api, letter: &Value) -> Result<String> {
    let answer = api.post("/api/deliveries", letter).await?.expect(201)?.json()?;
    answer["delivery_id"].as_str().map(str::to_owned).context("no id")
}

async fn becomes(api: &Api, id: &str, status: &str) -> Result<Value> {
    let look = || async {
        let document = api.get(&format!("/api/deliveries/{id}")).await?.expect(200)?.json()?;
        Ok((document["status"] == status).then_some(document))
    };
    until(status, look).await
}

async fn a_letter_is_handed_over_and_followed_until_it_is_sent(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    let mut api = Api::start(&room.postroom).await?;
    let answer = api.post("/api/deliveries", &invitation(READER)).await?.expect(201)?;
    let id = answer.json()?["delivery_id"].as_str().context("no id")?.to_owned();
    assert_eq!(answer.headers["location"], format!("/api/deliveries/{id}"));
    let document = becomes(&api, &id, "sent").await?;
    assert_eq!((&document["recipient"], &document["simple_status"]), (&json!(READER), &json!("sent")));
    let events = api.get(&format!("/api/deliveries/{id}/events")).await?.expect(200)?.json()?;
    assert_eq!(events, document["events"]);
    assert_eq!(room.received()?.len(), 1);
    api.process.finish().await?.expect(0)?;
    Ok(())
}

async fn the_same_key_is_one_letter(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?.with("EMAIL_WORKER_ENABLED", "false");
    let api = Api::start(&room.postroom).await?;
    let send = |letter: Value| {
        let request = api.request(Method::POST, "/api/deliveries").header("Idempotency-Key", "order 7").json(&letter);
        api.send(request)
    };
    let first = send(invitation(READER)).await?.expect(201)?.json()?;
    let second = send(invitation(READER)).await?.expect(200)?.json()?;
    assert_eq!((&first["delivery_id"], &second["existing"]), (&second["delivery_id"], &json!(true)));
    send(invitation("other@example.org")).await?.problem(409, Some("idempotency_key"))?;
    let mut letter = invitation(READER);
    letter["idempotency_key"] = "another".into();
    send(letter).await?.problem(422, Some("idempotency_key"))?;
    // Each letter of many has a key of its own, and the whole request can be sent twice.
    let many = json!([invitation("a@example.org"), invitation("b@example.org")]);
    let first = send(many.clone()).await?.expect(200)?.json()?;
    let second = send(many).await?.expect(200)?.json()?;
    for place in 0..2 {
        assert_eq!(first["results"][place]["delivery_id"], second["results"][place]["delivery_id"]);
        assert_eq!(second["results"][place]["existing"], true);
    }
    assert_eq!(room.store.number("SELECT count(*) FROM deliveries").await?, 3);
    Ok(())
}

async fn of_many_each_is_taken_or_refused_by_itself(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?.with("EMAIL_WORKER_ENABLED", "false");
    let api = Api::start(&room.postroom).await?;
    let many = json!([invitation("a@example.org"), invitation("nobody"), 7, invitation("b@example.org")]);
    let answer = api.post("/api/deliveries", &many).await?.expect(207)?.json()?;
    assert_eq!((&answer["accepted"], &answer["refused"]), (&json!(2), &json!(2)));
    assert_eq!(answer["results"][1]["field"], "recipient");
    assert_eq!(answer["results"][2]["status"], 422);
    for place in [0, 3] {
        let id = answer["results"][place]["delivery_id"].as_str().context("no id")?;
        api.get(&format!("/api/deliveries/{id}")).await?.expect(200)?;
    }
    assert_eq!(room.store.number("SELECT count(*) FROM deliveries").await?, 2);
    Ok(())
}

async fn what_is_refused_names_its_field_and_nothing_is_stored(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?.with("EMAIL_WORKER_ENABLED", "false").with("POSTROOM_HTTP_MAX_BODY", "20000");
    let api = Api::start(&room.postroom).await?;
    let without = |field: &str| {
        let mut letter = invitation(READER);
        letter.as_object_mut().map(|letter| letter.remove(field));
        letter
    };
    let with = |field: &str, value: Value| {
        let mut letter = invitation(READER);
        letter[field] = value;
        letter
    };
    for (letter, field) in [
        (without("recipient"), "recipient"),
        (without("data"), "data.accept_url"),
        (with("recipient", "victim".into()), "recipient"),
        (with("template", "no-such".into()), "template"),
        (with("expire_at", "2030-01-01T00:00:00Z".into()), "expire_at"),
        (with("priority", 10.into()), "priority"),
        (with("due_at", "9999-12-30T22:00:00Z".into()), "due_at"),
        (with("expires_at", "0000-01-01T00:00:00Z".into()), "expires_at"),
        (with("source_type", "a\u{202e}b".into()), "source_type"),
        (with("subject", "a\r\nBcc: victim@example.org".into()), "subject"),
        (json!("a letter"), "letter"),
        (json!([]), "letter"),
    ] {
        let problem = api.post("/api/deliveries", &letter).await?.problem(422, Some(field))?;
        assert!(!problem.to_string().contains("victim"), "the value was repeated: {problem}");
    }
    let send = |body: &str, kind: &str| {
        let request = api.request(Method::POST, "/api/deliveries").header("Content-Type", kind).body(body.to_owned());
        api.send(request)
    };
    send("{", "application/json").await?.problem(400, None)?;
    send("{}", "text/plain").await?.problem(415, Some("Content-Type"))?;
    send(&" ".repeat(20_001), "application/json").await?.problem(413, None)?;
    for (path, field) in [
        ("/api/deliveries?status=gone", "status"),
        ("/api/deliveries?limit=0", "limit"),
        ("/api/deliveries?since=yesterday", "since"),
        ("/api/deliveries?recipient=nobody", "recipient"),
        ("/api/deliveries?after=page2", "after"),
        ("/api/dead-letters?status=sent", "status"),
        ("/api/stats/series?buckets=241", "buckets"),
        ("/api/stats?since=1h&until=2h", "since"),
        ("/api/deliveries/%0a", "delivery_id"),
        ("/api/deliveries?recipent=a@example.org", "recipent"),
        ("/api/deliveries?limit=many", "limit"),
        // What no column holds is no failure of the server.
        ("/api/deliveries?source_type=%00", "source_type"),
        ("/api/deliveries?source_id=%00", "source_id"),
        ("/api/deliveries?since=170000000h", "since"),
        ("/api/stats?until=-009999-01-02T01:59:59Z", "until"),
    ] {
        api.get(path).await?.problem(422, Some(field)).with_context(|| path.to_owned())?;
    }
    api.get("/api/deliveries/nobody-knows-it").await?.problem(404, None)?;
    api.get("/api/nothing").await?.problem(404, None)?;
    api.send(api.request(Method::PUT, "/api/deliveries")).await?.problem(405, None)?;
    let traces: Vec<_> = room.store.traces().await?.into_iter().filter(|table| *table != "tokens").collect();
    assert!(traces.is_empty(), "something was stored in {traces:?}");
    Ok(())
}

async fn pages_neither_repeat_nor_skip_a_delivery(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?.with("EMAIL_WORKER_ENABLED", "false");
    let api = Api::start(&room.postroom).await?;
    let letters: Vec<Value> = (0..7).map(|n| invitation(&format!("reader{n}@example.org"))).collect();
    let mut wanted = room.enqueue(&letters).await?;
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = api.get(&format!("/api/deliveries?workflow=invite&limit=3{after}")).await?.expect(200)?.json()?;
        let deliveries = page["deliveries"].as_array().context("no page")?;
        found.extend(deliveries.iter().filter_map(|d| d["delivery_id"].as_str().map(str::to_owned)));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={}", next.replace('/', "%2F"));
    }
    wanted.sort();
    found.sort();
    assert_eq!(found, wanted);
    let one = api.get("/api/deliveries?recipient=reader3@example.org&status=queued,sent").await?.expect(200)?.json()?;
    assert_eq!(one["deliveries"].as_array().map(Vec::len), Some(1));
    Ok(())
}

async fn what_was_given_up_is_found_and_put_back(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?.configured("[workflows.invite]\nmax_attempts = 1\n")?;
    for n in 0..3 {
        room.inbox.script().for_recipient(&format!("dead{n}@example.org"), Stage::Rcpt, [Act::out_of_order()]);
    }
    room.inbox.script().for_recipient("refused@example.org", Stage::Rcpt, [Act::no_such_mailbox()]);
    let api = Api::start(&room.postroom).await?;
    let mut dead = Vec::new();
    for n in 0..3 {
        dead.push(taken(&api, &invitation(&format!("dead{n}@example.org"))).await?);
        becomes(&api, &dead[n], "dead_letter").await?;
    }
    let refused = taken(&api, &invitation("refused@example.org")).await?;
    becomes(&api, &refused, "failed").await?;

    let list = api.get("/api/dead-letters").await?.expect(200)?.json()?;
    assert_eq!(list["deliveries"].as_array().map(Vec::len), Some(3), "{list}");
    let list = api.get("/api/dead-letters?status=dead_letter,failed").await?.expect(200)?.json()?;
    assert_eq!(list["deliveries"].as_array().map(Vec::len), Some(4), "{list}");

    let path = "/api/dead-letters/redrive";
    api.post(path, &json!({ "filter": {} })).await?.problem(422, Some("filter"))?;
    api.post(path, &json!({})).await?.problem(422, Some("all"))?;
    api.post(path, &json!({ "all": true, "delivery_ids": [dead[0]] })).await?.problem(422, Some("all"))?;
    api.post(path, &json!({ "filter": { "colour": "red" } })).await?.problem(422, Some("filter.colour"))?;
    let answer = api.post(path, &json!({ "delivery_ids": [dead[0], "nobody-knows-it"] })).await?.expect(200)?.json()?;
    assert_eq!((&answer["redriven"], &answer["left"]), (&json!(1), &json!(1)));
    becomes(&api, &dead[0], "sent").await?;
    // A filter that matches none of them is no filter that is left out.
    let elsewhere = json!({ "filter": { "source_type": "order", "source_id": "7" } });
    assert_eq!(api.post(path, &elsewhere).await?.expect(200)?.json()?["redriven"], 0);
    let one = json!({ "filter": { "recipient": "dead1@example.org" } });
    let answer = api.post(path, &one).await?.expect(200)?.json()?;
    assert_eq!((&answer["redriven"], &answer["more"]), (&json!(1), &json!(false)));
    becomes(&api, &dead[1], "sent").await?;
    // All dead letters, and not those that were refused.
    let answer = api.post(path, &json!({ "all": true })).await?.expect(200)?.json()?;
    assert_eq!(answer["redriven"], 1);
    becomes(&api, &dead[2], "sent").await?;
    api.post(&format!("/api/deliveries/{refused}/redrive"), &json!({})).await?.expect(200)?;
    becomes(&api, &refused, "sent").await?;
    Ok(())
}

async fn a_letter_in_doubt_is_decided(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?.configured("[workflows.invite]\nin_doubt = \"hold\"\n")?;
    let api = Api::start(&room.postroom).await?;
    let mut ids = Vec::new();
    for name in ["sent", "left"] {
        let address = format!("{name}@example.org");
        room.inbox.script().for_recipient(&address, Stage::Body, [Act::AcceptThenClose]);
        ids.push(taken(&api, &invitation(&address)).await?);
        room.comes_to(&ids[ids.len() - 1], "HELD").await?;
    }
    let list = api.get("/api/in-doubt").await?.expect(200)?.json()?;
    assert_eq!(list["deliveries"].as_array().map(Vec::len), Some(2));
    let resolve = |id: &str| format!("/api/deliveries/{id}/resolve");
    api.post(&resolve(&ids[0]), &json!({ "resolution": "perhaps" })).await?.problem(422, Some("resolution"))?;
    let answer = api.post(&resolve(&ids[0]), &json!({ "resolution": "sent" })).await?.expect(200)?.json()?;
    assert_eq!(answer["status"], "sent");
    let events = api.get(&format!("/api/deliveries/{}/events", ids[0])).await?.expect(200)?.json()?;
    let by = events.as_array().and_then(|all| all.last()).and_then(|event| event["payload"]["by"].as_str());
    assert!(by.is_some_and(|by| by.starts_with("test (") && by.ends_with(')')), "who decided is on record: {events}");
    let many = json!({ "request": "resolve_give_up", "delivery_ids": ids });
    let answers = api.post("/api/requests", &many).await?.expect(200)?.json()?;
    let outcome =
        |place: usize| (answers["results"][place]["outcome"].clone(), answers["results"][place]["status"].clone());
    assert_eq!(outcome(0), (json!("not_possible"), json!("sent")));
    assert_eq!(outcome(1), (json!("done"), json!("failed")));
    Ok(())
}

async fn what_is_too_late_says_what_it_is(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    let api = Api::start(&room.postroom).await?;
    let mut letter = invitation(READER);
    letter["due_at"] = "2099-01-01T00:00:00Z".into();
    let waits = taken(&api, &letter).await?;
    let sent = taken(&api, &invitation("other@example.org")).await?;
    becomes(&api, &sent, "sent").await?;
    let decide = |id: &str, what: &str| api.request(Method::POST, &format!("/api/deliveries/{id}/{what}"));
    for what in ["cancel", "retry", "redrive"] {
        let problem = api.send(decide(&sent, what)).await?.problem(409, None)?;
        assert_eq!(problem["delivery_status"], "sent");
        api.send(decide("nobody-knows-it", what)).await?.problem(404, None)?;
    }
    api.send(decide(&waits, "cancel")).await?.expect(200)?;
    assert_eq!(becomes(&api, &waits, "cancelled").await?["last_error_code"], "CANCELLED");
    Ok(())
}

async fn what_is_paused_waits_and_says_why(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    let api = Api::start(&room.postroom).await?;
    let pause = json!({ "kind": "workflow", "name": "invite", "for": "2h", "reason": "wrong links" });
    let answer = api.post("/api/pauses", &pause).await?.expect(201)?.json()?;
    assert!(answer["until"].is_string(), "{answer}");
    for (document, field) in [
        (json!({ "kind": "letter", "name": "invite" }), "kind"),
        (json!({ "kind": "workflow", "name": "In vite" }), "name"),
        (json!({ "kind": "workflow" }), "name"),
        (json!({ "kind": "workflow", "name": "invite", "for": "soon" }), "for"),
    ] {
        api.post("/api/pauses", &document).await?.problem(422, Some(field))?;
    }
    let id = taken(&api, &invitation(READER)).await?;
    let document = api.get(&format!("/api/deliveries/{id}")).await?.expect(200)?.json()?;
    assert!(document["waits_for"].as_str().is_some_and(|why| why.contains("wrong links")), "{document}");
    assert_eq!(api.get("/api/pauses").await?.expect(200)?.json()?[0]["name"], "invite");
    let resume = || api.send(api.request(Method::DELETE, "/api/pauses/workflow/invite"));
    resume().await?.expect(204)?;
    resume().await?.problem(404, None)?;
    becomes(&api, &id, "sent").await?;
    Ok(())
}

async fn figures_tell_how_it_goes(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?;
    room.inbox.script().for_recipient("refused@example.org", Stage::Rcpt, [Act::no_such_mailbox()]);
    let api = Api::start(&room.postroom).await?;
    let sent = taken(&api, &invitation(READER)).await?;
    let failed = taken(&api, &invitation("refused@example.org")).await?;
    becomes(&api, &sent, "sent").await?;
    becomes(&api, &failed, "failed").await?;
    let figures = api.get("/api/stats?since=1h").await?.expect(200)?.json()?;
    assert_eq!(figures["success_rate"], 0.5, "{figures}");
    assert_eq!(figures["average_retries"], 0.0);
    assert_eq!(figures["errors"], json!([{ "code": "SMTP_550", "count": 1 }]));
    assert_eq!((&figures["latency"]["count"], &figures["waiting"]), (&json!(1), &json!(0)));
    assert_eq!(figures["providers"][0]["accepted"], 1);
    let series = api.get("/api/stats/series?since=1h&buckets=4").await?.expect(200)?.json()?;
    let sum = |name: &str| series.as_array().map(|parts| parts.iter().filter_map(|p| p[name].as_u64()).sum::<u64>());
    assert_eq!((sum("sent"), sum("failed"), series.as_array().map(Vec::len)), (Some(1), Some(1), Some(4)));
    Ok(())
}

async fn a_letter_is_seen_without_being_sent(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?.with("EMAIL_WORKER_ENABLED", "false");
    let api = Api::start(&room.postroom).await?;
    let templates = api.get("/api/templates").await?.expect(200)?.json()?;
    let named = |name: &str| templates.as_array().is_some_and(|all| all.iter().any(|t| t["name"] == name));
    assert!(named("invitation") && named("admin/tfa"), "{templates}");
    let path = "/api/templates/preview";
    let seen = api.post(path, &json!({ "template": "invitation", "locale": "de" })).await?.expect(200)?.json()?;
    assert_eq!(seen["locale"], "de");
    assert!(seen["html"].as_str().is_some_and(|html| html.contains("lang=\"de\"")), "{seen}");
    let data = json!({ "template": "verification-code", "data": { "code": "123456" } });
    api.post(path, &data).await?.problem(422, Some("data.expires_in"))?;
    api.post(path, &json!({ "template": "no-such" })).await?.problem(422, Some("template"))?;
    Ok(())
}

/// As after a deploy that forgot `postroom migrate`.
#[tokio::test]
async fn a_server_is_not_ready_before_the_schema_is_what_it_expects() -> Result<()> {
    let room = Room::open(Kind::Postgres).await?.with("EMAIL_WORKER_ENABLED", "false");
    let pending = "CREATE TABLE public.kept AS SELECT * FROM email._migrations WHERE name = 'tokens_create';
                   DELETE FROM email._migrations WHERE name = 'tokens_create'";
    room.store.execute(pending).await?;
    let api = Api::start(&room.postroom).await?;
    let problem = api.get("/readyz").await?.problem(503, None)?;
    let says = problem["detail"].as_str().context("no detail")?;
    assert!(says.contains("tokens_create is pending") && says.contains("postroom migrate"), "{says}");
    api.get("/healthz").await?.expect(200)?;
    room.store.execute("INSERT INTO email._migrations SELECT * FROM public.kept").await?;
    api.get("/readyz").await?.expect(200)?;
    Ok(())
}

/// It is not the caller's fault, and no failure of ours: the answer says when to come back, and then all is well.
#[tokio::test]
async fn a_database_that_is_away_is_a_503_until_it_is_back() -> Result<()> {
    let server = Server::local(Durability::Durable).await?;
    let room = Room::over(Store::migrated_on(&server).await?, Config::default()).await?;
    let api = Api::start(&room.postroom.clone().with("EMAIL_WORKER_ENABLED", "false")).await?;
    let id = taken(&api, &invitation(READER)).await?;
    server.crash().await?;
    for path in ["/api/deliveries", "/api/stats", "/readyz"] {
        let answer = api.get(path).await?;
        assert!(answer.headers.contains_key("retry-after"), "{path}: {answer:?}");
        answer.problem(503, None).with_context(|| path.to_owned())?;
    }
    let watched = room.postroom.clone().with("POSTROOM_URL", &api.url);
    let said = watched.run(&["healthcheck"]).await?.expect(1)?.stderr;
    assert!(said.contains("the database cannot be asked"), "it does not say what is wrong: {said}");
    let elsewhere = ["healthcheck", "--url", "http://127.0.0.1:9"];
    let said = room.postroom.run(&elsewhere).await?.expect(1)?.stderr;
    assert!(said.contains("cannot be reached"), "{said}");
    api.post("/api/deliveries", &invitation(READER)).await?.problem(503, None)?;
    api.get("/healthz").await?.expect(200)?;
    server.start_again().await?;
    let back = || async { Ok((api.get("/readyz").await?.status == 200).then_some(())) };
    until("the database to be back", back).await?;
    watched.run(&["healthcheck"]).await?.expect(0)?;
    api.get(&format!("/api/deliveries/{id}")).await?.expect(200)?;
    assert_eq!(
        room.store.number("SELECT count(*) FROM deliveries").await?,
        1,
        "what was answered with 503 is not stored"
    );
    Ok(())
}

async fn the_letter_that_the_description_shows_is_taken(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?.with("EMAIL_WORKER_ENABLED", "false");
    let api = Api::start(&room.postroom).await?;
    let description = api.get("/api/openapi.json").await?.expect(200)?.json()?;
    let fields = description["components"]["schemas"]["Letter"]["properties"].as_object().context("no letter")?;
    let shown = fields.iter().filter(|(_, field)| !field["example"].is_null());
    let letter: Value = shown.map(|(name, field)| (name.clone(), field["example"].clone())).collect();
    assert!(!letter["data"].is_null(), "{letter}");
    taken(&api, &letter).await?;
    Ok(())
}
