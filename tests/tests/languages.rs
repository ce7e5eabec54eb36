//! Letters from other languages, by SQL and inside the application's own transaction: from psql, and by the samples in
//! `examples/python` and `examples/node`.

use anyhow::{Context, Result, ensure};
use postroom_tests::{Kind, Room, node, python, workspace};
use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::process::Command;

/// A mailroom, and the application's own table beside it.
async fn application() -> Result<Room> {
    let room = Room::open(Kind::Postgres).await?;
    let mut connection = PgConnection::connect(&room.store.url()).await?;
    connection.execute("CREATE TABLE members (email text PRIMARY KEY, name text NOT NULL)").await?;
    Ok(room)
}

async fn members(room: &Room) -> Result<Vec<String>> {
    let mut connection = PgConnection::connect(&room.store.url()).await?;
    Ok(sqlx::query_scalar("SELECT email FROM members ORDER BY 1").fetch_all(&mut connection).await?)
}

/// Runs a script as a person would, and gives what was printed.
async fn psql(script: &str, url: &str) -> Result<String> {
    let mut command = Command::new("psql");
    command.args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-c", "\\set VERBOSITY terse"]);
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        command.args(["-c", line]);
    }
    let output = command.arg(url).output().await.context("no psql: apt-get install postgresql-client")?;
    ensure!(output.status.success(), "psql failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// One letter of a psql script: its recipient is as in the other languages' samples.
fn signing_up(recipient: &str) -> String {
    let data = r#"{"inviter_name": "Robin", "organization_name": "Example", "role": "editor",
                   "accept_url": "https://app.example.org/invitations"}"#;
    let data = data.split_whitespace().collect::<Vec<_>>().join(" ");
    format!(
        "INSERT INTO members VALUES ('{recipient}', 'Reader');
         SELECT email.enqueue(workflow => 'invite', template => 'invitation', recipient => '{recipient}', data => '{data}');"
    )
}

async fn from_psql(url: &str) -> Result<String> {
    let [committed, rolled_back, also_committed, savepoint] =
        ["committed", "rolled-back", "also-committed", "savepoint"]
            .map(|name| signing_up(&format!("{name}@psql.example.org")));
    let script = format!(
        "BEGIN;
         {committed}
         COMMIT;
         BEGIN;
         {rolled_back}
         ROLLBACK;
         BEGIN;
         {also_committed}
         SAVEPOINT here;
         {savepoint}
         ROLLBACK TO SAVEPOINT here;
         COMMIT;"
    );
    psql(&script, url).await
}

const PYTHON: &str = r#"
import sys, psycopg
from sign_up import sign_up, enqueue_invitation

class Failure(Exception):
    """The application fails after it has enqueued."""

with psycopg.connect(sys.argv[1]) as connection:
    print(sign_up(connection, "committed@python.example.org", "Reader"))
    try:
        with connection.transaction():
            sign_up(connection, "rolled-back@python.example.org", "Reader")
            raise Failure
    except Failure:
        pass
    with connection.transaction():
        sign_up(connection, "also-committed@python.example.org", "Reader")
        try:
            with connection.transaction():
                sign_up(connection, "savepoint@python.example.org", "Reader")
                raise Failure
        except Failure:
            pass
    try:
        with connection.transaction():
            enqueue_invitation(connection, "nobody", "Reader")
    except psycopg.errors.InvalidParameterValue as error:
        print(error.diag.message_primary)
"#;

const NODE: &str = r#"
import pg from "pg";
import { enqueueInvitation, inTransaction, signUp } from "./sign-up.js";

const client = new pg.Client({ connectionString: process.argv[2] });
await client.connect();
console.log(await inTransaction(client, () => signUp(client, "committed@node.example.org", "Reader")));
await inTransaction(client, async () => {
  await signUp(client, "rolled-back@node.example.org", "Reader");
  throw new Error("the application fails after it has enqueued");
}).catch(() => {});
await inTransaction(client, async () => {
  await signUp(client, "also-committed@node.example.org", "Reader");
  await client.query("SAVEPOINT here");
  await signUp(client, "savepoint@node.example.org", "Reader");
  await client.query("ROLLBACK TO SAVEPOINT here");
});
await inTransaction(client, () => enqueueInvitation(client, "nobody", "Reader")).catch((error) => {
  if (error.code === "22023") console.log(error.message);
});
await client.end();
"#;

#[tokio::test]
async fn from_every_language_exactly_the_committed_letters_arrive() -> Result<()> {
    let room = application().await?;
    let url = room.store.url();
    let ids = from_psql(&url).await?;
    ensure!(ids.lines().count() == 4, "one id for each letter: {ids}");
    let mut first = vec![ids.lines().next().context("no id")?.to_owned()];
    for printed in [python(PYTHON, &[&url]).await?, node(NODE, &[&url]).await?] {
        let (id, refusal) = printed.trim_end().split_once('\n').context("no refusal was printed")?;
        assert!(refusal.starts_with("recipient: "), "{refusal}");
        first.push(id.to_owned());
    }
    let committed: Vec<String> = ["also-committed", "committed"]
        .iter()
        .flat_map(|name| ["node", "psql", "python"].map(|language| format!("{name}@{language}.example.org")))
        .collect();
    assert_eq!(room.delivered().await?, committed);
    assert_eq!(members(&room).await?, committed, "the application's own rows went the same way");
    for id in first {
        assert_eq!(room.status(&id).await?["status"], "sent");
    }
    Ok(())
}

#[tokio::test]
async fn the_python_of_the_guide_runs_as_it_stands_there() -> Result<()> {
    let room = Room::open(Kind::Postgres).await?;
    let url = room.store.url();
    let mut connection = PgConnection::connect(&url).await?;
    connection.execute("CREATE TABLE invitations (id text PRIMARY KEY, email text NOT NULL)").await?;
    let guide = std::fs::read_to_string(workspace().join("docs/embedding.md"))?;
    let (_, program) = guide.split_once("\n```python\n").context("no Python in the guide")?;
    let program = program.split("\n```").next().unwrap_or_default();
    let here = program.replace("postgres://app@localhost/app", &url);
    ensure!(here != program, "the guide's own address is another");
    python(&here, &[]).await?;
    assert_eq!(room.delivered().await?, ["reader@example.org"]);
    Ok(())
}

#[tokio::test]
async fn the_samples_run_as_their_first_lines_say() -> Result<()> {
    let room = application().await?;
    let url = room.store.url();
    let main = "import runpy, sys; runpy.run_module('sign_up', run_name='__main__', alter_sys=True)";
    let id = python(main, &[&url, "python@example.org", "Reader"]).await?;
    assert_eq!(room.status(id.trim()).await?["status"], "queued");
    let main = "import { spawnSync } from 'node:child_process';
                const args = ['sign-up.js', ...process.argv.slice(2)];
                const done = spawnSync(process.execPath, args, { cwd: import.meta.dirname ?? new URL('.', import.meta.url) });
                process.stdout.write(done.stdout); process.stderr.write(done.stderr); process.exit(done.status);";
    let id = node(main, &[&url, "node@example.org", "Reader"]).await?;
    assert_eq!(room.status(id.trim()).await?["status"], "queued");
    assert_eq!(room.delivered().await?, ["node@example.org", "python@example.org"]);
    Ok(())
}
