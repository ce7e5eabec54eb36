//! The dashboard, as a browser without scripts meets it.

use anyhow::{Context, Result, ensure};
use postroom_tests::{Answer, Api, Kind, Postroom, Store, on_both_stores, until};
use reqwest::Method;

on_both_stores![every_page_answers_on_its_own_and_takes_hostile_text_for_text];

/// What no page may make of what somebody handed in.
const HOSTILE: &str = "<script>alert(1)</script><img src=x onerror=alert(2)>";

/// A store with letters of every ending, and what to run over it.
async fn after_the_demo(kind: Kind) -> Result<(Store, Postroom)> {
    let store = Store::empty(kind).await?;
    let postroom = Postroom::new()?.with("DATABASE_URL", store.url()).with("POSTROOM_HTTP_RATE", "1000");
    postroom.run(&["demo", "--json", "--patience", "120"]).await?.expect(0)?;
    Ok((store, postroom))
}

/// A server over it that everybody on this machine may use, and that catches what it sends.
async fn open(postroom: &Postroom) -> Result<Api> {
    Api::start_with(postroom, &["--open", "--capture"]).await
}

async fn send_form(api: &Api, path: &str, body: &str, cookie: Option<&str>) -> Result<Answer> {
    let request = api.request(Method::POST, path).header("content-type", "application/x-www-form-urlencoded");
    let request = cookie.into_iter().fold(request, |request, cookie| request.header("cookie", cookie));
    api.send(request.body(body.to_owned())).await
}

async fn see(api: &Api, path: &str, cookie: &str) -> Result<Answer> {
    api.send(api.request(Method::GET, path).header("cookie", cookie)).await
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// A page as every page must be.
fn page(answer: Answer, status: u16) -> Result<String> {
    let answer = answer.expect(status)?;
    ensure!(header(&answer, "content-type") == "text/html; charset=utf-8", "{:?}", answer.headers);
    let policy = header(&answer, "content-security-policy");
    ensure!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let text = answer.text;
    // Quotes of whatever came from outside are escaped: an attribute with plain ones is ours.
    for inline in [
        " style=\"",
        "<style",
        "=\"javascript:",
        "src=\"http",
        "<script>",
        "<img",
        " onclick=\"",
        " onload=\"",
        " onerror=\"",
    ] {
        ensure!(!text.contains(inline), "{inline} in {text}");
    }
    for needed in ["<html lang=\"en\">", "<main id=\"content\"", "<h1", "class=\"skip\"", "<title>"] {
        ensure!(text.contains(needed), "no {needed} in {text}");
    }
    Ok(text)
}

async fn every_page_answers_on_its_own_and_takes_hostile_text_for_text(kind: Kind) -> Result<()> {
    let (store, postroom) = after_the_demo(kind).await?;
    let data = r#"{"code": "042137", "expires_in": "10 minutes"}"#;
    let words =
        ["enqueue", "--workflow", "sign-in", "--template", "admin/tfa", "--to", "reader@example.org", "--data", data];
    let subject = format!("{HOSTILE} {}", "long ".repeat(80));
    let file = postroom.write("notes.txt", HOSTILE.as_bytes())?;
    let hostile = ["--subject", &subject, "--source-type", HOSTILE, "--source-id", HOSTILE, "--attach", &file];
    let id = postroom.run(&[&words[..], &hostile].concat()).await?.expect(0)?.line()?.to_owned();
    let api = open(&postroom).await?;
    until("the letter in the inbox", || async {
        let inbox = api.get("/inbox").await?;
        Ok(inbox.text.contains("alert(1)").then_some(()))
    })
    .await?;
    send_form(&api, "/pauses/new", "kind=workflow&name=slow&for=2h&reason=%3Cscript%3Ealert(1)%3C/script%3E", None)
        .await?
        .expect(303)?;

    let letter = format!("/deliveries/{id}");
    for (path, words) in [
        ("/", "SMTP_550"),
        ("/", "Sent and failed per 24 min"),
        ("/?since=1h", "Sent and failed per minute"),
        ("/?since=1h", "Provider health"),
        ("/?since=30d&tenant=nobody", "No letter was handed in"),
        ("/deliveries", "reader@example.org"),
        ("/deliveries?recipient=&workflow=sign-in&status=", "sign-in"),
        ("/deliveries?recipient=nobody@example.org", "No letter matches"),
        (&letter, "&#60;script&#62;alert(1)"),
        ("/dead-letters", "somebody@overloaded.example"),
        ("/dead-letters?status=failed&chosen=page", " checked"),
        ("/dead-letters/redrive", "every dead letter"),
        ("/dead-letters/redrive?source_type=order", "name=\"source_type\" value=\"order\""),
        ("/in-doubt", "No letter is in doubt"),
        ("/pauses", "&#60;script&#62;alert(1)"),
        ("/templates", "invitation"),
        ("/templates/admin/tfa", "Phone, 375 px"),
        ("/templates/invitation?locale=de", "selected"),
        ("/inbox", "&#60;script&#62;alert(1)"),
        ("/inbox/1", "notes.txt"),
    ] {
        let text = page(api.get(path).await?, 200).with_context(|| path.to_owned())?;
        ensure!(text.contains(words), "no '{words}' on {path}: {text}");
    }
    drop(store);
    Ok(())
}

#[tokio::test]
async fn letters_are_shown_in_frames_that_can_do_nothing() -> Result<()> {
    let (_store, postroom) = after_the_demo(Kind::Sqlite).await?;
    let api = open(&postroom).await?;
    let filled = send_form(
        &api,
        "/templates/admin/tfa",
        "data=%7B%22code%22%3A%22999111%22%2C%22expires_in%22%3A%221+hour%22%7D",
        None,
    );
    let text = page(filled.await?, 200)?;
    ensure!(text.contains("999111"), "{text}");
    let (_, frame) = text.split_once("src=\"/letters/filled/").context("no frame")?;
    let frame = format!("/letters/filled/{}", frame.split('"').next().unwrap_or_default());
    // What somebody filled in stands in no address, so that no log keeps it.
    ensure!(!frame.contains("999111"), "{frame}");
    for (path, words) in [(frame.as_str(), "999111"), ("/letters/sample/admin/tfa", "<html")] {
        let answer = api.get(path).await?.expect(200)?;
        let policy = header(&answer, "content-security-policy");
        ensure!(policy.starts_with("sandbox; default-src 'none'; img-src data:;"), "{policy}");
        ensure!(!policy.contains("script-src") && !policy.contains("allow-"), "{policy}");
        ensure!(header(&answer, "x-frame-options") == "SAMEORIGIN", "{:?}", answer.headers);
        ensure!(answer.text.contains(words), "{}", answer.text);
    }
    for (data, field) in [("%7B%7D", "data.code"), ("nonsense", "JSON object"), ("%5B%5D", "JSON object")] {
        let text = page(send_form(&api, "/templates/admin/tfa", &format!("data={data}"), None).await?, 200)?;
        ensure!(text.contains(field) && text.contains("No letter comes of this"), "no {field} in {text}");
    }
    Ok(())
}

#[tokio::test]
async fn what_was_caught_can_be_kept_and_is_never_run() -> Result<()> {
    let store = Store::migrated(Kind::Sqlite).await?;
    let postroom = Postroom::new()?.with("DATABASE_URL", store.url());
    let file = postroom.write("page.html", HOSTILE.as_bytes())?;
    let data = r#"{"code": "042137", "expires_in": "10 minutes"}"#;
    let words = ["enqueue", "--workflow", "w", "--template", "admin/tfa", "--to", "a@example.org", "--data", data];
    postroom.run(&[&words[..], &["--attach", &file]].concat()).await?.expect(0)?;
    // No mail server is configured, and no sender: what is caught needs neither.
    let api = open(&postroom).await?;
    until("the letter", || async { Ok((api.get("/inbox/1").await?.status == 200).then_some(())) }).await?;
    for (path, words) in [("/inbox/1/files/0", HOSTILE), ("/inbox/1/source", "042137")] {
        let answer = api.get(path).await?.expect(200)?;
        ensure!(header(&answer, "content-disposition").starts_with("attachment; "), "{:?}", answer.headers);
        ensure!(header(&answer, "content-type") == "application/octet-stream");
        ensure!(header(&answer, "x-content-type-options") == "nosniff");
        ensure!(answer.text.contains(words), "{}", answer.text);
    }
    page(api.get("/inbox/1/files/7").await?, 404)?;
    page(api.get("/inbox/2").await?, 404)?;
    Ok(())
}

#[tokio::test]
async fn what_people_decide_is_done_and_told() -> Result<()> {
    let (store, postroom) = after_the_demo(Kind::Sqlite).await?;
    let later = ["--due-at", "2100-01-01T00:00:00Z", "--data", r#"{"code": "042137", "expires_in": "1 hour"}"#];
    let words = ["enqueue", "--workflow", "w", "--template", "admin/tfa", "--to", "a@example.org"];
    let id = postroom.run(&[&words[..], &later].concat()).await?.expect(0)?.line()?.to_owned();
    let api = open(&postroom.clone().with("EMAIL_WORKER_ENABLED", "false")).await?;

    for notice in ["done.cancelled", "late.cancelled"] {
        let answer = send_form(&api, &format!("/deliveries/{id}/cancel"), "", None).await?.expect(303)?;
        let onward = header(&answer, "location").to_owned();
        assert_eq!(onward, format!("/deliveries/{id}?notice={notice}"));
        let text = page(api.get(&onward).await?, 200)?;
        ensure!(text.contains("role=\"status\"") && text.contains("cancelled"), "{text}");
    }
    let status = store.text("SELECT status FROM deliveries WHERE delivery_id = $1", &id).await?;
    assert_eq!(status.as_deref(), Some("cancelled"));
    let timeline = page(api.get(&format!("/deliveries/{id}")).await?, 200)?;
    ensure!(timeline.contains("asked by") && timeline.contains("open access"), "who asked is not told: {timeline}");

    // Nothing is ticked: nothing is done. All that match: those alone.
    let put_back = |body: &'static str| send_form(&api, "/dead-letters/redrive", body, None);
    let dead = "SELECT count(*) FROM deliveries WHERE status = 'dead_letter'";
    assert_eq!(header(&put_back("").await?, "location"), "/dead-letters?notice=nothing");
    assert_eq!(
        header(&put_back("matching=yes&workflow=none").await?, "location"),
        "/dead-letters?notice=redriven.0.0.0.0"
    );
    assert_eq!(store.number(dead).await?, 1);
    let answer = put_back("matching=yes&workflow=password-reset").await?.expect(303)?;
    assert_eq!(header(&answer, "location"), "/dead-letters?notice=redriven.1.0.0.0");
    assert_eq!(store.number(dead).await?, 0);

    let pause = send_form(&api, "/pauses/new", "kind=transport&name=smtp&for=&reason=", None).await?.expect(303)?;
    ensure!(page(api.get(header(&pause, "location")).await?, 200)?.contains("smtp"));
    page(send_form(&api, "/pauses/new", "kind=transport&name=smtp&for=soon", None).await?, 422)?;
    send_form(&api, "/pauses/end", "kind=transport&name=smtp", None).await?.expect(303)?;
    page(send_form(&api, "/pauses/end", "kind=transport&name=smtp", None).await?, 404)?;
    page(send_form(&api, "/in-doubt/resolve", "delivery_ids=x&resolution=perhaps", None).await?, 422)?;

    let foreign = api.request(Method::POST, "/pauses/new").header("origin", "https://elsewhere.example");
    let foreign = foreign.header("content-type", "application/x-www-form-urlencoded").body("kind=workflow&name=w");
    page(api.send(foreign).await?, 403)?;
    ensure!(page(api.get("/pauses").await?, 200)?.contains("Nothing is paused"));
    Ok(())
}

#[tokio::test]
async fn a_session_begins_with_a_token_and_ends_with_it() -> Result<()> {
    let (_store, postroom) = after_the_demo(Kind::Sqlite).await?;
    let token = Api::token(&postroom, &["--scope", "read"]).await?;
    let api = Api::start_with(&postroom.clone().with("EMAIL_WORKER_ENABLED", "false"), &["--capture"]).await?;

    let stranger = api.get("/deliveries?status=sent").await?.expect(303)?;
    assert_eq!(header(&stranger, "location"), "/sign-in?next=/deliveries%3Fstatus%3Dsent");
    page(api.get("/sign-in").await?, 200)?;
    let wrong = page(send_form(&api, "/sign-in", "token=postroom_no&next=/", None).await?, 401)?;
    ensure!(!wrong.contains("postroom_no\""), "{wrong}");

    // A session that shows nothing would shut them in.
    let blind = Api::token(&postroom, &["--scope", "enqueue"]).await?;
    let answer = send_form(&api, "/sign-in", &format!("token={blind}"), None).await?;
    ensure!(header(&answer, "set-cookie").is_empty(), "{:?}", answer.headers);
    let text = page(answer, 403)?;
    ensure!(text.contains("lacks the scope") && !text.contains(&blind), "{text}");

    let signed_in =
        send_form(&api, "/sign-in", &format!("token={token}&next=//elsewhere.example"), None).await?.expect(303)?;
    assert_eq!(header(&signed_in, "location"), "/");
    let set = header(&signed_in, "set-cookie").to_owned();
    ensure!(set.contains("HttpOnly") && set.contains("SameSite=Strict") && !set.contains("Secure"), "{set}");
    let cookie = set.split(';').next().unwrap_or_default().to_owned();

    // It reads, addresses masked; it changes nothing, and is offered nothing to change.
    let list = page(see(&api, "/dead-letters", &cookie).await?, 200)?;
    ensure!(list.contains("s***@overloaded.example") && !list.contains("somebody@"), "{list}");
    ensure!(!list.contains("/dead-letters/redrive"), "{list}");
    let refused = page(send_form(&api, "/dead-letters/redrive", "matching=yes", Some(&cookie)).await?, 403)?;
    ensure!(refused.contains("operate") && refused.contains("action=\"/sign-out\""), "{refused}");
    ensure!(page(see(&api, "/inbox", &cookie).await?, 403)?.contains("addresses"));

    // The API takes no cookie; a cookie with another signature is nobody's.
    see(&api, "/api/deliveries", &cookie).await?.problem(401, None)?;
    let forged = format!("{}0", &cookie[..cookie.len() - 1]);
    let forged = if forged == cookie { format!("{}1", &cookie[..cookie.len() - 1]) } else { forged };
    see(&api, "/deliveries", &forged).await?.expect(303)?;

    let id = token.split('_').nth(1).context("no id in the token")?;
    postroom.run(&["tokens", "revoke", id]).await?.expect(0)?;
    see(&api, "/deliveries", &cookie).await?.expect(303)?;
    let left = send_form(&api, "/sign-out", "", Some(&cookie)).await?.expect(303)?;
    ensure!(header(&left, "set-cookie").contains("Max-Age=0"));
    Ok(())
}

#[tokio::test]
async fn who_is_bound_to_a_tenant_sees_that_one_alone() -> Result<()> {
    let store = Store::migrated(Kind::Sqlite).await?;
    let postroom = Postroom::new()?.with("DATABASE_URL", store.url()).with("EMAIL_WORKER_ENABLED", "false");
    let mut ids = Vec::new();
    for tenant in ["north", "south"] {
        let to = format!("{tenant}@example.org");
        let words = ["enqueue", "--workflow", "w", "--template", "admin/tfa", "--to", &to, "--tenant-id", tenant];
        let data = ["--data", r#"{"code": "042137", "expires_in": "1 hour"}"#];
        ids.push(postroom.run(&[&words[..], &data].concat()).await?.expect(0)?.line()?.to_owned());
    }
    let token = Api::token(&postroom, &["--scope", "read,operate,addresses", "--tenant", "north"]).await?;
    let api = Api::start_with(&postroom, &["--capture"]).await?;
    let signed_in = send_form(&api, "/sign-in", &format!("token={token}"), None).await?.expect(303)?;
    let cookie = header(&signed_in, "set-cookie").split(';').next().unwrap_or_default().to_owned();

    let list = page(see(&api, "/deliveries", &cookie).await?, 200)?;
    ensure!(list.contains("north@example.org") && !list.contains("south@example.org"), "{list}");
    page(see(&api, &format!("/deliveries/{}", ids[0]), &cookie).await?, 200)?;
    page(see(&api, &format!("/deliveries/{}", ids[1]), &cookie).await?, 404)?;
    page(see(&api, "/deliveries?tenant=south", &cookie).await?, 403)?;
    page(see(&api, "/?tenant=south", &cookie).await?, 403)?;
    page(see(&api, "/inbox", &cookie).await?, 403)?;
    let cancel = send_form(&api, &format!("/deliveries/{}/cancel", ids[1]), "", Some(&cookie)).await?.expect(303)?;
    ensure!(header(&cancel, "location").ends_with("?notice=unknown"));
    assert_eq!(store.number("SELECT count(*) FROM deliveries WHERE status = 'queued'").await?, 2);
    Ok(())
}

#[tokio::test]
async fn what_goes_wrong_is_a_page_for_people_and_a_problem_for_programs() -> Result<()> {
    let store = Store::migrated(Kind::Sqlite).await?;
    let postroom = Postroom::new()?.with("DATABASE_URL", store.url()).with("EMAIL_WORKER_ENABLED", "false");
    let api = open(&postroom).await?;
    for (path, status) in [
        ("/nothing", 404),
        ("/deliveries/nothing", 404),
        ("/templates/nothing", 404),
        ("/inbox/letter", 400),
        ("/deliveries?recipient=nobody", 422),
        ("/deliveries?odd=1", 422),
        ("/?since=yesterday", 422),
        ("/letters/filled/0", 404),
    ] {
        page(api.get(path).await?, status).with_context(|| path.to_owned())?;
    }
    // What was typed stays, with what is wrong beside it.
    for path in ["/deliveries?recipient=nobody&workflow=invite", "/dead-letters?recipient=nobody&workflow=invite"] {
        let text = page(api.get(path).await?, 422)?;
        for needed in ["recipient: has no domain", "value=\"nobody\"", "value=\"invite\"", "aria-current=\"page\""] {
            ensure!(text.contains(needed), "{needed} is missing in {text}");
        }
    }
    let text = page(api.get("/pauses/nothing").await?, 404)?;
    ensure!(text.contains("href=\"/pauses\"") && !text.contains("/sign-in"), "{text}");
    page(api.send(api.request(Method::DELETE, "/deliveries")).await?, 405)?;
    page(api.send(api.request(Method::POST, "/pauses/new").body("x")).await?, 415)?;
    let wrong_host = api.request(Method::GET, "/").header("host", "rebound.example");
    page(api.send(wrong_host).await?, 403)?;
    api.get("/api/nothing").await?.problem(404, None)?;

    store.execute("DROP TABLE pauses").await?;
    let away = api.get("/pauses").await?;
    ensure!(away.status.is_server_error(), "{}", away.status);
    let status = away.status.as_u16();
    let text = page(away, status)?;
    ensure!(!text.contains("no such table"), "{text}");
    Ok(())
}

#[tokio::test]
async fn letters_are_caught_on_this_machine_alone() -> Result<()> {
    let store = Store::migrated(Kind::Sqlite).await?;
    let postroom = Postroom::new()?.with("DATABASE_URL", store.url());
    let refused = postroom.run(&["serve", "--capture", "--listen", "0.0.0.0:0"]).await?.expect(2)?;
    ensure!(refused.stderr.contains("--capture"), "{}", refused.stderr);
    Ok(())
}
