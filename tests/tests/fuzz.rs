//! The API, fuzzed from its own description: thousands of requests, made up and broken on purpose. None may end in a
//! failure of the server, and every answer must be as described.

use std::ffi::OsString;

use anyhow::{Context, Result, ensure};
use postroom_dev_inbox::{Act, Stage};
use postroom_tests::{Api, Kind, Room, environment, invitation, is_long, on_both_stores, workspace};
use tokio::process::Command;

on_both_stores![no_request_makes_the_server_fail_and_every_answer_is_as_described];

async fn no_request_makes_the_server_fail_and_every_answer_is_as_described(kind: Kind) -> Result<()> {
    let room = Room::open(kind).await?.with("POSTROOM_HTTP_RATE", "1000000");
    room.inbox.script().for_recipient("refused@example.org", Stage::Rcpt, [Act::no_such_mailbox()]);
    let api = Api::start(&room.postroom).await?;
    // Some letters to be found, in more than one status.
    for reader in ["refused@example.org", "reader@example.org"] {
        api.post("/api/deliveries", &invitation(reader)).await?.expect(201)?;
    }
    let program = environment("POSTROOM_TEST_SCHEMATHESIS").unwrap_or_else(|| OsString::from("schemathesis"));
    let config = workspace().join("tests/fuzz/schemathesis.toml");
    let token = api.token.as_deref().context("no token")?;
    let mut command = Command::new(program);
    command.arg("--config-file").arg(config).arg("run").arg(format!("{}/api/openapi.json", api.url));
    command.args(["--checks", "all", "--seed", "1", "--max-examples", if is_long() { "500" } else { "30" }]);
    command.args(["--header", &format!("Authorization: Bearer {token}")]).current_dir(room.postroom.home());
    let output = command.output().await.context("no schemathesis: run `cargo xtask test`, which sees to it")?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    ensure!(said.contains("Tested: "), "nothing was tested: {said}");
    let log = api.process.stderr();
    ensure!(!log.contains("ERROR"), "the server logged an error: {log}");
    Ok(())
}
