//! Who may call the API, from where, and how often.

use anyhow::{Context as _, Result};
use postroom_tests::{Api, Kind, Room, Store, invitation, on_both_stores};
use reqwest::Method;
use serde_json::{Value, json};

on_both_stores![
    without_a_good_token_nobody_comes_in,
    each_endpoint_wants_its_scope,
    a_token_of_a_tenant_reaches_its_letters_alone,
    addresses_are_masked_without_the_scope_for_them,
    a_revoked_token_is_good_for_nothing_from_then_on,
    a_public_address_is_refused_before_there_is_a_token,
];

async fn quiet(kind: Kind) -> Result<Room> {
    Ok(Room::open(kind).await?.with("EMAIL_WORKER_ENABLED", "false"))
}

async fn without_a_good_token_nobody_comes_in(kind: Kind) -> Result<()> {
    let room = quiet(kind).await?;
    let mut api = Api::start_with(&room.postroom, &[]).await?;
    assert!(api.process.stderr().contains("nobody can come in yet"), "{}", api.process.stderr());
    let answer = api.get("/api/deliveries").await?;
    assert_eq!(answer.headers["www-authenticate"], "Bearer");
    answer.problem(401, None)?;
    let good = Api::token(&room.postroom, &["--scope", "read"]).await?;
    for bad in ["", "postroom_", "postroom_aaaaaaaaaaaaaaaa_AAAA", &good[..good.len() - 1], &format!("{good}x")] {
        api.token = Some(bad.to_owned());
        api.get("/api/deliveries").await?.problem(401, None)?;
    }
    for kind in ["Basic", "Token"] {
        let request = api.request(Method::GET, "/api/deliveries").header("Authorization", format!("{kind} {good}"));
        api.token = None;
        api.send(request).await?.problem(401, None)?;
    }
    api.token = Some(good);
    api.get("/api/deliveries").await?.expect(200)?;
    for open in ["/healthz", "/readyz", "/api/openapi.json"] {
        api.token = None;
        api.get(open).await?.expect(200)?;
    }
    Ok(())
}

async fn each_endpoint_wants_its_scope(kind: Kind) -> Result<()> {
    let room = quiet(kind).await?;
    let mut api = Api::start_with(&room.postroom, &[]).await?;
    let described = api.get("/api/openapi.json").await?.expect(200)?.json()?;
    let mut asked = 0;
    for scope in ["enqueue", "read", "operate"] {
        let others: Vec<&str> =
            ["enqueue", "read", "operate", "addresses"].into_iter().filter(|s| *s != scope).collect();
        let lacking = Api::token(&room.postroom, &["--scope", &others.join(",")]).await?;
        let having = Api::token(&room.postroom, &["--scope", scope]).await?;
        for (path, methods) in described["paths"].as_object().context("no paths")? {
            for (method, endpoint) in methods.as_object().context("no methods")? {
                if endpoint["security"][0]["token"][0] != scope {
                    continue;
                }
                asked += 1;
                let path = path.replace("{delivery_id}", "x").replace("{kind}", "workflow").replace("{name}", "x");
                let method: Method = method.to_uppercase().parse()?;
                api.token = Some(lacking.clone());
                let problem =
                    api.send(api.request(method.clone(), &path).json(&json!({}))).await?.problem(403, None)?;
                assert!(problem.to_string().contains(scope), "{problem}");
                api.token = Some(having.clone());
                let status = api.send(api.request(method.clone(), &path).json(&json!({}))).await?.status.as_u16();
                assert!(![401, 403].contains(&status) && status < 500, "{method} {path}: {status}");
            }
        }
    }
    assert!(asked >= 19, "only {asked} endpoints were asked");
    Ok(())
}

async fn a_token_of_a_tenant_reaches_its_letters_alone(kind: Kind) -> Result<()> {
    let room = quiet(kind).await?;
    let mut api = Api::start(&room.postroom).await?;
    let of = |tenant: &str| {
        let mut letter = invitation("reader@example.org");
        letter["tenant_id"] = tenant.into();
        letter
    };
    let id = |answer: Value| answer["delivery_id"].as_str().map(str::to_owned).context("no id");
    let theirs = id(api.post("/api/deliveries", &of("other")).await?.expect(201)?.json()?)?;
    api.token = Some(Api::token(&room.postroom, &["--scope", "enqueue,read,operate", "--tenant", "shop"]).await?);
    api.post("/api/deliveries", &of("other")).await?.problem(403, Some("tenant_id"))?;
    let own = id(api.post("/api/deliveries", &invitation("reader@example.org")).await?.expect(201)?.json()?)?;
    let document = api.get(&format!("/api/deliveries/{own}")).await?.expect(200)?.json()?;
    assert_eq!(document["tenant_id"], "shop");

    api.get(&format!("/api/deliveries/{theirs}")).await?.problem(404, None)?;
    api.get(&format!("/api/deliveries/{theirs}/events")).await?.problem(404, None)?;
    api.get("/api/deliveries?tenant=other").await?.problem(403, Some("tenant"))?;
    api.get("/api/stats?tenant=other").await?.problem(403, Some("tenant"))?;
    let page = api.get("/api/deliveries").await?.expect(200)?.json()?;
    assert_eq!(page["deliveries"].as_array().map(Vec::len), Some(1), "{page}");
    let figures = api.get("/api/stats").await?.expect(200)?.json()?;
    assert_eq!(figures["waiting"], 1, "{figures}");
    api.send(api.request(Method::POST, &format!("/api/deliveries/{theirs}/cancel"))).await?.problem(404, None)?;
    let many = json!({ "request": "cancel", "delivery_ids": [theirs, own, "nobody-knows-it"] });
    let answers = api.post("/api/requests", &many).await?.expect(200)?.json()?;
    let outcomes: Vec<&str> =
        answers["results"].as_array().into_iter().flatten().filter_map(|answer| answer["outcome"].as_str()).collect();
    assert_eq!(outcomes, ["unknown", "done", "unknown"]);
    let pause = |kind: &str, name: &str| json!({ "kind": kind, "name": name });
    api.post("/api/pauses", &pause("workflow", "invite")).await?.problem(403, None)?;
    api.post("/api/pauses", &pause("tenant", "other")).await?.problem(403, None)?;
    api.post("/api/pauses", &pause("tenant", "shop")).await?.expect(201)?;
    assert_eq!(
        room.store.text("SELECT status FROM deliveries WHERE delivery_id = $1", &theirs).await?.as_deref(),
        Some("queued")
    );
    Ok(())
}

async fn addresses_are_masked_without_the_scope_for_them(kind: Kind) -> Result<()> {
    let room = quiet(kind).await?;
    let id = room.invite("reader@example.org").await?;
    let mut api = Api::start_with(&room.postroom, &[]).await?;
    api.token = Some(Api::token(&room.postroom, &["--scope", "read"]).await?);
    for path in [format!("/api/deliveries/{id}"), "/api/deliveries?recipient=reader@example.org".to_owned()] {
        let answer = api.get(&path).await?.expect(200)?;
        assert!(!answer.text.contains("reader@") && answer.text.contains("r***@example.org"), "{}", answer.text);
    }
    api.token = Some(Api::token(&room.postroom, &["--scope", "read,addresses"]).await?);
    let document = api.get(&format!("/api/deliveries/{id}")).await?.expect(200)?.json()?;
    assert_eq!(document["recipient"], "reader@example.org");
    Ok(())
}

async fn a_revoked_token_is_good_for_nothing_from_then_on(kind: Kind) -> Result<()> {
    let room = quiet(kind).await?;
    let api = Api::start(&room.postroom).await?;
    api.get("/api/pauses").await?.expect(200)?;
    let list = room.postroom.run(&["tokens", "list", "--json"]).await?.expect(0)?.json()?;
    let id = list["tokens"][0]["token_id"].as_str().context("no token is listed")?.to_owned();
    assert!(list["tokens"][0]["last_used_at"].is_string(), "its use was not noted: {list}");
    room.postroom.run(&["tokens", "revoke", &id]).await?.expect(0)?;
    api.get("/api/pauses").await?.problem(401, None)?;
    Ok(())
}

async fn a_public_address_is_refused_before_there_is_a_token(kind: Kind) -> Result<()> {
    let store = Store::migrated(kind).await?;
    let postroom =
        postroom_tests::Postroom::new()?.with("DATABASE_URL", store.url()).with("EMAIL_WORKER_ENABLED", "false");
    let done = postroom.run(&["serve", "--listen", "0.0.0.0:0"]).await?.expect(2)?;
    assert!(done.stderr.contains("postroom tokens create"), "{}", done.stderr);
    let done = postroom.run(&["serve", "--listen", "0.0.0.0:0", "--open"]).await?.expect(2)?;
    assert!(done.stderr.contains("--open"), "{}", done.stderr);
    postroom.run(&["serve", "--listen", "here"]).await?.expect(2)?;
    Api::token(&postroom, &["--scope", "read"]).await?;
    let mut served = postroom.start(&["serve", "--listen", "0.0.0.0:0"])?;
    served.notes("the API and the dashboard are at").await?;
    served.finish().await?.expect(0)?;
    Ok(())
}

#[tokio::test]
async fn other_sites_get_nothing_and_open_access_is_for_this_machine_by_its_name() -> Result<()> {
    let room = quiet(Kind::Sqlite).await?;
    let api = Api::start_with(&room.postroom, &["--open"]).await?;
    assert!(api.process.stderr().contains("access is open"), "{}", api.process.stderr());
    let post = || api.request(Method::POST, "/api/deliveries").json(&invitation("reader@example.org"));
    api.send(post().header("Origin", "https://evil.example.org")).await?.problem(403, Some("Origin"))?;
    api.send(post().header("Sec-Fetch-Site", "cross-site")).await?.problem(403, Some("Origin"))?;
    api.send(post().header("Origin", "null")).await?.problem(403, Some("Origin"))?;
    api.send(post().header("Host", "evil.example.org")).await?.problem(403, Some("Host"))?;
    assert_eq!(room.store.number("SELECT count(*) FROM deliveries").await?, 0);
    api.send(post().header("Origin", &api.url).header("Sec-Fetch-Site", "same-origin")).await?.expect(201)?;
    Ok(())
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_back() -> Result<()> {
    let room = quiet(Kind::Sqlite).await?.with("POSTROOM_HTTP_RATE", "1");
    let mut api = Api::start(&room.postroom).await?;
    let mut told = None;
    for _ in 0..200 {
        let answer = api.get("/api/pauses").await?;
        if answer.status == 429 {
            told = Some(answer);
            break;
        }
    }
    let answer = told.context("nobody said so")?;
    assert!(answer.headers.contains_key("retry-after"), "{:?}", answer.headers);
    let problem = answer.problem(429, None)?;
    assert!(problem["retry_after"].as_u64().is_some_and(|seconds| seconds > 0), "{problem}");
    // Another caller is another account, and whoever watches is not counted.
    api.token = Some(Api::token(&room.postroom, &["--scope", "read"]).await?);
    api.get("/api/pauses").await?.expect(200)?;
    api.get("/healthz").await?.expect(200)?;
    Ok(())
}

#[tokio::test]
async fn whoever_guesses_tokens_is_slowed_down() -> Result<()> {
    let room = quiet(Kind::Sqlite).await?.with("POSTROOM_HTTP_RATE", "1");
    let mut api = Api::start_with(&room.postroom, &[]).await?;
    api.token = Some(format!("postroom_aaaaaaaaaaaaaaaa_{}", "A".repeat(43)));
    // Whoever mistook a token is told so, however few requests are allowed.
    api.get("/api/pauses").await?.problem(401, None)?;
    let mut slowed = false;
    for _ in 0..200 {
        slowed |= api.get("/api/pauses").await?.status == 429;
        if slowed {
            break;
        }
    }
    assert!(slowed, "200 guesses were answered");
    Ok(())
}
